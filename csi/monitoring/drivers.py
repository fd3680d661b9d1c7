"""A driver whose calls are timed: every one of the port's verbs, in one place."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from prometheus_client import Gauge, Histogram

from cinderblock.driver import Driver
from cinderblock.errors import CinderblockError

#: They answer from memory, without the back end.
_UNTIMED = frozenset({"abilities", "reference"})


class _Timed:
    """Has every verb of a driver; around each call is a watch."""

    def __init__(self, backend: str, driver: Driver, seconds: Histogram, in_work: Gauge) -> None:
        self._backend = backend
        self._driver = driver
        self._seconds = seconds
        self._in_work = in_work

    def __getattr__(self, operation: str) -> Any:  # noqa: ANN401 -- a verb of the port, whichever it is
        verb = getattr(self._driver, operation)
        return verb if operation in _UNTIMED else partial(self._call, operation, verb)

    def _call(self, operation: str, verb: Callable[..., object], *arguments: object, **named: object) -> object:
        outcome, started = "ok", time.monotonic()
        in_work = self._in_work.labels(self._backend, operation)
        in_work.inc()
        try:
            return verb(*arguments, **named)
        except BaseException as error:
            outcome = _named(error)
            raise
        finally:
            in_work.dec()
            self._seconds.labels(self._backend, operation, outcome).observe(time.monotonic() - started)


def timed(backend: str, driver: Driver, seconds: Histogram, in_work: Gauge) -> Driver:
    """Return the driver with a watch around its calls; the library calls verbs of the port only."""
    return cast(Driver, _Timed(backend, driver, seconds, in_work))


def _named(error: BaseException) -> str:
    """Return one of our own errors' names: a driver's own kinds of exception would have no end."""
    return type(error).__name__ if isinstance(error, CinderblockError) else "unclassified"
