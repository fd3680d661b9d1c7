"""Two controllers over one store and one back end, which are killed, frozen, and started again."""

import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

from cinderblock.engine import every
from tests.crash.process import ForkedProcess
from tests.crowds.history import Run
from tests.waiting import eventually

#: How long a lease lasts: a frozen process has to outlast it.
LEASE_S = 2.0
#: What a process that has lost its lease ends with, or is ended by.
_LOST = (75, -signal.SIGALRM)


class Answering(Run):
    """A run of a controller that takes calls."""

    def __init__(self, client):
        self.client = client
        self._lock = threading.Lock()
        self._inside = 0

    def ask(self, call):
        """Make a call of its client."""
        with self._lock:
            self._inside += 1
        try:
            return call(self.client)
        finally:
            with self._lock:
                self._inside -= 1

    @property
    def in_flight(self):
        """How many calls it has not answered yet."""
        with self._lock:
            return self._inside


class Controller:
    """One of them, in a folder of its own."""

    def __init__(self, folder, config, store):
        folder.mkdir()
        self.folder = folder
        self.process = ForkedProcess(folder, "tests.crash.serve:controller", folder, config, LEASE_S)
        self.done: Counter[str] = Counter()
        #: The run that takes calls; None while there is none that could answer.
        self.run: Answering | None = None
        self._store = store
        self._lock = threading.Lock()

    @property
    def name(self):
        """What it is called in records."""
        return (self.folder / "state/owner").read_text(encoding="ascii").strip()

    def start(self):
        self.run = Answering(self.process.start())

    def kill(self):
        """Kill it in the middle of whatever it does; `start` starts it again."""
        run, in_flight = self._out_of_use()
        os.kill(self.process.pid, signal.SIGKILL)
        assert self.process.killed()
        run.ended_at = time.monotonic()
        self._count("killed", in_flight)

    def freeze(self):
        """Have it stand still for longer than its lease lasts; then it must end by itself."""
        run, in_flight = self._out_of_use()
        os.kill(self.process.pid, signal.SIGSTOP)
        held = self._count("frozen", in_flight)
        _wait(1.5 * LEASE_S)
        self.done["taken over from a frozen one"] += len(held - self._held())
        os.kill(self.process.pid, signal.SIGCONT)
        assert self.process.ended() in _LOST, (self.process.ended(), self.log_tail())
        run.ended_at = time.monotonic()

    def pause(self):
        """Have it stand still for less long than its lease lasts."""
        run, in_flight = self._out_of_use()
        os.kill(self.process.pid, signal.SIGSTOP)
        self._count("paused", in_flight)
        _wait(0.2 * LEASE_S)
        os.kill(self.process.pid, signal.SIGCONT)
        self.run = run

    def check_up(self):
        """Start it again where it has ended by itself: a machine that was too busy for a beat may do that to it."""
        if self.process.alive():
            return
        assert self.process.ended() in _LOST, (self.process.ended(), self.log_tail())
        run, _ = self._out_of_use()
        run.ended_at = time.monotonic()
        self.done["too busy to keep its lease"] += 1
        self.start()

    def ask(self, call):
        """Make a call of a client of it, which is started where it has ended by itself."""
        with self._lock:
            self.check_up()
            run = self.run
        assert run is not None
        return run.ask(call)

    def log_tail(self):
        return (self.folder / "driver.log").read_bytes()[-4000:].decode("utf-8", "replace")

    def end(self):
        self.process.end()

    def _out_of_use(self):
        run, self.run = self.run, None
        assert run is not None
        return run, run.in_flight

    def _count(self, how, in_flight):
        """Count what was done to it, and to what; return the pieces of work that it had begun."""
        held = self._held()
        self.done[how] += 1
        self.done[f"{how} with calls in flight"] += bool(in_flight)
        self.done[f"{how} in the middle of work on a record"] += bool(held)
        return held

    def _held(self):
        tables = (self._store.volumes, self._store.snapshots, self._store.connections)
        owners = {record.owner for table in tables for record in every(table)}
        return {owner for owner in owners if owner.startswith(f"{self.name}/")}


def _wait(seconds):
    ends_at = time.monotonic() + seconds
    eventually(lambda: time.monotonic() > ends_at, timeout_s=seconds + 1)


def configuration(folder: Path, url: str, *, driver: str = "DependentDriver", more: str = "") -> Path:
    """Write the configuration that both of them have: one of `tests.fakes.arrays`, with more options of it."""
    file = folder / "cinder.conf"
    file.write_text(
        "[DEFAULT]\nenabled_backends = array\n"
        f"[array]\nvolume_driver = tests.fakes.arrays.{driver}\nlocal_files_path = {folder}/array\n{more}\n"
        f"[csi]\nkey_file = {folder}/key\ndrain_s = 1\n"
        f"[persistence]\nconnection = {url}\n",
        encoding="utf-8",
    )
    return file
