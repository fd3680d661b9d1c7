"""How long the caller is willing to wait, known to everything that the call runs through."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

#: On the monotonic clock, seconds; infinite when nobody set one.
_ends_at: ContextVar[float] = ContextVar("deadline", default=math.inf)


@contextmanager
def within(timeout_s: float | None) -> Iterator[None]:
    """Run a block under a deadline; inside of an earlier one it changes nothing, and None sets none.

    A deadline interrupts nothing: whoever waits asks `remaining_s`.
    """
    ends_at = math.inf if timeout_s is None else time.monotonic() + timeout_s
    token = _ends_at.set(min(_ends_at.get(), ends_at))
    try:
        yield
    finally:
        _ends_at.reset(token)


def remaining_s() -> float | None:
    """Return the seconds left, never below 0, or None without a deadline."""
    ends_at = _ends_at.get()
    return None if math.isinf(ends_at) else max(0.0, ends_at - time.monotonic())
