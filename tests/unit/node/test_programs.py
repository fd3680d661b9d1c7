"""A volume belongs to the programs that are at work on it, whoever began them."""

import os
import signal
import subprocess
import sys

import pytest

from cinderblock.errors import BackendUnavailable, OperationPending
from csi.node.commands import Commands
from csi.node.programs import Programs
from tests.waiting import eventually

#: A driver that waits for a program, whose process's id it tells.
DRIVER = """
import sys
from pathlib import Path
from csi.node.commands import Commands
from csi.node.programs import Programs
with Programs(Path(sys.argv[1])).of(sys.argv[2]):
    Commands().run("sh", "-c", 'echo $$ >"$0"; exec sleep 600', sys.argv[3])
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "node").mkdir()
    return tmp_path / "node" / "programs"


@pytest.fixture
def left_behind(file, tmp_path):
    """Begins programs that outlive their driver, which is killed; returns a function that ends each."""
    left: list[int] = []

    def leave(volume_id="vol"):
        told = tmp_path / f"pid-{len(left)}"
        driver = subprocess.Popen([sys.executable, "-c", DRIVER, file, volume_id, told])
        pid = eventually(lambda: told.exists() and told.read_text().strip())
        driver.kill()
        driver.wait()
        process = os.pidfd_open(int(pid))
        left.append(process)
        return lambda: signal.pidfd_send_signal(process, signal.SIGKILL)

    yield leave
    for process in left:
        try:
            signal.pidfd_send_signal(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
        finally:
            os.close(process)


def free(file, volume_id="vol"):
    try:
        with Programs(file).of(volume_id):
            return True
    except OperationPending:
        return False


def test_calls_that_follow_each_other_are_free(file):
    with Programs(file).of("vol") as heirs:
        Commands().run("true")
    assert [program.args for program in heirs.programs] == [("true",)]
    assert free(file)


def test_a_program_that_outlives_its_driver_keeps_its_volume_and_no_other(file, left_behind):
    end = left_behind()
    for _ in range(2):
        with pytest.raises(OperationPending, match="'vol' on this node; ask again"), Programs(file).of("vol"):
            pytest.fail("two were at work on a volume")
    assert free(file, "other")
    end()
    eventually(lambda: free(file))


@pytest.fixture
def sleeper():
    """Begins programs that do nothing; they are ended in the end."""
    begun: list[subprocess.Popen[str]] = []

    def begin(*descriptors):
        begun.append(subprocess.Popen(["sleep", "600"], pass_fds=descriptors, text=True))
        return begun[-1]

    yield begin
    for program in begun:
        program.kill()
        program.wait()


def test_a_program_that_was_killed_in_vain_keeps_its_volume(file, sleeper):
    with Programs(file).of("vol") as heirs:
        program = sleeper(heirs.descriptor)
        heirs.programs.append(program)
    assert not free(file)
    program.kill()
    program.wait()
    assert free(file)


def test_what_is_forked_for_another_volume_keeps_nothing(file, sleeper):
    # Between fork and exec a child has open whatever its parent has open, for whichever volume.
    with Programs(file).of("vol") as heirs:
        sleeper(heirs.descriptor)
    assert free(file)


def test_a_program_outside_of_a_call_keeps_nothing(file, sleeper):
    with Programs(file).of("vol"):
        pass
    sleeper()
    assert free(file)


def test_a_lost_file_is_made_again(file):
    programs = Programs(file)
    file.unlink()
    with programs.of("vol"):
        assert file.stat().st_size == 0


def test_a_folder_that_is_gone_is_no_final_answer(file):
    programs = Programs(file)
    file.unlink()
    file.parent.rmdir()
    with pytest.raises(BackendUnavailable, match="No such file"), programs.of("vol"):
        pytest.fail("nothing held the volume")
