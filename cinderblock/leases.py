"""Which process works on what: one heartbeat per process, read by the others.

A record in work names its owner, "PROCESS/RUN/WORK". The process proves that
it lives by counting up one `KeyValueRecord`, "RUN COUNT"; whoever has watched
that counter stand still for `ttl_s` on a monotonic clock of its own removes
it, and may then take over what the process held. One that was only frozen
cannot renew what was removed, so it learns of it. A process that was started
again has another run, so everybody sees that the earlier one is dead. No two
clocks are ever compared, and the cost is one small write every `ttl_s / 3`
however many operations are in work.

Source: the renew-and-observe scheme of Kubernetes' leader election.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from cinderblock.errors import OperationPending
from persistence.errors import PersistenceError, RecordChanged, RecordExists
from persistence.port import Table
from persistence.records import KeyValueRecord

log = logging.getLogger(__name__)

#: Before a process's name in the id of its heartbeat.
PREFIX = "lease/"
#: A process that could not renew for this long has lost what it held.
TTL_S = 30.0
#: The part of that before which nobody looks whether it has run out.
_WATCHED = 29 / 30


def _unguarded(_timeout_s: float) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """How a process holds its lease.

    `ttl_s` is after how many seconds without renewal its owner counts as dead, for all that share a store the same.
    `guard` is given the seconds that are left of it, again and again, and 0 when nothing is held any more: where a
    process ends with its lease, something outside of it should see to that. One that was frozen wakes with all of its
    threads, and a driver's may be faster than whoever looks at the time.
    """

    ttl_s: float = TTL_S
    guard: Callable[[float], None] = _unguarded


#: That of a process which nothing ends.
UNGUARDED = Tenure()


class Leases:
    """This process's heartbeat, and its view of the others'.

    Args:
        table: where heartbeats are kept.
        owner: this process's name in records; the same again after a restart,
            and never that of two processes at once.
        tenure: how long it lasts, and what guards it.
        on_lost: called once, from a thread of the lease's, when this process
            could not renew in time or was replaced: it must end the process.
    """

    def __init__(
        self, table: Table[KeyValueRecord], owner: str, *, tenure: Tenure = UNGUARDED, on_lost: Callable[[], None]
    ) -> None:
        self.owner = owner
        self._table = table
        self._ttl_s = tenure.ttl_s
        self._guard = tenure.guard
        self._on_lost = on_lost
        #: Tells this run of the process from the one before it, which had the same name.
        self._run = secrets.token_hex(8)
        self._beats = 1
        self._record: KeyValueRecord | None = None
        self._renewed_at_s = 0.0
        self._renewed_at_with_sleep_s = 0.0
        self._seen: dict[str, tuple[str, float]] = {}
        self._seen_lock = threading.Lock()
        self._ended = threading.Event()
        self._end_lock = threading.Lock()
        # Two threads, because a store that hangs must not keep the watchdog from barking.
        self._threads = (
            threading.Thread(target=self._keep_alive, name="heartbeat", daemon=True),
            threading.Thread(target=self._watch, name="lease-watchdog", daemon=True),
        )

    def start(self) -> None:
        """Write the first beat and keep beating.

        Raises:
            StoreUnavailable: the first beat could not be written.
        """
        fresh = KeyValueRecord(id=_key(self.owner), value=f"{self._run} {self._beats}", created_at=time.time())
        clocks = _clocks()
        try:
            self._record = self._table.insert(fresh)
        except RecordExists:
            left = self._table.get(fresh.id)
            self._record = self._table.replace(replace(left, value=fresh.value)) if left else self._table.insert(fresh)
        self._prolong(clocks)
        for thread in self._threads:
            thread.start()

    def held(self) -> None:
        """Refuse to go on when the lease has run out, as after a long freeze or the machine's sleep.

        Raises:
            OperationPending: another process may have taken over.
        """
        now_s, now_with_sleep_s = _clocks()
        silent_s = max(now_s - self._renewed_at_s, now_with_sleep_s - self._renewed_at_with_sleep_s)
        if silent_s > self._ttl_s or self._ended.is_set():
            msg = f"process {self.owner!r} could not renew its lease within {self._ttl_s:g} s; ask again"
            raise OperationPending(msg)

    def new_work(self) -> str:
        """Return an owner for one piece of work of this process, so that nobody takes another's for it."""
        return f"{self.owner}/{self._run}/{secrets.token_hex(4)}"

    def may_take(self, owner: str) -> bool:
        """Tell whether records of `owner` may be taken over: nobody's, our own, or a dead one's.

        The first look at a silent owner only starts the clock, so a caller
        that is refused asks again until `ttl_s` has passed.
        """
        process = process_of(owner)
        if process in ("", self.owner):
            return True
        beat = self._table.get(_key(process))
        if beat is None or not owner.startswith(f"{process}/{_run_of(beat)}/"):
            return True
        now_s = time.monotonic()
        with self._seen_lock:
            revision, since_s = self._seen.get(process, ("", now_s))
            if revision != beat.revision:
                self._seen[process] = (beat.revision, now_s)
                return False
        return now_s - since_s > self._ttl_s and self._shut_out(beat)

    def sweep(self) -> None:
        """Remove the heartbeats of those that this process has seen silent for `ttl_s`; one look starts the clock."""
        after, beats = PREFIX, self._table.page(after=PREFIX)
        while beats and beats[0].id.startswith(PREFIX):
            for beat in beats:
                if beat.id.startswith(PREFIX):
                    self.may_take(f"{beat.id.removeprefix(PREFIX)}/{_run_of(beat)}/")
            after = beats[-1].id
            beats = self._table.page(after=after)

    def close(self, *, withdraw: bool = True) -> None:
        """Stop beating; closing twice is not an error.

        Args:
            withdraw: say farewell, so that others need not wait. Only for a
                process that has nothing in work any more.
        """
        self._end()
        for thread in self._threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(timeout=self._ttl_s)
        if withdraw:
            self._guard(0.0)
        record, self._record = self._record, None
        if record is not None and withdraw:
            try:
                self._table.delete(record)
            except PersistenceError as error:
                log.warning("lease not withdrawn", extra={"reason": str(error)})

    def _keep_alive(self) -> None:
        wait_s = self._ttl_s / 3
        while not self._ended.wait(wait_s):
            wait_s = self._ttl_s / 3
            try:
                lost = not self._renew()
            except PersistenceError as error:
                log.warning("lease not renewed", extra={"reason": str(error)})
                # A store that hung has taken most of the time already.
                wait_s = self._ttl_s / 30
                lost = False
            if lost:
                self._lose("lease lost, another process has taken over: ending this one")

    def _watch(self) -> None:
        # A little early, to have time for saying so before the guard ends it.
        watched_s = self._ttl_s * _WATCHED
        while not self._ended.wait(max(0.0, self._renewed_at_s + watched_s - time.monotonic())):
            if time.monotonic() - self._renewed_at_s > watched_s:
                self._lose("lease run out, another process may take over: ending this one")

    def _renew(self) -> bool:
        """Beat once; tell whether the lease is still this run's."""
        if self._record is None:
            return True
        clocks = _clocks()
        self._beats += 1
        wanted = replace(self._record, value=f"{self._run} {self._beats}")
        try:
            self._record = self._table.replace(wanted)
        except RecordChanged:
            # A beat may have been stored although the store's answer to it was lost.
            stored = self._table.get(wanted.id)
            if stored is None or _run_of(stored) != self._run:
                return False
            self._record = self._table.replace(replace(wanted, revision=stored.revision))
        self._prolong(clocks)
        return True

    def _prolong(self, began: tuple[float, float]) -> None:
        """Count the lease from when the beat that renewed it began."""
        self._renewed_at_s, self._renewed_at_with_sleep_s = began
        with self._end_lock:
            if not self._ended.is_set():
                # Never 0, which would take the guard away.
                self._guard(max(0.001, self._renewed_at_s + self._ttl_s - time.monotonic()))

    def _shut_out(self, beat: KeyValueRecord) -> bool:
        """Remove a silent owner's lease, so that it cannot come back to life; tell whether it was silent indeed."""
        try:
            self._table.delete(beat)
        except RecordChanged:
            return False
        log.warning("lease of a silent process removed", extra={"owner": beat.id})
        return True

    def _lose(self, message: str) -> None:
        if self._end():
            log.critical(message)
            self._on_lost()

    def _end(self) -> bool:
        """Stop both threads; tell whether this was the first time."""
        with self._end_lock:
            first = not self._ended.is_set()
            self._ended.set()
        return first


def process_of(owner: str) -> str:
    """Return the name of the process that a record's owner belongs to."""
    return owner.rsplit("/", 2)[0]


def _run_of(beat: KeyValueRecord) -> str:
    return beat.value.partition(" ")[0]


def _clocks() -> tuple[float, float]:
    """Return the seconds that this machine was awake, and those with its sleep counted in."""
    return time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME)


def _key(owner: str) -> str:
    return f"{PREFIX}{owner}"
