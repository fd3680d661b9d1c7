"""A process that serves: what it needs, and how it ends. Real processes, real signals."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import grpc
import pytest

from cinderblock.errors import ConfigurationError
from csi import settings
from csi.proto import csi_pb2, csi_pb2_grpc
from csi.serving import Mode, claimed, open_sealer
from persistence.errors import StoreUnusable
from persistence.seal import new_key_file

ROOT = Path(__file__).parents[3]

#: A driver whose DeleteVolume hangs until its file is there, and whose close hangs for "hang-close".
PROGRAM = """
import os, sys, threading
from pathlib import Path
from csi.server import end_now
from csi import settings
from csi.serving import Mode, Parts, serve
from csi.proto import csi_pb2, csi_pb2_grpc

folder, drain_s, *words = sys.argv[1:]
folder = Path(folder)

class Hanging(csi_pb2_grpc.ControllerServicer):
    def DeleteVolume(self, request, context):
        (folder / f"began-{request.volume_id}").touch()
        pause = threading.Event()
        while not (folder / f"finish-{request.volume_id}").exists():
            pause.wait(0.02)
        (folder / f"finished-{request.volume_id}").touch()
        return csi_pb2.DeleteVolumeResponse()

def close():
    (folder / "closing").touch()
    if "hang-close" in words:
        threading.Event().wait()
    (folder / "closed").touch()

def compose(mode, settings, sealer):
    if "hang-compose" in words:
        (folder / "composing").touch()
        threading.Event().wait()
    register = lambda server: csi_pb2_grpc.add_ControllerServicer_to_server(Hanging(), server)
    return Parts(register=[register], ready=lambda: True, close=close)

endpoint = f"unix://{folder}/csi.sock"
chosen = settings.read(environment={}, endpoint=endpoint, state_dir=folder / "state", drain_s=drain_s)
serve(Mode.ALL, chosen, compose=compose)
if "linger" in words:
    threading.Thread(target=threading.Event().wait).start()
