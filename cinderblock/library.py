"""The verbs of all kinds over one store and its back ends: what programs and the CSI controller call."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence

from cinderblock.backend import Backend, Backends
from cinderblock.connection import Connections
from cinderblock.engine import Engine
from cinderblock.group import Groups
from cinderblock.inflight import InFlight
from cinderblock.intents import Intents
from cinderblock.leases import Leases
from cinderblock.leftovers import Leftovers
from cinderblock.recovery import Recovery
from cinderblock.snapshot import Snapshots
from cinderblock.volume import Volumes
from persistence.port import Store

log = logging.getLogger(__name__)

#: How often what could not be done when it was due is tried again.
_RETRY_S = 30.0


class Library:
    """Volumes, snapshots and connections; safe to use from several threads.

    Args:
        store: where records are kept; stays the caller's.
        backends: the back ends, to which `add` may add; closed with the library.
        leases: this process's claim on what it works on; closed with the library.
        close: releases what the back ends rest on, after they are closed.
    """

    def __init__(self, store: Store, backends: Backends, leases: Leases, *, close: Callable[[], None]) -> None:
        self.store = store
        self.backends = backends
        self._leases = leases
        self._close = close
        self._started = threading.Event()
        self._closing = threading.Event()
        self._inflight = InFlight()
        self.leftovers = Leftovers()
        self.engine = engine = Engine(
            store=store,
            backends=backends,
            intents=Intents(leases, self.leftovers),
            inflight=self._inflight,
            leftovers=self.leftovers,
        )
        self.volumes = Volumes(engine)
        self.snapshots = Snapshots(engine)
        self.groups = Groups(engine, self.snapshots)
        self.connections = Connections(engine, self.volumes)
        self.recovery = Recovery(engine, self.volumes, self.snapshots, self.groups)

    @property
    def ready(self) -> bool:
        """Whether every back end was tried; until then, calls to one answer that it is still starting."""
        return self._started.is_set()

    def start(self) -> None:
        """Take up the lease; then, on a thread, start the back ends and mend what an earlier process left.

        Raises:
            StoreUnavailable: the lease could not be written.
        """
        self._leases.start()
        lanes = ("", *(backend.name for backend in self.backends))
        threading.Thread(target=self._start_backends, args=(lanes,), name="library-start", daemon=True).start()

    def add(self, backend: Backend) -> None:
        """Have one more back end, which the caller has started, in a library that is started.

        What an earlier process left is not mended by itself: a process that is soon over must not begin that.
        """
        self.backends.add(backend)
        threading.Thread(target=self._retry, args=(backend.name,), name=f"mend-{backend.name}", daemon=True).start()

    def start_only(self, backend: str) -> None:
        """Take up the lease and start one back end, for a program that has one thing to do there and ends.

        What others left half done is left to those who serve.

        Raises:
            StoreUnavailable: the lease could not be written.
            InvalidRequest: there is no back end of this name, or several and none is named.
            BackendUnavailable: it does not start; the message says why.
        """
        chosen = self.backends.choose(backend)
        self.start_some([chosen])
        chosen.driver()

    def start_some(self, backends: Iterable[Backend]) -> None:
        """Take up the lease and start these back ends; one that does not start says why when it is asked for something.

        Raises:
            StoreUnavailable: the lease could not be written.
        """
        self._leases.start()
        for backend in backends:
            backend.start()
        self._started.set()

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait until `ready`; tell whether it is."""
        return self._started.wait(timeout_s)

    def _start_backends(self, lanes: Sequence[str]) -> None:
        self.backends.start()
        self._started.set()
        # Each back end is mended on a thread of its own: one that hangs keeps nothing from the others.
        for lane in lanes:
            threading.Thread(target=self._mend, args=(lane,), name=f"mend-{lane}", daemon=True).start()

    def _mend(self, lane: str) -> None:
        if lane and not self._closing.is_set():
            self.recovery.run(lane)
        self._retry(lane)

    def _retry(self, lane: str) -> None:
        while not self._closing.wait(_RETRY_S):
            if not lane:
                self.leftovers.attempt("the sweep of silent processes", self._leases.sweep)
            self.leftovers.retry(lane)

    def close(self) -> None:
        """Stop the back ends and give up the lease; the store stays open. Closing twice is not an error.

        With calls still in work the lease is left to run out: nobody may take
        over what a driver of this process may still be doing.
        """
        self._closing.set()
        self.backends.close()
        if not self._inflight.idle:
            log.warning("closed with calls in work; what they work on is taken over when the lease runs out")
        self._leases.close(withdraw=self._inflight.idle)
        self._close()
