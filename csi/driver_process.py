"""A driver in a process of its own, for the demonstration, for measuring, and for tests that kill it."""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

from csi.client import Client

#: How often a process that starts is asked whether it is ready.
_POLL_S = 0.02


class DriverFailed(Exception):
    """The driver's process did not come up, or ended."""


class Process(Protocol):
    """What is asked of a process: what `subprocess.Popen` can do."""

    @property
    def pid(self) -> int:
        """Its id."""

    def poll(self) -> int | None:
        """Return its exit code, None while it lives."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; return its exit code.

        Raises:
            subprocess.TimeoutExpired: it lives on.
        """

    def send_signal(self, number: int, /) -> None:
        """Send it a signal; one that has ended gets none."""

    def kill(self) -> None:
        """End it at once."""


class DriverProcess:
    """A driver of its own process, on a socket in a folder.

    Args:
        folder: for the socket, the state and the log; made by the caller.
        mode: which services; controller and node by default.
        config: a cinder.conf, or None for the embedded default.
        arguments: more of `cinderblock serve`'s arguments.
    """

    def __init__(
        self, folder: Path, *, mode: str = "all", config: Path | None = None, arguments: tuple[str, ...] = ()
    ) -> None:
        self.endpoint = f"unix://{folder}/csi.sock"
        self.state_dir = folder / "state"
        self.log_file = folder / "driver.log"
        self._mode = mode
        self._arguments = (*(("--config", str(config)) if config else ()), *arguments)
        self._process: Process | None = None
        self._log: IO[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._running().pid

    def start(self, *, timeout_s: float = 60.0) -> Client:
        """Start the process and wait until it is ready.

        Raises:
            DriverFailed: it ended, or was not ready in time; with the end of its log.
        """
        self._log = self.log_file.open("ab")
        places = ["--endpoint", self.endpoint, "--state-dir", str(self.state_dir)]
        self._process = self.launch(["serve", self._mode, *places, *self._arguments], self._log)
        client = Client(self.endpoint)
        ends_at = time.monotonic() + timeout_s
        while not client.ready():
            if self._process.poll() is not None or time.monotonic() > ends_at:
                client.close()
                self.kill()
                raise DriverFailed(f"the driver did not come up; the end of its log:\n{self.log_tail()}")
            time.sleep(_POLL_S)
        return client

    def launch(self, arguments: Sequence[str], log: IO[bytes]) -> Process:
        """Start `cinderblock` with these arguments, both of its outputs to the log; return the process."""
        return subprocess.Popen([sys.executable, "-m", "csi.cli", *arguments], stderr=log, stdout=log)

    def log_tail(self, size_bytes: int = 4000) -> str:
        """Return the end of the process's log."""
        return self.log_file.read_bytes()[-size_bytes:].decode("utf-8", "replace")

    def stop(self, *, timeout_s: float = 60.0) -> int:
        """End the process in order (SIGTERM); return its exit code."""
        self._running().send_signal(signal.SIGTERM)
        return self._ended(timeout_s)

    def kill(self) -> int:
        """End the process at once (SIGKILL); return its exit code."""
        self._running().kill()
        return self._ended(30.0)

    def end(self) -> None:
        """End the process however that is possible; one that has ended is not an error."""
        if self._process is not None and self._process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()

    def _ended(self, timeout_s: float) -> int:
        code = self._running().wait(timeout=timeout_s)
        if self._log is not None:
            self._log.close()
        return code

    def _running(self) -> Process:
        if self._process is None:
            raise DriverFailed("the driver was not started")
        return self._process

    def __enter__(self) -> Client:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
