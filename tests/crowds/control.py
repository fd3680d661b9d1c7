"""The test's hands on a `tests.fakes.arrays.GatedDriver` in another process."""

import fcntl
import os
from contextlib import contextmanager


class Control:
    """The folder that the driver looks into."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder = folder

    @contextmanager
    def held(self, verb):
        """Keep every call of the verb inside of the driver."""
        gate = os.open(self.folder / verb, os.O_RDONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(gate, fcntl.LOCK_EX)
            yield
        finally:
            os.close(gate)

    def entered(self, verb):
        """Return how many calls of the verb there were so far."""
        return self._count(f"enter {verb}")

    def inside(self, verb):
        """Return how many calls of the verb are in the driver now."""
        return self.entered(verb) - self._count(f"leave {verb}")

    def _count(self, wanted):
        try:
            return (self.folder / "log").read_text(encoding="utf-8").splitlines().count(wanted)
        except FileNotFoundError:
            return 0
