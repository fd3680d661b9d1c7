"""Looking up and changing records by the ids that Cinder knows."""

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

from cinder import exception

from cinderblock.grouped import PREFIX, group_of
from persistence.errors import RecordChanged
from persistence.port import Store, Table
from persistence.records import ConnectionRecord, Record, SnapshotRecord, VolumeRecord

R = TypeVar("R", bound=Record)

log = logging.getLogger(__name__)

#: How often a change is tried again because somebody else was faster.
_TRIES = 20
_PAGE = 500


class Stored:
    """The records of a store, by their `cinder_id`."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def volume(self, cinder_id: str) -> VolumeRecord:
        """Return the volume's record.

        Raises:
            exception.VolumeNotFound: there is none.
        """
        found = self.store.volumes.page(where={"cinder_id": cinder_id}, limit=1)
        if not found:
            raise exception.VolumeNotFound(volume_id=cinder_id)
        return found[0]

    def snapshot(self, cinder_id: str) -> SnapshotRecord:
        """Return the snapshot's record.

        Raises:
            exception.SnapshotNotFound: there is none.
        """
        found = self.store.snapshots.page(where={"cinder_id": cinder_id}, limit=1)
        if not found:
            raise exception.SnapshotNotFound(snapshot_id=cinder_id)
        return found[0]

    def connections(self, volume_cinder_id: str) -> list[ConnectionRecord]:
        """Return everything that a volume is published to."""
        return list(every(self.store.connections, volume_cinder_id=volume_cinder_id))

    def group_snapshot_id(self, record: SnapshotRecord) -> str | None:
        """Return what the array sees of the group snapshot that a snapshot was taken with, None for none."""
        found = self.store.key_values.get(PREFIX + record.group_id) if record.group_id else None
        consistency = group_of(found).consistency if found else None
        return consistency.snapshot_cinder_id if consistency else None

    def change_volume(self, cinder_id: str, change: Callable[[VolumeRecord], VolumeRecord]) -> VolumeRecord:
        """Store a changed volume, from what is stored now; nothing is written where nothing changed."""
        return _change(self.store.volumes, lambda: self.volume(cinder_id), change)

    def change_snapshot(self, cinder_id: str, change: Callable[[SnapshotRecord], SnapshotRecord]) -> SnapshotRecord:
        """Store a changed snapshot, from what is stored now; nothing is written where nothing changed."""
        return _change(self.store.snapshots, lambda: self.snapshot(cinder_id), change)


def every(table: Table[R], *, after: str = "", **where: str) -> Iterator[R]:
    """Go through a whole table, or the records with these values, page by page."""
    more = True
    while more:
        page = table.page(after=after, limit=_PAGE, where=where or None)
        yield from page
        more = len(page) == _PAGE
        after = page[-1].id if page else after


def _change(table: Table[R], read: Callable[[], R], change: Callable[[R], R]) -> R:
    for _ in range(_TRIES):
        old = read()
        new = change(old)
        if new == old:
            return old
        try:
            return table.replace(new)
        except RecordChanged:
            log.debug("the record %s changed under a driver's write; trying again", old.id)
    raise RecordChanged(f"the record {old.id} changed {_TRIES} times while a driver's write waited; try again")
