"""A driver's process that starts in a moment, because it is forked from one that has imported everything."""

import multiprocessing
import signal
import socket

from csi.client import Client
from tests.crash.lingering import Left
from tests.crash.tracer import Plan
from tests.waiting import eventually

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.crash.serve"])


def _run(folder, config):
    # Imported by the children only: Cinder has no place in the tests' own process.
    from tests.crash import serve

    serve.run(folder, config)


class TracedProcess:
    """A driver on FOLDER/csi.sock; `plan` says where it is to be killed, `left` what then goes on."""

    def __init__(self, folder, config=None):
        self.folder = folder
        self.plan = Plan(folder / "crash")
        self.left = Left(folder / "crash")
        self._config = config
        self._process = self._forked()

    def start(self):
        """Start and wait until it is ready; return a client."""
        if self._process.pid is not None:
            self._process = self._forked()
        self._process.start()
        eventually(lambda: self._answers() or not self._process.is_alive(), timeout_s=60)
        client = Client(f"unix://{self.folder}/csi.sock")
        eventually(lambda: client.ready() or not self._process.is_alive(), timeout_s=60)
        return client

    def killed(self):
        """Wait for the end that the plan brought; tell whether it was that."""
        self._process.join(timeout=30)
        return self._process.exitcode == -signal.SIGKILL

    def alive(self):
        return self._process.is_alive()

    def end(self):
        if self._process.is_alive():
            self._process.kill()
            self._process.join(timeout=30)

    def _forked(self):
        return _forks.Process(target=_run, args=(self.folder, self._config), daemon=True)

    def _answers(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.folder / "csi.sock")) == 0
