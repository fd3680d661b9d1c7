"""A turn to write: one holder among the threads of this process and among processes."""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from persistence.errors import StoreUnavailable

#: How often a process looks whether another one has let go.
_POLL_S = 0.005


class FileLock:
    """A lock on a file beside the store; a process that dies lets go of it.

    Threads queue, processes poll. The file stays: removing a lock file under
    those who wait for it would let two in.
    """

    def __init__(self, path: Path) -> None:
        """Make the file where it is missing.

        Raises:
            OSError: the folder is missing, or cannot be written to.
        """
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        self._threads = threading.Lock()
        self._closed = threading.Event()

    @contextmanager
    def held(self, *, timeout_s: float) -> Iterator[None]:
        """Hold the lock while the block runs.

        Raises:
            StoreUnavailable: the others did not let go in time, or the lock is closed.
        """
        deadline = time.monotonic() + timeout_s
        if not self._threads.acquire(timeout=timeout_s):
            raise self._late(timeout_s)
        try:
            if self._closed.is_set():
                raise StoreUnavailable(f"{self._path} is closed, and the store with it")
            while not self._taken():
                if time.monotonic() > deadline:
                    raise self._late(timeout_s)
                time.sleep(_POLL_S)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def close(self) -> None:
        """Let whoever holds the lock finish, then refuse everybody."""
        with self._threads:
            if not self._closed.is_set():
                self._closed.set()
                os.close(self._file)

    def _taken(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _late(self, timeout_s: float) -> StoreUnavailable:
        return StoreUnavailable(f"others have held {self._path} for more than {timeout_s:.3g} s; ask again")
