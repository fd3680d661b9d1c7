"""A process as its store and its drivers see it: every call is counted, and at one of them it dies or fails."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any


class Killed(BaseException):
    """The process is no more: nothing that it does from now on reaches anybody."""


class Life:
    """Counts the calls that go out of a process.

    Args:
        at: the number of the call that is its last one, or that fails; 0 for none.
        after: the call takes effect, and only its answer is lost.
        error: what the call raises; None kills the process instead.
    """

    def __init__(self, *, at: int = 0, after: bool = False, error: BaseException | None = None) -> None:
        self.calls: list[str] = []
        self.dead = False
        #: While it is set, every call to the store raises it before anything happens.
        self.outage: BaseException | None = None
        self._at = at
        self._after = after
        self._error = error
        self._lock = threading.Lock()

    def around(self, kind: str, target: Any) -> Any:
        """Return the target, its methods counted."""
        return _Counted(self, kind, target)

    def store(self, store: Any) -> Any:
        """Return the store, the verbs of its tables counted; leases are kept beside it."""
        return _Tables(self, store)

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        with self._lock:
            if self.dead:
                raise Killed(name)
            if self.outage is not None and name.startswith("store"):
                raise self.outage
            self.calls.append(name)
            hit = len(self.calls) == self._at
        if hit and not self._after:
            self._end(name)
        answer = function(*args, **kwargs)
        if hit:
            self._end(name)
        return answer

    def _end(self, name: str) -> None:
        if self._error is not None:
            raise self._error
        self.dead = True
        raise Killed(name)


class _Counted:
    """What is not a verb of the port, or touches nothing outside, is passed on uncounted."""

    _FREE = frozenset({"abilities", "close"})

    def __init__(self, life: Life, kind: str, target: Any) -> None:
        self._life = life
        self._kind = kind
        self._target = target

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        return value if name in self._FREE else partial(self._life.call, f"{self._kind}.{name}", value)


class _Tables:
    def __init__(self, life: Life, store: Any) -> None:
        self._store = store
        for kind in ("volumes", "snapshots", "connections", "nodes", "key_values"):
            setattr(self, kind, life.around(f"store.{kind}", getattr(store, kind)))

    def close(self) -> None:
        self._store.close()
