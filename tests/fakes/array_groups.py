"""Groups of volumes as an array has them, for the driver in memory: as strict, and as merciless, as real ones."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from cinderblock.driver import Abilities, Update
from cinderblock.grouped import ConsistencyGroup
from persistence.records import SnapshotRecord, VolumeRecord


@dataclass
class ArrayGroup:
    """The volumes that are in it, and the snapshots that were taken of it, by the volume."""

    volumes: set[str] = field(default_factory=set)
    snapshots: dict[str, str] = field(default_factory=dict)


class ArrayGroups:
    """`there` has every group by its id.

    What must never be asked for is listed in `violations`, in words; what nobody can reach any more in `lost`.
    """

    def __init__(self, *, doubles: bool, lost: list[str], violations: list[str]) -> None:
        self.there: dict[str, ArrayGroup] = {}
        self._doubles = doubles
        self._lost = lost
        self._violations = violations

    def create(self, group_id: str) -> None:
        if group_id in self.there:
            if not self._doubles:
                raise RuntimeError(f"group {group_id} exists on the array")
            self._lost.append(group_id)
        self.there[group_id] = ArrayGroup()

    def join(self, group_id: str, volume_id: str) -> None:
        others = [other for other, group in self.there.items() if volume_id in group.volumes]
        if others:
            self._violations.append(f"volume {volume_id} is in {others} and was to join {group_id}")
        self.there[group_id].volumes.add(volume_id)

    def leave(self, group_id: str, volume_ids: set[str]) -> None:
        self.there[group_id].volumes -= volume_ids

    def take(self, group_id: str, taken: Mapping[str, str]) -> None:
        group = self.there[group_id]
        if group.volumes != taken.keys():
            self._violations.append(f"group {group_id} has {group.volumes}, and {taken} was to be taken of it")
        group.snapshots |= taken

    def drop(self, group_id: str) -> list[str]:
        """Forget the snapshots of a group; return them."""
        group = self.there.get(group_id, ArrayGroup())
        dropped, group.snapshots = list(group.snapshots.values()), {}
        return dropped

    def delete(self, group_id: str) -> tuple[set[str], list[str]]:
        """Remove a group; return the volumes and the snapshots that go with it."""
        gone = self.there.pop(group_id, ArrayGroup())
        if gone.volumes or gone.snapshots:
            self._violations.append(f"group {group_id} was deleted with {gone}")
        return gone.volumes, list(gone.snapshots.values())

    def check_free(self, volume_id: str) -> None:
        if any(volume_id in group.volumes for group in self.there.values()):
            self._violations.append(f"volume {volume_id} was deleted while it was in a group")

    def check_alone(self, snapshot_id: str) -> None:
        if any(snapshot_id in group.snapshots.values() for group in self.there.values()):
            self._violations.append(f"snapshot {snapshot_id} was deleted without its group")


class GroupVerbs:
    """The port's verbs on groups, for the driver in memory, which has all the rest."""

    groups: ArrayGroups
    volumes: dict[str, Any]

    def create_group(self, group: ConsistencyGroup) -> None:
        if not self.abilities().consistent_groups:
            raise NotImplementedError("this fake was made without consistent_groups")
        with self._effect("create_group", group.cinder_id):
            self.groups.create(group.cinder_id)

    def join_group(self, group: ConsistencyGroup, volumes: Sequence[VolumeRecord]) -> Sequence[Update]:
        with self._effect("join_group", group.cinder_id):
            for volume in volumes:
                self._known(self.volumes, volume.cinder_id)
                self.groups.join(group.cinder_id, volume.cinder_id)
        return [{"provider_id": f"joined-{group.cinder_id}"} for _ in volumes]

    def leave_group(self, group: ConsistencyGroup, volumes: Sequence[VolumeRecord]) -> Sequence[Update]:
        with self._effect("leave_group", group.cinder_id):
            self.groups.leave(group.cinder_id, {volume.cinder_id for volume in volumes})
        return [{} for _ in volumes]

    def create_group_snapshot(self, group: ConsistencyGroup, snapshots: Sequence[SnapshotRecord]) -> Sequence[Update]:
        with self._effect("create_group_snapshot", group.cinder_id):
            taken = {snapshot.volume_cinder_id: snapshot.cinder_id for snapshot in snapshots}
            self.groups.take(group.cinder_id, taken)
            for snapshot in snapshots:
                self._take(snapshot)
        return [{"provider_id": f"taken-{snapshot.cinder_id}"} for snapshot in snapshots]

    def delete_group_snapshot(self, group: ConsistencyGroup, snapshots: Sequence[SnapshotRecord]) -> None:
        with self._effect("delete_group_snapshot", group.cinder_id):
            # By what the array knows, as arrays do: without its group, nothing is found.
            for cinder_id in self.groups.drop(group.cinder_id):
                self._drop(cinder_id)

    def delete_group(self, group: ConsistencyGroup) -> None:
        with self._effect("delete_group", group.cinder_id):
            volumes, snapshots = self.groups.delete(group.cinder_id)
            for cinder_id in volumes:
                self.volumes.pop(cinder_id, None)
            for cinder_id in snapshots:
                self._drop(cinder_id)

    def abilities(self) -> Abilities:
        raise NotImplementedError

    def _effect(self, verb: str, cinder_id: str) -> AbstractContextManager[None]:
        raise NotImplementedError

    def _known(self, disks: dict[str, Any], cinder_id: str) -> object:
        raise NotImplementedError

    def _take(self, snapshot: SnapshotRecord) -> None:
        raise NotImplementedError

    def _drop(self, cinder_id: str) -> None:
        raise NotImplementedError
