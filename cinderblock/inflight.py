"""What is in work in this process: a second hold on an object is refused, never queued."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cinderblock.errors import OperationPending


class InFlight:
    """Keys of objects in work, each with who holds it and since when; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, tuple[str, float]] = {}

    def take(self, key: str, *, by: str = "") -> bool:
        """Hold the key until `release`; answer False at once when somebody holds it."""
        with self._lock:
            if key in self._held:
                return False
            self._held[key] = (by, time.monotonic())
            return True

    def release(self, key: str) -> None:
        """Let go of the key; one that is not held is not an error."""
        with self._lock:
            self._held.pop(key, None)

    def busy(self, key: str) -> bool:
        """Tell whether somebody holds the key now."""
        with self._lock:
            return key in self._held

    @property
    def idle(self) -> bool:
        """Whether nobody holds anything."""
        with self._lock:
            return not self._held

    def describe(self, key: str) -> str:
        """Return who holds the key and since when, in words for whoever is refused."""
        with self._lock:
            held = self._held.get(key)
        return _busy_text(key, held) if held else f"{key} is free by now; ask again"

    @contextmanager
    def hold(self, *keys: str, by: str = "") -> Iterator[None]:
        """Hold all of the keys, or none of them.

        Args:
            keys: objects, "volume/…"; the same one twice counts once.
            by: what is done meanwhile, for the message of whoever is refused.

        Raises:
            OperationPending: one of them is in work.
        """
        wanted = tuple(dict.fromkeys(keys))
        self._take_all(wanted, by)
        try:
            yield
        finally:
            for key in wanted:
                self.release(key)

    def _take_all(self, keys: tuple[str, ...], by: str) -> None:
        with self._lock:
            for key in keys:
                if key in self._held:
                    raise OperationPending(_busy_text(key, self._held[key]))
            now = time.monotonic()
            self._held.update((key, (by, now)) for key in keys)


def _busy_text(key: str, held: tuple[str, float]) -> str:
    by, since = held
    doing = f"{by} has been at work on it" if by else "it has been in work"
    return f"{key} is busy: {doing} for {time.monotonic() - since:.1f} s; ask again"
