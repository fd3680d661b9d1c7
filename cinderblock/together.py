"""Snapshots of several volumes at one moment, through a consistency group of their back end.

A group is made for each group snapshot, and is there as long as it: many back
ends find a snapshot, or remove it, by its group. The volumes are in it only
while the snapshot is taken, so that they can be in another one's next, and
that no group goes while a volume is in it.
"""

import time
import uuid
from collections.abc import Iterable, Sequence
from contextlib import ExitStack

from cinderblock.driver import Driver, Update
from cinderblock.engine import Engine
from cinderblock.errors import InUse, OperationPending
from cinderblock.grouped import ConsistencyGroup
from cinderblock.intents import changed
from cinderblock.membership import Memberships
from cinderblock.snapshot import Snapshots
from cinderblock.wanted import WantedSnapshot
from persistence.records import SnapshotRecord, Status, VolumeRecord


class Together:
    """Takes and removes the snapshots of a consistency group; whoever calls holds the group's record and a slot."""

    def __init__(self, engine: Engine, snapshots: Snapshots) -> None:
        self._engine = engine
        self._snapshots = snapshots
        self._table = engine.store.snapshots
        self._memberships = Memberships(engine)

    def planned(
        self, name: str, volumes: Sequence[VolumeRecord], left: ConsistencyGroup | None = None
    ) -> ConsistencyGroup:
        """Return the group to make for these volumes.

        A creation that was cut off begins anew under its old ids: where the array finishes late what we gave up, it
        is found under them and not orphaned.

        Args:
            name: the group snapshot's.
            volumes: of one back end.
            left: the group that the creation was cut off at.
        """
        if left is not None and left.members.keys() == {volume.cinder_id for volume in volumes}:
            return left
        return ConsistencyGroup(
            cinder_id=str(uuid.uuid4()),
            snapshot_cinder_id=str(uuid.uuid4()),
            name=name,
            backend=volumes[0].backend,
            host=volumes[0].host,
            members={volume.cinder_id: str(uuid.uuid4()) for volume in volumes},
        )

    def take(
        self,
        driver: Driver,
        group: ConsistencyGroup,
        held: Sequence[VolumeRecord],
        wanted: Sequence[WantedSnapshot],
    ) -> list[VolumeRecord]:
        """Take the snapshots of the volumes, which the caller holds; what fails half-way is for `remove`.

        Returns:
            The volumes as they are held now.
        """
        intents = self._engine.intents
        with intents.effect(f"making a group for {group.name!r}"):
            driver.create_group(group)
        joined = self._memberships.join(driver, group, held)
        now = time.time()
        new = [
            one.record(volume, group.members[volume.cinder_id], created_at=now)
            for one, volume in zip(wanted, joined, strict=True)
        ]
        with self._engine.inflight.hold(*(one.id for one in new)), ExitStack() as stack:
            taken = [stack.enter_context(intents.opened(self._table, one)) for one in new]
            with intents.effect(f"taking group snapshot {group.name!r}"):
                updates = driver.create_group_snapshot(group, taken)
            # What the driver said is needed to remove them, whatever comes next.
            taken = [self._note(one, update) for one, update in zip(taken, updates, strict=True)]
            left = self._memberships.leave(driver, group, joined)
            for one in taken:
                intents.finish(self._table, one, status=Status.AVAILABLE)
            return left

    def inside(self, group: ConsistencyGroup) -> list[VolumeRecord]:
        """Return the volumes that may be in the group."""
        return self._memberships.of(group)

    def remove(
        self,
        driver: Driver,
        group: ConsistencyGroup,
        inside: Sequence[VolumeRecord],
        snapshot_ids: Iterable[str],
    ) -> list[SnapshotRecord]:
        """Remove the snapshots and the group, however far either has come; return what `Snapshots.bury` is for.

        Args:
            driver: the back end's.
            group: the group.
            inside: the volumes that may be in it; the caller holds their ids.
            snapshot_ids: the snapshots, which may be absent.

        Raises:
            InUse: the back end needs one of the snapshots.
        """
        intents, volumes = self._engine.intents, self._engine.store.volumes
        with ExitStack() as stack:
            held = [stack.enter_context(intents.taken(volumes, one)) for one in inside]
            for volume in self._memberships.leave(driver, group, held):
                intents.finish(volumes, volume)
        found = filter(None, map(self._table.get, snapshot_ids))
        gone = self._destroy(driver, group, list(found))
        with intents.effect(f"removing the group of {group.name!r}"):
            driver.delete_group(group)
        return gone

    def _note(self, held: SnapshotRecord, update: Update) -> SnapshotRecord:
        return self._engine.intents.note(self._table, held, lambda stored: changed(stored, update)) if update else held

    def _destroy(
        self, driver: Driver, group: ConsistencyGroup, found: Sequence[SnapshotRecord]
    ) -> list[SnapshotRecord]:
        """Remove all of the snapshots with one call; those that are gone from the back end are tombstones already."""
        intents = self._engine.intents
        gone = [one for one in found if one.status is Status.TOMBSTONE]
        going = [one for one in found if one.status is not Status.TOMBSTONE]
        if not going:
            return gone
        with self._engine.inflight.hold(*(one.id for one in going)), ExitStack() as stack:
            held = [stack.enter_context(intents.taken(self._table, one, status=Status.DELETING)) for one in going]
            try:
                for one in held:
                    self._snapshots.check_undisturbed(one)
            except (InUse, OperationPending):
                for one, before in zip(held, going, strict=True):
                    intents.finish(self._table, one, status=before.status)
                raise
            # From here on some may be gone and others not, so none of them comes back.
            with intents.effect(f"removing group snapshot {group.name!r}"):
                driver.delete_group_snapshot(group, held)
            return gone + [intents.finish(self._table, one, status=Status.TOMBSTONE) for one in held]
