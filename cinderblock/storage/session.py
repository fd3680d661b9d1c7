"""What all objects of one storage share."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from cinderblock import deadline
from cinderblock.attachment import Attachments
from cinderblock.engine import every
from cinderblock.errors import BackendUnavailable, OperationPending
from cinderblock.host import Host
from cinderblock.library import Library
from cinderblock.storage.documents import Documents
from persistence.errors import RecordChanged, RecordExists
from persistence.port import R, Store, Table
from persistence.records import SnapshotRecord, Status, VolumeRecord

T = TypeVar("T")
Kept = TypeVar("Kept", VolumeRecord, SnapshotRecord)

#: How long is waited before asking again: at first, and at most.
_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 0.5
_PAGE = 500


class Needed(Protocol):
    """Makes sure that a back end is open."""

    def __call__(self, name: str, /) -> None:
        """Return when it is.

        Raises:
            BackendUnavailable: it is not, and nobody has said how to open it.
        """


class Session:
    """The library's verbs, asked for with patience; safe to use from several threads.

    Args:
        store: the records, in clear.
        library: the verbs.
        host: this machine's initiators, made when they are first asked for.
        documents: the way of records to JSON.
        need: opens the back end of an object.
        lost: set when this process has lost its lease.
        patience_s: how long a call waits for another one that is at work on the same object.
    """

    def __init__(
        self,
        *,
        store: Store,
        library: Library,
        host: Callable[[], Host],
        documents: Documents,
        need: Needed,
        lost: threading.Event,
        patience_s: float,
    ) -> None:
        self.store = store
        self.library = library
        self.host = host
        self.documents = documents
        self.need = need
        self.attachments = Attachments(library.engine, host)
        self._lost = lost
        self._patience_s = patience_s
        self._closed = threading.Event()

    def ask(self, verb: Callable[[], T]) -> T:
        """Return what the verb returns, asking again for as long as somebody else is at work on its object.

        Raises:
            OperationPending: the patience has run out.
            BackendUnavailable: the storage is closed, or has lost its lease.
        """
        ends_at, pause_s = time.monotonic() + self._patience_s, _FIRST_PAUSE_S
        with deadline.within(self._patience_s):
            while True:
                self.check_open()
                try:
                    return verb()
                except (OperationPending, RecordChanged, RecordExists) as error:
                    left_s = ends_at - time.monotonic()
                    if left_s <= 0:
                        raise OperationPending(str(error)) from error
                self._closed.wait(min(pause_s, left_s))
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def check_open(self) -> None:
        """Refuse when nothing can be done any more.

        Raises:
            BackendUnavailable: the storage is closed, or has lost its lease.
        """
        if self._closed.is_set():
            msg = "the storage is closed; open it again"
            raise BackendUnavailable(msg)
        if self._lost.is_set():
            msg = (
                "this process was silent for so long that others may have taken over; close the storage, open it again"
            )
            raise BackendUnavailable(msg)

    def close(self) -> None:
        """Refuse everything from now on."""
        self._closed.set()


def same(table: Table[Kept], record: Kept) -> Kept | None:
    """Return the object of a record as it is stored now; None when it is gone, whoever has its id by now."""
    found = table.get(record.id)
    return found if found is not None and found.cinder_id == record.cinder_id else None


def matching(table: Table[R], **wanted: str) -> Iterator[R]:
    """Walk through the records that have these values; "" stands for any."""
    return every(table, limit=_PAGE, **{field: value for field, value in wanted.items() if value})


def listed(record: VolumeRecord | SnapshotRecord) -> bool:
    """Tell whether an object is shown: one that is being made or removed is, a tombstone is not."""
    return record.status is not Status.TOMBSTONE and record.id != record.cinder_id
