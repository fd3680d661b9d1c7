"""What every verb works with, in one value."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from cinderblock.backend import Backends
from cinderblock.driver import Driver
from cinderblock.errors import AlreadyExists, InUse, NotFound, OperationPending
from cinderblock.inflight import InFlight
from cinderblock.intents import Driven, Intents, ready
from cinderblock.leftovers import Leftovers
from persistence.port import R, Store, Table
from persistence.records import ConnectionRecord, SnapshotRecord, Status, VolumeRecord

#: What is on its way out, and there again should that be refused.
_MAY_COME_BACK = {Status.DELETING: "deleted", Status.UNMANAGING: "unmanaged"}
#: What is finished before anything else is done with it.
_CHANGING = {Status.EXTENDING: "extended", Status.RETYPING: "retyped"}


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

    def snapshots_of(self, volume: VolumeRecord) -> list[SnapshotRecord]:
        """Return all snapshots of a volume, finished or not; a snapshot's tombstone says that it is gone."""
        found = every(self.store.snapshots, volume_cinder_id=volume.cinder_id)
        return [snapshot for snapshot in found if snapshot.status is not Status.TOMBSTONE]

    def check_unpublished(self, volume: VolumeRecord) -> None:
        """Refuse a volume that is published, finished or not.

        To be called before the intent on the volume is recorded: whoever publishes holds the volume's record
        meanwhile, so recording the intent fails when this is not true any more.

        Raises:
            InUse: naming the nodes.
        """
        nodes = [connection.node_id for connection in self.connections_of(volume)]
        if nodes:
            msg = f"volume {volume.name!r} is published to {', '.join(nodes)}; unpublish it first"
            raise InUse(msg)

    def check_content(self, volume: VolumeRecord, *, at_work: bool) -> None:
        """Refuse a volume whose content nobody knows, because it is on its way back to a snapshot's.

        Args:
            volume: the volume.
            at_work: whether a living call works on it.

        Raises:
            OperationPending: one does.
            InUse: that was cut off, and waits for the same call again.
        """
        if volume.status is not Status.REVERTING:
            return
        if at_work:
            msg = f"volume {volume.name!r} is being reverted; ask again"
            raise OperationPending(msg)
        msg = f"reverting volume {volume.name!r} was cut off, so nobody knows what it holds; repeat that, or delete it"
        raise InUse(msg)

    def check_source(self, found: VolumeRecord | SnapshotRecord) -> None:
        """Refuse to copy what is being changed; what is not ready is the caller's to look at.

        Raises:
            OperationPending: somebody is at work on it, in a way that a copy must not see.
            InUse: nobody knows the content.
        """
        what = f"{'volume' if isinstance(found, VolumeRecord) else 'snapshot'} {found.name!r}"
        if found.status in _MAY_COME_BACK and self.at_work(found):
            msg = f"{what} is being {_MAY_COME_BACK[found.status]}; ask again"
            raise OperationPending(msg)
        if found.status in _CHANGING:
            msg = f"{what} is being {_CHANGING[found.status]}; ask again"
            raise OperationPending(msg)
        if isinstance(found, VolumeRecord):
            self.check_content(found, at_work=self.at_work(found))
            return
        for volume in every(self.store.volumes, cinder_id=found.volume_cinder_id):
            # Some drivers take the snapshot away for a moment. What was cut off does not keep its content from anybody.
            if volume.wanted_snapshot_cinder_id == found.cinder_id and self.at_work(volume):
                self.check_content(volume, at_work=True)

    def source_volume(self, volume_id: str) -> VolumeRecord:
        """Return the volume that a snapshot is, or will be, of: once before the intent and once after it.

        Raises:
            NotFound: there is none of this id.
            OperationPending, InUse: what `check_source` says.
        """
        volume = self.store.volumes.get(volume_id)
        if volume is not None:
            self.check_source(volume)
        if volume is None or not ready(volume):
            msg = f"there is no volume {volume_id!r}"
            raise NotFound(msg)
        return volume

    def check_unchanged(self, before: VolumeRecord) -> None:
        """Refuse, now that the intent protects it, a volume that was changed meanwhile.

        Raises: what `source_volume` does.
        """
        now = self.source_volume(before.id)
        if (before.cinder_id, before.size_gib) != (now.cinder_id, now.size_gib):
            msg = f"volume {now.name!r} was changed while the snapshot was about to be taken; ask again"
            raise OperationPending(msg)

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
        at_rest = (Status.AVAILABLE, Status.TOMBSTONE)
        disturbs = copy.status is Status.CREATING if isinstance(copy, VolumeRecord) else copy.status not in at_rest
        if disturbs and self.at_work(copy):
            msg = f"{copy.name!r}, a copy of {source.name!r}, is {copy.status} right now; ask again"
            raise OperationPending(msg)

    def check_copyable(
        self, driver: Driver, volume: VolumeRecord, *, copy: VolumeRecord | SnapshotRecord | None = None
    ) -> None:
        """Refuse a copy of what is published, or copied already, where the back end cannot do both at once.

        Whoever publishes asks as well: each records its own intent first, so at
        least one of two sees the other.

        Args:
            driver: the volume's.
            volume: what is copied, or published.
            copy: the clone that is made, or the snapshot that is taken or removed; None for whoever publishes.

        Raises:
            InUse: it is published; unpublish it first.
            OperationPending: naming the other copy.
        """
        if not driver.abilities().copies_disturb:
            return
        nodes = [connection.node_id for connection in self.connections_of(volume)] if copy else []
        if nodes:
            msg = (
                f"volume {volume.name!r} is published to {', '.join(nodes)}, and back end {volume.backend!r} makes and "
                "removes snapshots and clones only of volumes that are not; unpublish it first"
            )
            raise InUse(msg)
        clones = every(self.store.volumes, source_cinder_id=volume.cinder_id)
        snapshots = every(self.store.snapshots, volume_cinder_id=volume.cinder_id)
        for other in chain[VolumeRecord | SnapshotRecord](clones, snapshots):
            is_other = copy is None or other.id != copy.id
            if is_other and other.status in (Status.CREATING, Status.DELETING) and self.at_work(other):
                msg = f"{other.name!r}, a copy of {volume.name!r}, is {other.status} right now; ask again"
                raise OperationPending(msg)

    def at_work(self, record: VolumeRecord | SnapshotRecord) -> bool:
        """Tell whether a living call, of this process or another, works on the record."""
        return self.inflight.busy(record.id) or not self.intents.may_take(record)


def fresh_id(table: Table[Driven], wanted: str) -> str:
    """Return Cinder's id for a new object: the one that is wanted, or a new one for "".

    Raises:
        AlreadyExists: another object has it, or what is left of one that its snapshots need.
    """
    if wanted and table.page(limit=1, where={"cinder_id": wanted}):
        msg = f"Cinder's id {wanted!r} is taken by another object; use another id"
        raise AlreadyExists(msg)
    return wanted or str(uuid.uuid4())


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
