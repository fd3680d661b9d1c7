"""A process that was forked from the ready one is as one that was just started, and none outlives who asked for it."""

import json
import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from csi import driver_process
from tests.ready import driver
from tests.ready.process import ROOT, cinderblock, ran, ready

HERE = "tests.ready.test_ready"


def described(*given):
    """Run in the process: what it is."""
    threads = len(list(Path("/proc/self/task").iterdir()))
    opened = sorted(int(each.name) for each in Path("/proc/self/fd").iterdir() if each.exists())
    handled = [str(signal.getsignal(each)) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE)]
    facts = [os.getcwd(), threads, opened, handled, sys.stdin.read(), threading.current_thread().name, given]  # noqa: PTH109 - what the kernel says
    print(json.dumps(facts))


NEW = f"import {HERE} as here; here.described('a', 1)"


def test_it_has_what_a_new_process_has():
    forked = ran(f"{HERE}:described", ["a", 1], typed="said")
    new = subprocess.run(
        [sys.executable, "-c", NEW], cwd=ROOT, input="said", capture_output=True, text=True, check=True
    )
    assert json.loads(forked.stdout) == json.loads(new.stdout)
    assert (forked.returncode, forked.stderr) == (0, "")


def ended(how):
    """Run in the process: end."""
    if how == "raise":
        raise ValueError("because of this")
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    return {"return": None, "return 3": 3, "return a text": "a text"}[how]


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        ("return", 0, ""),
        ("return 3", 3, ""),
        ("return a text", 1, "a text"),
        ("raise", 1, "ValueError: because of this"),
        ("kill", -signal.SIGKILL, ""),
    ],
)
def test_its_end_is_told(how, code, said):
    became = ran(f"{HERE}:ended", [how])
    assert (became.returncode, became.stdout) == (code, "")
    assert became.stderr.strip().endswith(said)
    assert bool(became.stderr) == bool(said)


def waiting():
    """Run in the process: wait for a signal."""
    signal.pause()


def test_it_is_waited_for_and_killed(tmp_path):
    with (tmp_path / "said").open("wb") as said:
        process = ready().fork(f"{HERE}:waiting", [], stdout=said, stderr=said)
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == process.poll() == -signal.SIGTERM
    # As with one of `subprocess`, whose number may be another's by now.
    process.kill()


def test_several_live_side_by_side_and_none_holds_on_to_another(tmp_path):
    with (tmp_path / "said").open("wb") as said:
        processes = [ready().fork(f"{HERE}:waiting", [], stdout=said, stderr=said) for _ in range(3)]
    for process in processes:
        process.kill()
        assert process.wait(timeout=20) == -signal.SIGKILL


def test_the_command_ends_as_it_does_for_a_user():
    for arguments in (["--version"], ["fly"], ["volume", "list", "--state-dir", "/absent"]):
        command = [sys.executable, "-m", "csi.cli", *arguments]
        new = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        forked = cinderblock(*arguments)
        assert (forked.returncode, forked.stdout, forked.stderr) == (new.returncode, new.stdout, new.stderr)


@pytest.mark.parametrize("of", [driver_process, driver])
def test_a_driver_starts_ends_and_is_killed_and_says_why_it_does_not_start(of, tmp_path):
    process = of.DriverProcess(tmp_path)
    client = process.start()
    assert Path(f"/proc/{process.pid}").exists()
    assert process.stop() == 0
    client.close()
    process.start().close()
    assert process.kill() == -signal.SIGKILL
    process.end()
    assert f"serves all on unix://{tmp_path}/csi.sock" in process.log_tail()
    (tmp_path / "state/owner").write_text("nobody")
    with pytest.raises(driver_process.DriverFailed, match="holds no name"):
        process.start()


ASKS = f"""
import os, sys
from tests.ready.process import ready
process = ready().fork("{HERE}:waiting", [], stdout=sys.stderr, stderr=sys.stderr)
print(process.pid, ready().pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("killed", [True, False])
def test_nothing_outlives_who_asked_for_it(killed):
    with subprocess.Popen(
        [sys.executable, "-c", ASKS], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as asking:
        assert asking.stdin is not None
        assert asking.stdout is not None
        left = [os.pidfd_open(int(pid)) for pid in asking.stdout.readline().split()]
        if killed:
            asking.kill()
    for process in left:
        gone = select.poll()
        gone.register(process, select.POLLIN)
        assert gone.poll(20_000)
        os.close(process)