end_now(0)
"""


class Process:
    """The program above, running."""

    def __init__(self, folder, *words, drain_s=20.0, wait_for="ready"):
        self.folder = folder
        self.popen = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder), str(drain_s), *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if wait_for == "ready":
            assert self.popen.stdout is not None
            self.ready_line = self.popen.stdout.readline()
            self.channel = grpc.insecure_channel(f"unix://{folder}/csi.sock")
            self.controller = csi_pb2_grpc.ControllerStub(self.channel)
            self.identity = csi_pb2_grpc.IdentityStub(self.channel)

    def delete(self, volume_id):
        return self.controller.DeleteVolume.future(csi_pb2.DeleteVolumeRequest(volume_id=volume_id), timeout=30)

    def refuses_calls(self):
        try:
            self.identity.Probe(csi_pb2.ProbeRequest(), timeout=20)
        except grpc.RpcError as error:
            return error.code() is grpc.StatusCode.UNAVAILABLE
        return False

    def end(self, number=signal.SIGTERM):
        self.popen.send_signal(number)
        return self.wait()

    def wait(self):
        _, self.log = self.popen.communicate(timeout=30)
        return self.popen.returncode


@pytest.fixture
def start(tmp_path):
    running: list[Process] = []

    def begin(*words, **options):
        running.append(Process(tmp_path, *words, **options))
        return running[-1]

    yield begin
    for process in running:
        with contextlib.suppress(ProcessLookupError):
            process.popen.kill()
        process.popen.communicate(timeout=30)
        if hasattr(process, "channel"):
            process.channel.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_process_ends_at_once_and_leaves_no_socket(start, tmp_path, number):
    process = start()
    assert process.ready_line.startswith("cinderblock ")
    assert f"serves all on unix://{tmp_path}/csi.sock" in process.ready_line
    assert process.end(number) == 0
    assert not (tmp_path / "csi.sock").exists()
    assert (tmp_path / "closed").exists()


def test_calls_in_work_get_to_finish(start, tmp_path, edge_tools):
    process = start()
    call = process.delete("v")
    edge_tools.eventually((tmp_path / "began-v").exists)
    process.popen.send_signal(signal.SIGTERM)
    edge_tools.eventually(process.refuses_calls)
    assert process.popen.poll() is None
    (tmp_path / "finish-v").touch()
    assert call.result(30) == csi_pb2.DeleteVolumeResponse()
    assert process.wait() == 0
    assert (tmp_path / "closed").exists()


def test_work_whose_caller_has_gone_gets_to_finish_as_well(start, tmp_path, edge_tools):
    process = start()
    call = process.delete("v")
    edge_tools.eventually((tmp_path / "began-v").exists)
    call.cancel()
    process.popen.send_signal(signal.SIGTERM)
    edge_tools.eventually(process.refuses_calls)
    (tmp_path / "finish-v").touch()
    assert process.wait() == 0
    assert (tmp_path / "finished-v").exists()


def test_work_that_hangs_is_left_at_the_limit_and_named(start, tmp_path, edge_tools):
    process = start(drain_s=0.5)
    call = process.delete("v")
    edge_tools.eventually((tmp_path / "began-v").exists)
    assert process.end() == 0
    assert "leaving work unfinished" in process.log
    assert "DeleteVolume volume/v for" in process.log
    assert edge_tools.refused(call.result)[0] in (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)
    assert not (tmp_path / "closing").exists()
    assert not (tmp_path / "csi.sock").exists()


def test_a_second_signal_ends_the_process_at_once(start, tmp_path, edge_tools):
    process = start(drain_s=600)
    call = process.delete("v")
    edge_tools.eventually((tmp_path / "began-v").exists)
    process.popen.send_signal(signal.SIGTERM)
    edge_tools.eventually(process.refuses_calls)
    assert process.end() == 128 + signal.SIGTERM
    assert edge_tools.refused(call.result)[0] is grpc.StatusCode.UNAVAILABLE


@pytest.mark.slow
def test_a_close_that_hangs_does_not_keep_the_process(start):
    process = start("hang-close")
    assert process.end() == 0
    assert "closing did not finish" in process.log


def test_a_thread_that_lingers_does_not_keep_the_process(start):
    assert start("linger").end() == 0


def test_a_signal_while_it_is_still_being_built_ends_it(start, tmp_path, edge_tools):
    process = start("hang-compose", wait_for="nothing")
    edge_tools.eventually((tmp_path / "composing").exists)
    assert process.end() == 0


def test_a_restart_after_kill_9_takes_socket_and_folder_back(start):
    first = start()
    first.popen.kill()
    first.wait()
    second = start()
    assert "serves all" in second.ready_line
    assert second.end() == 0


def test_grpc_leaves_forks_alone(start):
    program = "import csi.server, os; print(os.environ['GRPC_ENABLE_FORK_SUPPORT'])"
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == "false\n"


def test_the_state_folder_is_for_one_process(tmp_path):
    state_dir = tmp_path / "a" / "state"
    with claimed(state_dir):
        assert state_dir.stat().st_mode & 0o777 == 0o700
        with pytest.raises(ConfigurationError, match=f"in use by process {os.getpid()}"), claimed(state_dir):
            pass
    with claimed(state_dir):
        pass


def test_a_state_folder_that_others_may_write_to_is_refused(tmp_path):
    tmp_path.chmod(0o777)
    with pytest.raises(ConfigurationError, match="chmod go-w"), claimed(tmp_path):
        pass


def test_a_state_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be used"), claimed(tmp_path / "file"):
        pass


def test_one_process_makes_its_own_key_once(tmp_path):
    chosen = settings.read(environment={}, state_dir=tmp_path)
    sealed = open_sealer(Mode.ALL, chosen).seal_text("x", purpose="p")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert open_sealer(Mode.ALL, chosen).open_text(sealed, purpose="p") == "x"


@pytest.mark.parametrize("mode", [Mode.CONTROLLER, Mode.NODE])
def test_separate_processes_need_a_common_key(tmp_path, mode):
    with pytest.raises(ConfigurationError, match="--key-file"):
        open_sealer(mode, settings.read(environment={}, state_dir=tmp_path))
    new_key_file(tmp_path / "common")
    open_sealer(mode, settings.read(environment={}, state_dir=tmp_path, key_file=tmp_path / "common"))


def test_a_lost_key_is_not_replaced(tmp_path):
    (tmp_path / "cinderblock.db").touch()
    with pytest.raises(ConfigurationError, match="restore the key file"):
        open_sealer(Mode.ALL, settings.read(environment={}, state_dir=tmp_path))


def test_a_key_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StoreUnusable, match="absent"):
        open_sealer(Mode.NODE, settings.read(environment={}, state_dir=tmp_path, key_file=tmp_path / "absent"))


def test_threads_that_wait_are_daemons(served, gate):
    served.service.on_delete = lambda request: gate.wait(20)
    call = served.begin_delete()
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "DeleteVolume volume/volume-1"]
    assert thread.daemon
    gate.set()
    call.result(20)
