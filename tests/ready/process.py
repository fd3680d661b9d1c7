"""Processes that start in a moment: each is forked from one that has imported everything, and is then as a new one.

Their name, command line and environment are those of the one that they were forked from: whoever looks at these, wants
others, or wants to know what is imported, starts a process with `subprocess`.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: What a process of `cinderblock` runs, with its arguments.
CINDERBLOCK = "tests.ready.server:command"


class Forked:
    """A process, in the face of `subprocess.Popen`."""

    def __init__(self, pid, process, status):
        self.pid = pid
        self.returncode = None
        self._process = process
        self._status = status
        self._lock = threading.Lock()
        for descriptor in (process, status):
            weakref.finalize(self, os.close, descriptor)

    def poll(self):
        """Return its exit code, None while it lives."""
        return self._ended(0)

    def wait(self, timeout=None):
        """Wait for its end; return its exit code."""
        code = self._ended(None if timeout is None else timeout * 1000)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
        return code

    def send_signal(self, number):
        """Send it a signal; one that has ended gets none."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout_ms):
        told = select.poll()
        told.register(self._status, select.POLLIN)
        if self.returncode is None and told.poll(timeout_ms):
            with self._lock:
                if self.returncode is None:
                    said = os.read(self._status, 16)
                    assert said, "what processes are forked from has ended"
                    self.returncode = int(said)
        return self.returncode


class Ready:
    """What processes are forked from; see `tests.ready.server`."""

    def __init__(self):
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.ready.server", str(theirs.fileno()), str(os.getpid())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    @property
    def pid(self):
        return self._process.pid

    def fork(self, run, arguments, *, stdin=subprocess.DEVNULL, stdout, stderr, folder=ROOT):
        """Return a process that calls `run`, which is MODULE:FUNCTION, with the arguments, and ends with its answer.

        Paths among the arguments arrive as text. The other three are files; the process begins in the folder.
        """
        with ExitStack() as stack:
            if stdin is subprocess.DEVNULL:
                stdin = stack.enter_context(Path(os.devnull).open("rb"))
            status, theirs = os.pipe()
            stack.callback(os.close, theirs)
            request = {"run": run, "arguments": arguments, "folder": folder}
            given = [*(each.fileno() for each in (stdin, stdout, stderr)), theirs]
            with self._lock:
                socket.send_fds(self._control, [json.dumps(request, default=str).encode()], given)
                pid, processes, _, _ = socket.recv_fds(self._control, 16, 1)
            assert processes, "what processes are forked from has ended"
        return Forked(int(pid), processes[0], status)

    def end(self):
        """End it, and whatever was forked from it."""
        self._control.close()
        self._process.wait(timeout=30)


_lock = threading.Lock()
_started: list[Ready] = []


def ready():
    """Return what processes are forked from, the same one for all tests of a worker."""
    with _lock:
        if not _started:
            _started.append(Ready())
        return _started[0]


def end():
    """End what processes are forked from, and with it whatever still lives of these."""
    while _started:
        _started.pop().end()


def ran(run, arguments, *, typed="", timeout_s=120):
    """Call `run` in a process of its own, as `Ready.fork` does, to its end; return what became of it."""
    with ExitStack() as stack:
        stdin, stdout, stderr = (stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(3))
        stdin.write(typed)
        stdin.seek(0)
        process = ready().fork(run, arguments, stdin=stdin, stdout=stdout, stderr=stderr)
        try:
            code = process.wait(timeout=timeout_s)
        finally:
            process.kill()
        said = []
        for file in (stdout, stderr):
            file.seek(0)
            said.append(file.read())
    return subprocess.CompletedProcess([run, *arguments], code, *said)


def cinderblock(*arguments, typed=""):
    """Run `cinderblock …` to its end; return what became of it."""
    return ran(CINDERBLOCK, [*map(str, arguments)], typed=typed)
