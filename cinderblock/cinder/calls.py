"""On which thread a driver is called."""

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from cinderblock.errors import BackendUnavailable

T = TypeVar("T")


class Caller(Protocol):
    """Calls a driver and waits for the answer."""

    def call(self, function: Callable[[], T]) -> T:
        """Return what the function returns, or raise what it raises."""

    def close(self) -> None:
        """Take no more calls; closing twice is not an error."""


class SameThread:
    """One thread for all calls of a driver: eventlet's primitives belong to the thread that made them.

    The log context of the calling thread goes along.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"driver-{name}")
        self._thread: int | None = None

    def call(self, function: Callable[[], T]) -> T:
        if threading.get_ident() == self._thread:
            return function()
        return self._executor.submit(contextvars.copy_context().run, self._remember, function).result()

    def close(self) -> None:
        # A call that hangs must not hang the one who closes.
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _remember(self, function: Callable[[], T]) -> T:
        self._thread = threading.get_ident()
        return function()


class AnyThread:
    """The thread of whoever calls; how many at once is the library's affair."""

    def call(self, function: Callable[[], T]) -> T:
        return function()

    def close(self) -> None:
        """There is nothing to close."""


class Gate:
    """Lets calls through to a driver until it is closed, and knows when the last one is out."""

    def __init__(self, caller: Caller, name: str) -> None:
        self._caller = caller
        self._name = name
        self._lock = threading.Lock()
        self._closed = False
        self._inside = 0

    def call(self, function: Callable[[], T]) -> T:
        with self._lock:
            if self._closed:
                raise BackendUnavailable(f"back end '{self._name}' was closed; open it again")
            self._inside += 1
        try:
            return self._caller.call(function)
        finally:
            with self._lock:
                self._inside -= 1

    @property
    def deserted(self) -> bool:
        """Whether nobody calls the driver, nor will."""
        with self._lock:
            return self._closed and not self._inside

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._caller.close()


def caller_for(name: str, *, workers: int) -> Caller:
    """Return the way to call a driver that bears this many calls at once."""
    return SameThread(name) if workers == 1 else AnyThread()
