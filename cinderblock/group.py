"""Group snapshots: several volumes as they were at one moment, all of them or none.

Volumes that are not published stand still, so their snapshots belong together
whoever takes them. Published ones are taken at one moment only by a driver that
has Cinder's consistent groups; otherwise the wish is refused.
"""

import time
from collections.abc import Collection, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import replace

from cinderblock.driver import Driver
from cinderblock.engine import Engine
from cinderblock.errors import (
    AlreadyExists,
    BackendUnavailable,
    CinderblockError,
    InUse,
    InvalidRequest,
    NotFound,
    OperationPending,
)
from cinderblock.grouped import PREFIX, ConsistencyGroup, Group, group_of, record_of
from cinderblock.outcome import never_final
from cinderblock.snapshot import Snapshots
from cinderblock.together import Together
from cinderblock.wanted import WantedGroup
from persistence.records import KeyValueRecord, SnapshotRecord, Status, VolumeRecord


class Groups:
    """Verbs on group snapshots; each may be repeated until it succeeds.

    Every verb may raise `OperationPending`, `RecordChanged`, `StoreUnavailable`
    and `BackendUnavailable`; each means: ask again.
    """

    def __init__(self, engine: Engine, snapshots: Snapshots) -> None:
        self._engine = engine
        self._snapshots = snapshots
        self._together = Together(engine, snapshots)
        self._table = engine.store.key_values

    def get(self, group_id: str, snapshot_ids: Sequence[str] = ()) -> tuple[Group, list[SnapshotRecord]]:
        """Return a group snapshot that was taken completely, and its snapshots.

        Raises:
            NotFound: there is none of this id.
            InvalidRequest: `snapshot_ids` are given and are not its members.
        """
        record = self._table.get(PREFIX + group_id)
        group = group_of(record) if record else None
        if group is None or group.status is not Status.AVAILABLE:
            msg = f"there is no group snapshot {group_id!r}"
            raise NotFound(msg)
        _check_members(group, snapshot_ids)
        return group, [self._snapshots.get(snapshot_id) for snapshot_id in group.members.values()]

    def create(self, wanted: WantedGroup) -> tuple[Group, list[SnapshotRecord]]:
        """Return the wanted group snapshot, taking all of it if it is not there yet.

        What a try that was cut off has taken is removed first: it may be older than the rest.

        Raises:
            AlreadyExists: the name is taken by a group of other volumes.
            NotFound: one of the volumes does not exist.
            InUse: one is published, and its back end cannot take several volumes at one moment.
            OutOfSpace: no room.
        """
        volume_ids = [member.volume_id for member in wanted.members]
        with self._engine.inflight.hold(PREFIX + wanted.id, *volume_ids):
            record, left = self._table.get(PREFIX + wanted.id), None
            if record is not None:
                self._engine.intents.check(record)
                found = group_of(record)
                if found.status is Status.AVAILABLE:
                    _check_fits(wanted, found)
                    return self.get(wanted.id)
                with never_final(f"clearing away what is left of group snapshot {wanted.name!r}"):
                    self._remove(record, holding=volume_ids)
                left = found.consistency if found.status is Status.CREATING else None
            volumes = [self._engine.source_volume(volume_id) for volume_id in volume_ids]
            return self._take(wanted, volumes, self._planned(wanted, volumes, left))

    def delete(self, group_id: str, snapshot_ids: Sequence[str] = ()) -> None:
        """Remove a group snapshot and all of its snapshots; one that is absent is success.

        Raises:
            InvalidRequest: `snapshot_ids` are given and are not its members.
            InUse: the back end needs one of them.
        """
        with self._engine.inflight.hold(PREFIX + group_id):
            record = self._table.get(PREFIX + group_id)
            if record is not None:
                _check_members(group_of(record), snapshot_ids)
                self._remove(record)

    def resume(self, left: Group) -> None:
        """Remove what was cut off, whether it was being taken or removed; what is complete is left alone."""
        with self._engine.inflight.hold(PREFIX + left.id):
            record = self._table.get(PREFIX + left.id)
            if record is not None and group_of(record).status is not Status.AVAILABLE:
                self._remove(record)

    def _planned(
        self, wanted: WantedGroup, volumes: Sequence[VolumeRecord], left: ConsistencyGroup | None
    ) -> ConsistencyGroup | None:
        """Return the group to take published volumes in, None for volumes that stand still."""
        if not self._check_consistent(volumes):
            return None
        self._engine.backends.get(volumes[0].backend).check_reachable(wanted.members[0].reachable_from)
        return self._together.planned(wanted.name, volumes, left)

    def _take(
        self, wanted: WantedGroup, volumes: Sequence[VolumeRecord], consistency: ConsistencyGroup | None
    ) -> tuple[Group, list[SnapshotRecord]]:
        intents, table = self._engine.intents, self._engine.store.volumes
        group = _begun(wanted, consistency)
        with ExitStack() as stack:
            slot = self._engine.backends.get(consistency.backend).slot() if consistency else nullcontext()
            driver = stack.enter_context(slot)
            record = stack.enter_context(intents.opened(self._table, record_of(group)))
            try:
                # From here on no other process publishes or changes the volumes.
                still: Sequence[VolumeRecord] = [
                    stack.enter_context(intents.taken(table, volume)) for volume in volumes
                ]
                still = self._take_members(wanted, still, consistency, driver)
            except (BackendUnavailable, OperationPending):
                raise
            except (CinderblockError, NotImplementedError) as error:
                # Whoever asked takes this answer for "nothing was taken", so make it true.
                with never_final(f"taking back group snapshot {wanted.name!r}"):
                    self._remove(record, driver=driver, holding=[volume.id for volume in volumes])
                if consistency and isinstance(error, NotImplementedError):
                    raise InUse(_inconsistent(volumes[0], f"its driver cannot after all: {error}")) from error
                raise
            for volume in still:
                intents.finish(table, volume)
            intents.finish(self._table, record, value=record_of(replace(group, status=Status.AVAILABLE)).value)
        return self.get(wanted.id)

    def _take_members(
        self,
        wanted: WantedGroup,
        held: Sequence[VolumeRecord],
        consistency: ConsistencyGroup | None,
        driver: Driver | None,
    ) -> Sequence[VolumeRecord]:
        """Take all of the snapshots; return the volumes as they are held now."""
        published = self._check_consistent(held)
        if consistency and driver:
            return self._together.take(driver, consistency, held, wanted.members)
        if published:
            msg = f"volume {published.name!r} was published meanwhile; ask again"
            raise OperationPending(msg)
        for member in wanted.members:
            self._snapshots.create(member)
        return held

    def _remove(self, record: KeyValueRecord, *, driver: Driver | None = None, holding: Collection[str] = ()) -> None:
        """Remove a group snapshot, however far it has come.

        Args:
            record: where it is recorded; the caller holds its id.
            driver: the caller's, where it has a slot of the back end.
            holding: the ids of the volumes that the caller holds.
        """
        going = replace(group_of(record), status=Status.DELETING)
        with self._engine.intents.taken(self._table, record, value=record_of(going).value) as held:
            if going.consistency:
                self._remove_together(going, going.consistency, driver, holding)
            else:
                for snapshot_id in going.members.values():
                    self._snapshots.delete(snapshot_id, with_group=True)
            self._engine.intents.forget(self._table, held)

    def _remove_together(
        self, going: Group, group: ConsistencyGroup, driver: Driver | None, holding: Collection[str]
    ) -> None:
        backend, inside = self._engine.backends.get(group.backend), self._together.inside(group)
        others = [volume.id for volume in inside if volume.id not in holding]
        slot = nullcontext(driver) if driver else backend.slot()
        with self._engine.inflight.hold(*others), slot as using:
            gone = self._together.remove(using, group, inside, going.members.values())
        for snapshot in gone:
            self._snapshots.bury(snapshot)

    def _check_consistent(self, volumes: Sequence[VolumeRecord]) -> VolumeRecord | None:
        """Refuse volumes whose snapshots would not belong together; return one that is published, or None."""
        published = next((volume for volume in volumes if self._engine.connections_of(volume)), None)
        if published is None:
            return None
        names = {volume.backend for volume in volumes}
        if len(names) > 1:
            raise InUse(_inconsistent(published, "they span back ends"))
        abilities = self._engine.backends.get(published.backend).driver().abilities()
        if not abilities.consistent_groups:
            why = "its back end cannot take several volumes at one moment"
            because = f" ({abilities.no_groups_because})" if abilities.no_groups_because else ""
            raise InUse(_inconsistent(published, why + because))
        return published


def _begun(wanted: WantedGroup, consistency: ConsistencyGroup | None) -> Group:
    return Group(
        id=wanted.id,
        name=wanted.name,
        status=Status.CREATING,
        members={member.volume_id: member.id for member in wanted.members},
        created_at=time.time(),
        consistency=consistency,
    )


def _inconsistent(published: VolumeRecord, why: str) -> str:
    return (
        f"volume {published.name!r} is published, and {why}, so the snapshots would not belong together; "
        "unpublish the volumes first, or take single snapshots"
    )


def _check_fits(wanted: WantedGroup, found: Group) -> None:
    volumes = {member.volume_id for member in wanted.members}
    if volumes != set(found.members):
        msg = (
            f"group snapshot {wanted.name!r} is of volumes {sorted(found.members)}, "
            f"of {sorted(volumes)} wanted; use another name"
        )
        raise AlreadyExists(msg)


def _check_members(group: Group, snapshot_ids: Sequence[str]) -> None:
    members = set(group.members.values())
    if snapshot_ids and set(snapshot_ids) != members:
        msg = f"group snapshot {group.name!r} has the snapshots {sorted(members)}, not {sorted(snapshot_ids)}"
        raise InvalidRequest(msg)
