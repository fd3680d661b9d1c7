"""How a fake's calls are made to wait, and to fail."""

import math
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

#: How long a call that is held waits before it gives the test up, in seconds.
_PATIENCE_S = 30.0


class Hold:
    """Calls that wait inside of the driver: `entered` is set when one is there, `release()` lets them go."""

    def __init__(self, *, most: float) -> None:
        self.entered = threading.Event()
        self.inside = 0
        self._most = most
        self._lock = threading.Lock()
        self._free = threading.Event()

    def release(self) -> None:
        self._free.set()

    def wait(self) -> None:
        with self._lock:
            if self.inside >= self._most:
                return
            self.inside += 1
        self.entered.set()
        if not self._free.wait(_PATIENCE_S):
            raise AssertionError("a held call of a fake was never released")


@dataclass
class _Failure:
    error: BaseException
    after: bool


class Disturbance:
    """What is to happen to the next calls, by their verb."""

    def __init__(self) -> None:
        self._failures: defaultdict[str, deque[_Failure]] = defaultdict(deque)
        self._holds: dict[str, Hold] = {}

    def fail(self, verb: str, error: BaseException, *, times: int = 1, after: bool = False) -> None:
        """Let the next calls of a verb raise this; `after` its effect, where the caller cannot know of it."""
        self._failures[verb].extend([_Failure(error, after)] * times)

    def fail_no_more(self) -> None:
        """Forget the failures that no call has met."""
        self._failures.clear()

    @contextmanager
    def hold(self, verb: str, *, most: float = math.inf) -> Iterator[Hold]:
        """Let the next calls of a verb wait inside of the fake until they are released, at most so many."""
        held = self._holds[verb] = Hold(most=most)
        try:
            yield held
        finally:
            del self._holds[verb]
            held.release()

    @contextmanager
    def around(self, verb: str) -> Iterator[None]:
        """Surround the effect of a call."""
        held = self._holds.get(verb)
        if held is not None:
            held.wait()
        failure = self._failures[verb].popleft() if self._failures[verb] else None
        if failure is not None and not failure.after:
            raise failure.error
        yield
        if failure is not None:
            raise failure.error
