"""Which process works on what: one heartbeat per process, read by the others.

A record in work names its owner. The owner proves that it lives by counting
up one `KeyValueRecord`; whoever has watched that counter stand still for
`ttl_s` on a monotonic clock of its own may take the owner's records over. No
two clocks are ever compared, and the cost is one small write every `ttl_s / 3`
however many operations are in work.

Source: the renew-and-observe scheme of Kubernetes' leader election.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from cinderblock.errors import OperationPending
from persistence.errors import PersistenceError, RecordExists
from persistence.port import Table
from persistence.records import KeyValueRecord

log = logging.getLogger(__name__)

#: A process that could not renew for this long has lost what it held.
TTL_S = 30.0


class Leases:
    """This process's heartbeat, and its view of the others'.

    Args:
        table: where heartbeats are kept.
        owner: this process's name in records; the same again after a restart,
            and never that of two processes at once.
        ttl_s: seconds without renewal after which an owner counts as dead.
        on_lost: called once, from the heartbeat's thread, when this process
            could not renew in time: it must end the process.
    """

    def __init__(
        self, table: Table[KeyValueRecord], owner: str, *, ttl_s: float = TTL_S, on_lost: Callable[[], None]
    ) -> None:
        self.owner = owner
        self._table = table
        self._ttl_s = ttl_s
        self._on_lost = on_lost
        self._record: KeyValueRecord | None = None
        self._renewed_at_s = 0.0
        self._seen: dict[str, tuple[str, float]] = {}
        self._seen_lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep_alive, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Write the first beat and keep beating.

        Raises:
            StoreUnavailable: the first beat could not be written.
        """
        fresh = KeyValueRecord(id=_key(self.owner), value="1", created_at=time.time())
        started_s = time.monotonic()
        try:
            self._record = self._table.insert(fresh)
        except RecordExists:
            left = self._table.get(fresh.id)
            self._record = self._table.replace(_next(left)) if left else self._table.insert(fresh)
        self._renewed_at_s = started_s
        self._thread.start()

    def held(self) -> None:
        """Refuse to go on when the lease has run out, as after a long freeze.

        Raises:
            OperationPending: another process may have taken over.
        """
        if time.monotonic() - self._renewed_at_s > self._ttl_s:
            msg = f"process {self.owner!r} could not renew its lease within {self._ttl_s:g} s; ask again"
            raise OperationPending(msg)

    def may_take(self, owner: str) -> bool:
        """Tell whether records of `owner` may be taken over: nobody's, our own, or a dead one's.

        The first look at a silent owner only starts the clock, so a caller
        that is refused asks again until `ttl_s` has passed.
        """
        if owner in ("", self.owner):
            return True
        beat = self._table.get(_key(owner))
        if beat is None:
            return True
        now_s = time.monotonic()
        with self._seen_lock:
            value, since_s = self._seen.get(owner, ("", now_s))
            if value != beat.revision:
                self._seen[owner] = (beat.revision, now_s)
                return False
            return now_s - since_s > self._ttl_s

    def close(self) -> None:
        """Stop beating and say so, so that others need not wait; closing twice is not an error."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=self._ttl_s)
        record, self._record = self._record, None
        if record is not None:
            try:
                self._table.delete(record)
            except PersistenceError as error:
                log.warning("lease not withdrawn", extra={"reason": str(error)})

    def _keep_alive(self) -> None:
        while not self._closing.wait(self._ttl_s / 3):
            try:
                self._renew()
            except PersistenceError as error:
                log.warning("lease not renewed", extra={"reason": str(error)})
            if time.monotonic() - self._renewed_at_s > self._ttl_s:
                log.critical("lease lost, another process may take over: ending this one")
                self._on_lost()
                return

    def _renew(self) -> None:
        if self._record is None:
            return
        started_s = time.monotonic()
        if started_s - self._renewed_at_s > self._ttl_s:
            return
        self._record = self._table.replace(_next(self._record))
        self._renewed_at_s = started_s


def _key(owner: str) -> str:
    return f"lease/{owner}"


def _next(record: KeyValueRecord) -> KeyValueRecord:
    return replace(record, value=str(int(record.value) + 1))
