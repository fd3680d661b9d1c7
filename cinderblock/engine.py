"""What every verb works with, in one value."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cinderblock.backend import Backends
from cinderblock.errors import OperationPending
from cinderblock.inflight import InFlight
from cinderblock.intents import Intents
from cinderblock.leftovers import Leftovers
from persistence.port import R, Store, Table
from persistence.records import ConnectionRecord, SnapshotRecord, Status, VolumeRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The store, the back ends, and the rules of work on records."""

    store: Store
    backends: Backends
    intents: Intents
    inflight: InFlight
    leftovers: Leftovers

    def connections_of(self, volume: VolumeRecord) -> list[ConnectionRecord]:
        """Return all publications of a volume, finished or not."""
        return list(every(self.store.connections, volume_cinder_id=volume.cinder_id))

    def check_not_copied(self, held: VolumeRecord) -> None:
        """Refuse while somebody makes a clone or a snapshot of the volume, or removes a snapshot.

        To be called after the intent on the volume is recorded: the other one
        records its own intent first and then looks at the volume, so at least
        one of the two sees the other.

        Raises:
            OperationPending: naming the copy.
        """
        for clone in every(self.store.volumes, source_cinder_id=held.cinder_id):
            self.check_copy(held, clone)
        for snapshot in every(self.store.snapshots, volume_cinder_id=held.cinder_id):
            self.check_copy(held, snapshot)

    def check_copy(self, source: VolumeRecord | SnapshotRecord, copy: VolumeRecord | SnapshotRecord) -> None:
        """Refuse when `copy` is being made from `source` right now, or is a snapshot that is being removed.

        Raises:
            OperationPending: naming the copy.
        """
        # A clone leads a life of its own once it is made; a snapshot may live in the volume until it is gone.
        disturbing = (Status.CREATING,) if isinstance(copy, VolumeRecord) else (Status.CREATING, Status.DELETING)
        if copy.status in disturbing and self.at_work(copy):
            msg = f"{copy.name!r}, a copy of {source.name!r}, is {copy.status} right now; ask again"
            raise OperationPending(msg)

    def at_work(self, record: VolumeRecord | SnapshotRecord) -> bool:
        """Tell whether a living call, of this process or another, works on the record."""
        return self.inflight.busy(record.id) or not self.intents.may_take(record)


def every(table: Table[R], *, limit: int = 500, **where: str | frozenset[str]) -> Iterator[R]:
    """Walk through all records that match, ordered by id."""
    for page in pages(table, limit=limit, **where):
        yield from page


def pages(table: Table[R], *, limit: int = 500, **where: str | frozenset[str]) -> Iterator[Sequence[R]]:
    """Walk through all records that match, page by page, ordered by id."""
    after, more = "", True
    while more:
        page = table.page(after=after, limit=limit, where=where or None)
        yield page
        more = len(page) == limit
        after = page[-1].id if page else after
