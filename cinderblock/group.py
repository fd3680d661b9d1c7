"""Group snapshots: several volumes as they were at one moment, all of them or none.

Volumes that are not published stand still, so their snapshots belong together
whoever takes them. Published ones are taken at one moment only by a driver that
has Cinder's consistent groups; otherwise the wish is refused.
"""

import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

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
from cinderblock.outcome import never_final
from cinderblock.snapshot import Snapshots
from cinderblock.volume import Volumes
from cinderblock.wanted import WantedGroup
from persistence.records import KeyValueRecord, SnapshotRecord, Status, VolumeRecord

_PREFIX = "group-snapshot/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group snapshot; `members` maps each volume's id to that of its snapshot."""

    id: str
    name: str
    status: Status
    members: dict[str, str]
    created_at: float


class Groups:
    """Verbs on group snapshots; each may be repeated until it succeeds.

    Every verb may raise `OperationPending`, `RecordChanged`, `StoreUnavailable`
    and `BackendUnavailable`; each means: ask again.
    """

    def __init__(self, engine: Engine, volumes: Volumes, snapshots: Snapshots) -> None:
        self._engine = engine
        self._volumes = volumes
        self._snapshots = snapshots
        self._table = engine.store.key_values

    def get(self, group_id: str, snapshot_ids: Sequence[str] = ()) -> tuple[Group, list[SnapshotRecord]]:
        """Return a group snapshot that was taken completely, and its snapshots.

        Raises:
            NotFound: there is none of this id.
            InvalidRequest: `snapshot_ids` are given and are not its members.
        """
        record = self._table.get(_PREFIX + group_id)
        group = _group(record) if record else None
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
        with self._engine.inflight.hold(_PREFIX + wanted.id, *volume_ids):
            record = self._table.get(_PREFIX + wanted.id)
            if record is not None:
                self._engine.intents.check(record)
                found = _group(record)
                if found.status is Status.AVAILABLE:
                    _check_fits(wanted, found)
                    return self.get(wanted.id)
                with never_final(f"clearing away what is left of group snapshot {wanted.name!r}"):
                    self._remove(record)
            volumes = [self._volumes.get(volume_id) for volume_id in volume_ids]
            self._check_consistent(volumes)
            return self._take(wanted, volumes)

    def delete(self, group_id: str, snapshot_ids: Sequence[str] = ()) -> None:
        """Remove a group snapshot and all of its snapshots; one that is absent is success.

        Raises:
            InvalidRequest: `snapshot_ids` are given and are not its members.
            InUse: the back end needs one of them.
        """
        with self._engine.inflight.hold(_PREFIX + group_id):
            record = self._table.get(_PREFIX + group_id)
            if record is not None:
                _check_members(_group(record), snapshot_ids)
                self._remove(record)

    def _take(self, wanted: WantedGroup, volumes: Sequence[VolumeRecord]) -> tuple[Group, list[SnapshotRecord]]:
        intents, table = self._engine.intents, self._engine.store.volumes
        group = Group(
            id=wanted.id,
            name=wanted.name,
            status=Status.CREATING,
            members={member.volume_id: member.id for member in wanted.members},
            created_at=time.time(),
        )
        with ExitStack() as stack:
            record = stack.enter_context(intents.opened(self._table, _record(group)))
            try:
                # From here on no other process publishes or changes the volumes.
                still = [stack.enter_context(intents.taken(table, volume)) for volume in volumes]
                self._check_consistent(still)
                if any(self._engine.connections_of(volume) for volume in still):
                    self._snapshots.create_at_once(wanted.members)
                else:
                    for member in wanted.members:
                        self._snapshots.create(member)
            except (BackendUnavailable, OperationPending):
                raise
            except (CinderblockError, NotImplementedError):
                # Whoever asked takes this answer for "nothing was taken", so make it true.
                with never_final(f"taking back group snapshot {wanted.name!r}"):
                    self._remove(record)
                raise
            for volume in still:
                intents.finish(table, volume)
            intents.finish(self._table, record, value=_record(replace(group, status=Status.AVAILABLE)).value)
        return self.get(wanted.id)

    def _remove(self, record: KeyValueRecord) -> None:
        going = replace(_group(record), status=Status.DELETING)
        with self._engine.intents.taken(self._table, record, value=_record(going).value) as held:
            for snapshot_id in going.members.values():
                self._snapshots.delete(snapshot_id, with_group=True)
            self._engine.intents.forget(self._table, held)

    def _check_consistent(self, volumes: Sequence[VolumeRecord]) -> None:
        published = [volume for volume in volumes if self._engine.connections_of(volume)]
        if not published:
            return
        names = {volume.backend for volume in volumes}
        able = all(self._engine.backends.get(name).driver().abilities().consistent_groups for name in names)
        if able and len(names) == 1:
            return
        why = "its back end cannot take several volumes at one moment" if len(names) == 1 else "they span back ends"
        msg = (
            f"volume {published[0].name!r} is published, and {why}, so the snapshots would not belong together; "
            "unpublish the volumes first, or take single snapshots"
        )
        raise InUse(msg)


def _record(group: Group) -> KeyValueRecord:
    content = {"name": group.name, "status": group.status, "members": group.members}
    return KeyValueRecord(id=_PREFIX + group.id, created_at=group.created_at, value=json.dumps(content))


def _group(record: KeyValueRecord) -> Group:
    content = json.loads(record.value)
    return Group(
        id=record.id.removeprefix(_PREFIX),
        name=content["name"],
        status=Status(content["status"]),
        members=content["members"],
        created_at=record.created_at,
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
