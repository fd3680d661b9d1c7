"""What a back end says of its pools, believed for a moment, and the choice among them."""

import math
import threading
import time
from collections.abc import Sequence

from cinderblock.driver import Driver, Pool
from cinderblock.errors import InvalidRequest, OutOfSpace
from cinderblock.outcome import classified

#: How long what a back end said of its pools is believed.
_FRESH_S = 5.0


class Pools:
    """The pools of one back end; safe to use from several threads."""

    def __init__(self, backend_name: str) -> None:
        self._backend_name = backend_name
        self._asking = threading.Lock()
        #: When the driver was asked, on the monotonic clock, and what it said.
        self._said: tuple[float, Sequence[Pool]] = (-math.inf, ())

    def recent(self) -> Sequence[Pool]:
        """Return what was said last, empty when that was too long ago."""
        said_s, pools = self._said
        return pools if time.monotonic() - said_s <= _FRESH_S else ()

    def last(self) -> tuple[float, Sequence[Pool]]:
        """Return how many seconds ago the driver was asked last, and what it said; empty before that."""
        said_s, pools = self._said
        return time.monotonic() - said_s, pools

    def ask(self, driver: Driver) -> Sequence[Pool]:
        """Ask the driver, or have the answer that another thread has asked for since.

        Raises:
            BackendUnavailable: it did not answer the question.
        """
        return self._ask(driver, since_s=time.monotonic())

    def _ask(self, driver: Driver, *, since_s: float) -> Sequence[Pool]:
        # A question that hangs must not hang the next one.
        alone = self._asking.acquire(timeout=_FRESH_S)
        try:
            asked_s, pools = self._said
            return pools if asked_s >= since_s else self._answer(driver)
        finally:
            if alone:
                self._asking.release()

    def _answer(self, driver: Driver) -> Sequence[Pool]:
        asked_s = time.monotonic()
        with classified(f"asking back end {self._backend_name!r} for its pools"):
            pools = driver.pools()
        self._said = (asked_s, pools)
        return pools

    def choose(self, driver: Driver, *, size_gib: int, name: str = "") -> Pool:
        """Return the pool with most room, among those of that name.

        Raises:
            InvalidRequest: no pool has the name.
            OutOfSpace: no pool can hold the size.
            BackendUnavailable: the driver did not answer the question.
        """
        pools = self._ask(driver, since_s=time.monotonic() - _FRESH_S)
        best = _roomiest(pools, name)
        if best is None or _room(best) < size_gib:
            # Nothing is refused on old news.
            pools = self.ask(driver)
            best = _roomiest(pools, name)
        if best is None:
            known = ", ".join(candidate.name for candidate in pools)
            msg = f"back end {self._backend_name!r} has no pool {name!r}; it has: {known}"
            raise InvalidRequest(msg)
        if _room(best) < size_gib:
            largest = f"the largest has {_room(best):.1f} GiB; ask for less, or make room there"
            msg = f"no pool of back end {self._backend_name!r} has room for {size_gib} GiB; {largest}"
            raise OutOfSpace(msg)
        return best


def _roomiest(pools: Sequence[Pool], name: str) -> Pool | None:
    return max((pool for pool in pools if name in ("", pool.name)), key=_room, default=None)


def _room(pool: Pool) -> float:
    available_gib = pool.available_gib()
    return math.inf if available_gib is None else available_gib
