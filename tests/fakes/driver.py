"""A driver in memory, which fails, or waits, when it is told to.

It keeps the contract of `cinderblock.driver.Driver` as strictly as an array:
what it was not asked to make it does not know, and a create that is repeated fails.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from cinderblock.driver import Abilities, Manageable, Pool, Reference, Update
from cinderblock.errors import BackendUnavailable, InUse, InvalidRequest, OutOfSpace
from persistence.records import ConnectionRecord, Json, SnapshotRecord, Specs, VolumeRecord
from tests.fakes.array_groups import ArrayGroups, GroupVerbs
from tests.fakes.disturbance import Disturbance


@dataclass
class Disk:
    """A volume or a snapshot: its size, and its bytes by where they begin."""

    size_gib: int
    data: dict[int, bytes] = field(default_factory=dict)
    exports: set[str] = field(default_factory=set)

    def copy(self, size_gib: int) -> "Disk":
        return Disk(size_gib=size_gib, data=dict(self.data))


class FakeDriver(GroupVerbs):
    """The port `Driver` over a dictionary; `calls` lists every verb with the cinder_id it was for.

    Args:
        name: the pool's name.
        capacity_gib: creates beyond it raise OutOfSpace.
        abilities: what it says of itself, and keeps to: `snapshots_depend` makes a volume's delete refuse.
        chap: volumes get a `provider_auth` when they are exported.
        doubles: a create that is repeated makes a second volume of that name instead of failing, as some
            arrays do; nobody can delete it by its name any more, so it is listed in `lost`.

    What must never be asked of a driver is listed in `violations`, in words.
    """

    def __init__(
        self,
        *,
        name: str = "fake",
        capacity_gib: float = 1024,
        abilities: Abilities | None = None,
        chap: bool = False,
        doubles: bool = False,
    ) -> None:
        self.calls: list[tuple[str, str]] = []
        self.volumes: dict[str, Disk] = {}
        self.snapshots: dict[str, Disk] = {}
        self.origins: dict[str, str] = {}
        #: What the array has of its own, by name: `manage` renames it to what the record says.
        self.foreign: dict[str, Disk] = {}
        #: What volumes ask of the array, by cinder_id, once it was changed.
        self.specs: dict[str, Specs] = {}
        #: For each revert whether it was said to be one more.
        self.reverted: list[bool] = []
        self.lost: list[str] = []
        self.violations: list[str] = []
        self.groups = ArrayGroups(doubles=doubles, lost=self.lost, violations=self.violations)
        self.closed = False
        self._doubles = doubles
        self._name = name
        self._capacity_gib = capacity_gib
        self._abilities = abilities or Abilities(snapshots_depend=False)
        self._chap = chap
        self._disturbance = Disturbance()
        self.fail, self.fail_no_more = self._disturbance.fail, self._disturbance.fail_no_more
        self.hold = self._disturbance.hold
        self._lock = threading.RLock()

    # --- for tests

    def write(self, cinder_id: str, offset: int, data: bytes) -> None:
        self.volumes[cinder_id].data[offset] = data

    def read(self, cinder_id: str, offset: int, length: int) -> bytes:
        return self.volumes[cinder_id].data.get(offset, bytes(length))[:length]

    # --- the port

    def abilities(self) -> Abilities:
        return self._abilities

    def pools(self) -> Sequence[Pool]:
        with self._effect("pools", ""):
            return (
                Pool(
                    name=self._name,
                    total_gib=self._capacity_gib,
                    free_gib=self._capacity_gib - self._used_gib(),
                    provisioned_gib=self._used_gib(),
                    multiattach=self._abilities.multiattach,
                ),
            )

    def stats(self) -> Mapping[str, Json]:
        with self._effect("stats", ""):
            return {"vendor_name": "Fake", "total_capacity_gb": self._capacity_gib, "multiattach": self._chap}

    def create(self, volume: VolumeRecord) -> Update:
        with self._effect("create", volume.cinder_id):
            self._add(volume, Disk(size_gib=volume.size_gib))
        return {}

    def create_from_snapshot(self, volume: VolumeRecord, snapshot: SnapshotRecord) -> Update:
        with self._effect("create_from_snapshot", volume.cinder_id):
            self._add(volume, self._known(self.snapshots, snapshot.cinder_id).copy(volume.size_gib))
        return {}

    def clone(self, volume: VolumeRecord, source: VolumeRecord) -> Update:
        with self._effect("clone", volume.cinder_id):
            self._note_disturbed(source.cinder_id)
            self._add(volume, self._known(self.volumes, source.cinder_id).copy(volume.size_gib))
        return {}

    def delete(self, volume: VolumeRecord) -> None:
        with self._effect("delete", volume.cinder_id):
            if self._abilities.snapshots_depend and volume.cinder_id in self.origins.values():
                raise InUse(f"volume '{volume.name}' has snapshots; delete them first")
            if volume.cinder_id in self.volumes and self.volumes[volume.cinder_id].exports:
                self.violations.append(f"volume '{volume.name}' was deleted while it was published")
            self.groups.check_free(volume.cinder_id)
            self.volumes.pop(volume.cinder_id, None)

    def extend(self, volume: VolumeRecord, size_gib: int) -> Update:
        with self._effect("extend", volume.cinder_id):
            disk = self._known(self.volumes, volume.cinder_id)
            self._check_room(size_gib - disk.size_gib)
            disk.size_gib = max(disk.size_gib, size_gib)
        return {}

    def create_snapshot(self, snapshot: SnapshotRecord) -> Update:
        with self._effect("create_snapshot", snapshot.cinder_id):
            self._note_disturbed(snapshot.volume_cinder_id)
            self._take(snapshot)
        return {}

    def delete_snapshot(self, snapshot: SnapshotRecord) -> None:
        with self._effect("delete_snapshot", snapshot.cinder_id):
            self._note_disturbed(snapshot.volume_cinder_id)
            self.groups.check_alone(snapshot.cinder_id)
            self._drop(snapshot.cinder_id)

    def revert(self, volume: VolumeRecord, snapshot: SnapshotRecord, *, again: bool) -> Update:
        self.reverted.append(again)
        with self._effect("revert", volume.cinder_id):
            disk = self._known(self.volumes, volume.cinder_id)
            if disk.exports:
                self.violations.append(f"volume '{volume.name}' was reverted while it was published")
            disk.data = dict(self._known(self.snapshots, snapshot.cinder_id).data)
        return {}

    def retype(self, volume: VolumeRecord, specs: Specs) -> Update:
        with self._effect("retype", volume.cinder_id):
            self._known(self.volumes, volume.cinder_id)
            if "impossible" in specs.extra:
                raise InvalidRequest("this array does not do the impossible")
            self.specs[volume.cinder_id] = specs
        return {"retyped": True}

    def reference(self, record: VolumeRecord | SnapshotRecord) -> Reference:
        return {"source-name": f"{'snapshot' if isinstance(record, SnapshotRecord) else 'volume'}-{record.cinder_id}"}

    def size_gib_of(self, record: VolumeRecord | SnapshotRecord, reference: Reference) -> int:
        with self._effect("size_gib_of", record.cinder_id):
            disks, name = self._named(record, reference)
            return disks[name].size_gib

    def manage(self, record: VolumeRecord | SnapshotRecord, reference: Reference) -> Update:
        with self._effect("manage", record.cinder_id):
            disks, name = self._named(record, reference)
            ours: dict[str, Disk] = self.snapshots if isinstance(record, SnapshotRecord) else self.volumes
            self._check_new(ours, record.cinder_id)
            ours[record.cinder_id] = disks.pop(name)
            if isinstance(record, SnapshotRecord):
                self.origins.pop(name, None)
                self.origins[record.cinder_id] = record.volume_cinder_id
        return {"provider_id": f"managed as {record.cinder_id}"}

    def unmanage(self, record: VolumeRecord | SnapshotRecord) -> None:
        with self._effect("unmanage", record.cinder_id):
            ours: dict[str, Disk] = self.snapshots if isinstance(record, SnapshotRecord) else self.volumes
            if record.cinder_id in ours:
                self.groups.check_free(record.cinder_id)
                if ours[record.cinder_id].exports:
                    self.violations.append(f"'{record.name}' was unmanaged while it was published")
                self.foreign[self.reference(record)["source-name"]] = ours.pop(record.cinder_id)
                self.origins.pop(record.cinder_id, None)

    def manageable_volumes(self, volumes: Sequence[VolumeRecord]) -> Sequence[Manageable]:
        with self._effect("manageable_volumes", ""):
            return [
                Manageable(reference={"source-name": name}, size_gib=disk.size_gib)
                for name, disk in sorted(self.foreign.items())
            ]

    def validate_connector(self, connector: Mapping[str, Json]) -> None:
        with self._effect("validate_connector", str(connector.get("host", ""))):
            if not connector.get("host"):
                raise InvalidRequest("the connector has no host; the node must say its name")

    def connect(self, volume: VolumeRecord, connection: ConnectionRecord) -> tuple[Update, Mapping[str, Json]]:
        with self._effect("connect", volume.cinder_id):
            exports = self._known(self.volumes, volume.cinder_id).exports
            if exports - {connection.cinder_id} and not volume.multiattach:
                self.violations.append(f"volume '{volume.name}' was published twice")
            exports.add(connection.cinder_id)
        auth = volume.provider_auth or f"CHAP fake secret-of-{volume.cinder_id}"
        data: dict[str, Json] = {"volume": volume.cinder_id}
        if self._chap:
            data["auth_password"] = auth.split()[-1]
        return ({"provider_auth": auth} if self._chap else {}), {"driver_volume_type": "fake", "data": data}

    def disconnect(self, volume: VolumeRecord, connection: ConnectionRecord, *, last: bool) -> None:
        with self._effect("disconnect", volume.cinder_id):
            disk = self.volumes.get(volume.cinder_id, Disk(size_gib=0))
            disk.exports.discard(connection.cinder_id)
            if last:
                disk.exports.clear()

    def ensure_export(self, volume: VolumeRecord) -> Update:
        with self._effect("ensure_export", volume.cinder_id):
            self._known(self.volumes, volume.cinder_id)
        return {}

    def update_metadata(self, volume: VolumeRecord) -> None:
        with self._effect("update_metadata", volume.cinder_id):
            pass

    def close(self) -> None:
        self.closed = True

    # --- inside

    @contextmanager
    def _effect(self, verb: str, cinder_id: str) -> Iterator[None]:
        if self.closed:
            raise BackendUnavailable(f"back end '{self._name}' was closed; open it again")
        self.calls.append((verb, cinder_id))
        with self._disturbance.around(verb), self._lock:
            yield

    def _note_disturbed(self, cinder_id: str) -> None:
        if self._abilities.copies_disturb and self.volumes.get(cinder_id, Disk(size_gib=0)).exports:
            self.violations.append(f"volume {cinder_id} was published while a copy of it was made or removed")

    def _add(self, volume: VolumeRecord, disk: Disk) -> None:
        self._check_new(self.volumes, volume.cinder_id)
        self._check_room(disk.size_gib)
        self.volumes[volume.cinder_id] = disk

    def _take(self, snapshot: SnapshotRecord) -> None:
        source = self._known(self.volumes, snapshot.volume_cinder_id)
        self._check_new(self.snapshots, snapshot.cinder_id)
        self.snapshots[snapshot.cinder_id] = source.copy(source.size_gib)
        self.origins[snapshot.cinder_id] = snapshot.volume_cinder_id

    def _drop(self, cinder_id: str) -> None:
        self.snapshots.pop(cinder_id, None)
        self.origins.pop(cinder_id, None)

    def _check_new(self, disks: dict[str, Disk], cinder_id: str) -> None:
        if cinder_id not in disks:
            return
        if not self._doubles:
            raise RuntimeError(f"{cinder_id} exists on the array")
        self.lost.append(cinder_id)

    def _named(self, record: VolumeRecord | SnapshotRecord, reference: Reference) -> tuple[dict[str, Disk], str]:
        """Return where the array has what it calls so, and under which key."""
        name = reference.get("source-name", "")
        kind, _, cinder_id = name.partition("-")
        ours = {"volume": self.volumes, "snapshot": self.snapshots}.get(kind, {})
        if name in self.foreign:
            return self.foreign, name
        if cinder_id in ours and (kind == "snapshot") is isinstance(record, SnapshotRecord):
            return ours, cinder_id
        raise InvalidRequest(f"there is no {name!r} on the array")

    def _known(self, disks: dict[str, Disk], cinder_id: str) -> Disk:
        if cinder_id not in disks:
            raise BackendUnavailable(f"there is no {cinder_id} on the array; was it deleted behind our back?")
        return disks[cinder_id]

    def _check_room(self, more_gib: float) -> None:
        free_gib = self._capacity_gib - self._used_gib()
        if more_gib > free_gib:
            raise OutOfSpace(f"pool '{self._name}' has {free_gib} GiB left, {more_gib} GiB wanted; delete something")

    def _used_gib(self) -> float:
        return float(sum(disk.size_gib for disk in self.volumes.values()))
