"""Groups of volumes as an array has them, for the driver in memory: as strict, and as merciless, as real ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
