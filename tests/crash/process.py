"""Driver processes of the tests' own making, which start in a moment: see `tests.ready`."""

import signal
import socket
import subprocess

from csi.client import Client
from tests.crash.lingering import Left
from tests.crash.tracer import Plan
from tests.ready.process import Forked, ready
from tests.waiting import eventually


class ForkedProcess:
    """A driver on FOLDER/csi.sock: `run`, which is MODULE:FUNCTION, with its arguments, in a process of its own."""

    def __init__(self, folder, run, *arguments):
        self.folder = folder
        self._run = run
        self._arguments = arguments
        self._process: Forked | None = None

    @property
    def pid(self):
        return self._started().pid

    def start(self):
        """Start and wait until it is ready; return a client."""
        with (self.folder / "driver.log").open("ab") as log:
            self._process = ready().fork(self._run, self._arguments, stdout=log, stderr=log)
        eventually(lambda: self._answers() or not self.alive(), timeout_s=60)
        client = Client(f"unix://{self.folder}/csi.sock")
        eventually(lambda: client.ready() or not self.alive(), timeout_s=60)
        return client

    def ended(self, *, timeout_s=30):
        """Wait for its end; return its exit code, None while it lives."""
        try:
            return self._started().wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def killed(self):
        """Wait for its end; tell whether it was killed."""
        return self.ended() == -signal.SIGKILL

    def alive(self):
        return self._process is not None and self._process.poll() is None

    def end(self):
        if self.alive():
            self._started().kill()
            self._started().wait(timeout=30)

    def _started(self):
        assert self._process is not None
        return self._process

    def _answers(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.folder / "csi.sock")) == 0


class TracedProcess(ForkedProcess):
    """A driver that is all; `plan` says where it is to be killed, `left` what then goes on."""

    def __init__(self, folder, config=None):
        super().__init__(folder, "tests.crash.serve:traced", folder, config)
        self.plan = Plan(folder / "crash")
        self.left = Left(folder / "crash")
