"""A back end: one driver, started when it can be, and the bound on calls to it."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from cinderblock import deadline
from cinderblock.driver import Driver, Pool
from cinderblock.errors import BackendUnavailable, CinderblockError, InvalidRequest, OperationPending, OutOfSpace
from cinderblock.pools import Pools

log = logging.getLogger(__name__)

#: How long a call without a deadline waits for a slot.
_SLOT_PATIENCE_S = 60.0
#: How much of the time left to it a call waits for a slot: the rest is for the answer that says why it got none.
_SLOT_SHARE = 0.75
#: How many calls may wait for a slot; more are refused at once.
_WAITING_LIMIT = 64
#: How long a back end may take to start before the next one is begun.
_START_PATIENCE_S = 5.0
#: How often a back end that is down is tried again.
_RETRY_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendOptions:
    """What a back end is, apart from its driver.

    `host` is Cinder's "HOST@NAME", stored with every volume. `workers` bounds
    the driver calls side by side. `topology` says from where its volumes can
    be reached; empty means everywhere, or only from where this process runs
    (`local_topology`) when the driver keeps its volumes on this machine.
    """

    name: str
    host: str
    workers: int = 8
    topology: Mapping[str, str] = field(default_factory=dict)
    local_topology: Mapping[str, str] = field(default_factory=dict)


class Backend:
    """One back end, up or down."""

    def __init__(self, options: BackendOptions, start: Callable[[], Driver]) -> None:
        self.name = options.name
        self.options = options
        self._start = start
        self._driver: Driver | None = None
        self._down_because = "it is still starting"
        self._closed = False
        self._starting = threading.Lock()
        #: Held to set `_driver`: a start that ends after the close must not leave a driver behind.
        self._state = threading.Lock()
        self._slots = threading.BoundedSemaphore(options.workers)
        self._waiting = 0
        self._waiting_lock = threading.Lock()
        self._pools = Pools(options.name)

    def start(self) -> bool:
        """Start the driver when it is not up; tell whether it is up now. A start in work is left alone."""
        if self._driver is None and self._starting.acquire(blocking=False):
            try:
                self._use(self._start())
            except BaseException as error:  # one that calls sys.exit() must not stop the others
                self._down_because = str(error) or type(error).__name__
                known = isinstance(error, CinderblockError)
                facts = {"backend": self.name, "reason": self._down_because}
                log.warning("back end is down", extra=facts, exc_info=not known)
            finally:
                self._starting.release()
        return self._driver is not None

    def _use(self, driver: Driver) -> None:
        with self._state:
            closed = self._closed
            if not closed:
                self._driver = driver
        if closed:
            driver.close()

    @property
    def down_because(self) -> str:
        """Why the back end cannot be used, "" when it can."""
        return "" if self._driver is not None else self._down_because

    @property
    def topology(self) -> Mapping[str, str]:
        """From where the volumes can be reached; empty means everywhere."""
        if self.options.topology or self._driver is None or not self._driver.abilities().node_local:
            return self.options.topology
        return self.options.local_topology

    def check_reachable(self, places: Sequence[Mapping[str, str]]) -> None:
        """Check that what is made here can be used from one of the places; none given is anywhere.

        Raises:
            OutOfSpace: it cannot, so that the caller looks for another place.
        """
        here = self.topology
        if here and places and not any(here.items() <= there.items() for there in places):
            msg = f"back end {self.name!r} is reachable from {dict(here)} only, which is not among what is asked"
            raise OutOfSpace(msg)

    def driver(self) -> Driver:
        """Return the started driver.

        Raises:
            BackendUnavailable: it is down; the message says why.
        """
        if self._driver is None:
            # What a driver's start raises begins with the name.
            why = self._down_because.removeprefix(f"back end '{self.name}': ")
            msg = f"back end {self.name!r} is down: {why}; mend that, and it comes up by itself"
            raise BackendUnavailable(msg)
        return self._driver

    @contextmanager
    def slot(self) -> Iterator[Driver]:
        """Hold one of the driver's call slots; to be entered before any intent is recorded.

        Raises:
            BackendUnavailable: it is down.
            OperationPending: no slot came free in time for the call's deadline.
        """
        driver = self.driver()
        if not self._slots.acquire(blocking=False):
            self._wait_for_slot()
        try:
            yield driver
        finally:
            self._slots.release()

    def _wait_for_slot(self) -> None:
        with self._waiting_lock:
            full = self._waiting >= _WAITING_LIMIT
            if not full:
                self._waiting += 1
        try:
            left_s = deadline.remaining_s()
            patience_s = _SLOT_PATIENCE_S if left_s is None else min(_SLOT_SHARE * left_s, _SLOT_PATIENCE_S)
            if full or not self._slots.acquire(timeout=patience_s):
                msg = f"all {self.options.workers} driver calls of back end {self.name!r} are in work; ask again"
                raise OperationPending(msg)
        finally:
            if not full:
                with self._waiting_lock:
                    self._waiting -= 1

    def pools(self) -> Sequence[Pool]:
        """Return the back end's pools, not older than a few seconds.

        Raises:
            BackendUnavailable: it is down or did not answer the question.
            OperationPending: no slot came free in time for the call's deadline.
        """
        recent = self._pools.recent()
        if recent and self._driver is not None:
            return recent
        with self.slot() as driver:
            return self._pools.ask(driver)

    def known_pools(self) -> tuple[float, Sequence[Pool]]:
        """Return how many seconds ago the back end told its pools, and what it told; it is not asked."""
        return self._pools.last()

    def place(self, driver: Driver, *, size_gib: int, pool: str = "") -> str:
        """Choose where a new volume goes; return Cinder's "HOST@NAME#POOL".

        Args:
            driver: what `slot` gave.
            size_gib: how large it will be.
            pool: a pool's name, "" for the one with most room.

        Raises:
            InvalidRequest: no pool has the name `pool`.
            OutOfSpace: no pool can hold the size.
            BackendUnavailable: it did not answer the question.
        """
        return f"{self.options.host}#{self._pools.choose(driver, size_gib=size_gib, name=pool).name}"

    def close(self) -> None:
        """Stop the driver; closing twice is not an error."""
        with self._state:
            driver, self._driver = self._driver, None
            self._closed, self._down_because = True, "it is closed"
        if driver is not None:
            driver.close()


class Backends:
    """All configured back ends, by name.

    Args:
        backends: not started yet.
        patience_s: how long one may take to start before the next one is begun.
        retry_s: how often one that is down is tried again.
    """

    def __init__(
        self, backends: Sequence[Backend], *, patience_s: float = _START_PATIENCE_S, retry_s: float = _RETRY_S
    ) -> None:
        self._backends = {backend.name: backend for backend in backends}
        self._patience_s = patience_s
        self._retry_s = retry_s
        self._closing = threading.Event()
        self._retrying: threading.Thread | None = None

    def add(self, backend: Backend) -> None:
        """Have one more back end, which the caller has started."""
        # Replaced as a whole: others may be walking through them.
        self._backends = {**self._backends, backend.name: backend}

    def start(self) -> None:
        """Start each back end; one that is slow or down does not stop the others, and is tried again."""
        self._start_those_down()
        self._retrying = threading.Thread(target=self._retry, name="back-end-retry", daemon=True)
        self._retrying.start()

    def _retry(self) -> None:
        while not self._closing.wait(self._retry_s):
            self._start_those_down()

    def _start_those_down(self) -> None:
        # One after the other, because drivers change what is the whole process's; but not behind one that hangs.
        for backend in self._backends.values():
            if backend.down_because:
                starting = threading.Thread(target=backend.start, name=f"start-{backend.name}", daemon=True)
                starting.start()
                starting.join(timeout=self._patience_s)

    def __iter__(self) -> Iterator[Backend]:
        return iter(self._backends.values())

    def get(self, name: str) -> Backend:
        """Return the back end that holds an existing object.

        Raises:
            BackendUnavailable: the configuration does not have it (any more).
        """
        try:
            return self._backends[name]
        except KeyError:
            msg = f"back end {name!r} is not configured; this process has: {', '.join(self._backends)}"
            raise BackendUnavailable(msg) from None

    def choose(self, name: str) -> Backend:
        """Return the back end for a new object; the only one when none is named.

        Raises:
            InvalidRequest: no such name, or none named where there are several.
        """
        known = ", ".join(self._backends)
        if not name and len(self._backends) == 1:
            return next(iter(self._backends.values()))
        if not name:
            msg = f"several back ends are configured, so the parameter 'backend' must name one of: {known}"
            raise InvalidRequest(msg)
        if name not in self._backends:
            msg = f"there is no back end {name!r}; the parameter 'backend' must be one of: {known}"
            raise InvalidRequest(msg)
        return self._backends[name]

    def down_because(self, name: str) -> str:
        """Say why a back end cannot be used, "" when it can."""
        backend = self._backends.get(name)
        return backend.down_because if backend else f"back end {name!r} is not configured"

    def topology(self, name: str) -> Mapping[str, str]:
        """Return from where the volumes of a back end can be reached; empty means everywhere."""
        backend = self._backends.get(name)
        return backend.topology if backend else {}

    def close(self) -> None:
        """Stop all drivers; closing twice is not an error."""
        self._closing.set()
        for backend in self._backends.values():
            backend.close()
