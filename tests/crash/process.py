"""Driver processes that start in a moment, because they are forked from one that has imported everything."""

import multiprocessing
import signal
import socket

from csi.client import Client
from tests.crash.lingering import Left
from tests.crash.tracer import Plan
from tests.waiting import eventually

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.crash.serve"])


def _traced(folder, config):
    # Imported by the children only: Cinder has no place in the tests' own process.
    from tests.crash import serve

    serve.traced(folder, config)


class ForkedProcess:
    """A driver on FOLDER/csi.sock: `run`, with its arguments, in a process of its own."""

    def __init__(self, folder, run, *arguments):
        self.folder = folder
        self._run = run
        self._arguments = arguments
        self._process = self._forked()

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        """Start and wait until it is ready; return a client."""
        if self._process.pid is not None:
            self._process = self._forked()
        self._process.start()
        eventually(lambda: self._answers() or not self._process.is_alive(), timeout_s=60)
        client = Client(f"unix://{self.folder}/csi.sock")
        eventually(lambda: client.ready() or not self._process.is_alive(), timeout_s=60)
        return client

    def ended(self, *, timeout_s=30):
        """Wait for its end; return its exit code, None while it lives."""
        self._process.join(timeout=timeout_s)
        return self._process.exitcode

    def killed(self):
        """Wait for its end; tell whether it was killed."""
        return self.ended() == -signal.SIGKILL

    def alive(self):
        return self._process.is_alive()

    def end(self):
        if self._process.is_alive():
            self._process.kill()
            self._process.join(timeout=30)

    def _forked(self):
        return _forks.Process(target=self._run, args=self._arguments, daemon=True)

    def _answers(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.folder / "csi.sock")) == 0


class TracedProcess(ForkedProcess):
    """A driver that is all; `plan` says where it is to be killed, `left` what then goes on."""

    def __init__(self, folder, config=None):
        super().__init__(folder, _traced, folder, config)
        self.plan = Plan(folder / "crash")
        self.left = Left(folder / "crash")
