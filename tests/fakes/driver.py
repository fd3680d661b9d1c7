"""A driver in memory, which fails, or waits, when it is told to.

It keeps the contract of `cinderblock.driver.Driver` as strictly as an array:
what it was not asked to make it does not know, and a create that is repeated fails.
"""

import math
import threading
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from cinderblock.driver import Abilities, Pool, Update
from cinderblock.errors import BackendUnavailable, InUse, InvalidRequest, OutOfSpace
from persistence.records import ConnectionRecord, Json, SnapshotRecord, VolumeRecord
from tests.fakes.array_groups import ArrayGroups, GroupVerbs

#: How long a call that is held waits before it gives the test up, in seconds.
_PATIENCE_S = 30.0


@dataclass
class Disk:
    """A volume or a snapshot: its size, and its bytes by where they begin."""

    size_gib: int
    data: dict[int, bytes] = field(default_factory=dict)
    exports: set[str] = field(default_factory=set)

    def copy(self, size_gib: int) -> "Disk":
        return Disk(size_gib=size_gib, data=dict(self.data))


class Hold:
    """Calls that wait inside of the driver: `entered` is set when one is there, `release()` lets them go."""

    def __init__(self, *, most: float) -> None:
        self.entered = threading.Event()
        self.inside = 0
        self._most = most
        self._lock = threading.Lock()
        self._free = threading.Event()

    def release(self) -> None:
        self._free.set()

    def wait(self) -> None:
        with self._lock:
            if self.inside >= self._most:
                return
            self.inside += 1
        self.entered.set()
        if not self._free.wait(_PATIENCE_S):
            raise AssertionError("a held call of the fake driver was never released")


@dataclass
class _Failure:
    error: BaseException
    after: bool


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
        self.lost: list[str] = []
        self.violations: list[str] = []
        self.groups = ArrayGroups(doubles=doubles, lost=self.lost, violations=self.violations)
        self.closed = False
        self._doubles = doubles
        self._name = name
        self._capacity_gib = capacity_gib
        self._abilities = abilities or Abilities(snapshots_depend=False)
        self._chap = chap
        self._failures: defaultdict[str, deque[_Failure]] = defaultdict(deque)
        self._holds: dict[str, Hold] = {}
        self._lock = threading.RLock()

    # --- for tests

    def fail(self, verb: str, error: BaseException, *, times: int = 1, after: bool = False) -> None:
        """Let the next calls of a verb raise this; `after` its effect, where the caller cannot know of it."""
        self._failures[verb].extend([_Failure(error, after)] * times)

    def fail_no_more(self) -> None:
        """Forget the failures that no call has met."""
        self._failures.clear()

    @contextmanager
    def hold(self, verb: str, *, most: float = math.inf) -> Iterator[Hold]:
        """Let the next calls of a verb wait inside of the driver until they are released, at most so many."""
        held = self._holds[verb] = Hold(most=most)
        try:
            yield held
        finally:
            del self._holds[verb]
            held.release()

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
            self._take(snapshot)
        return {}

    def delete_snapshot(self, snapshot: SnapshotRecord) -> None:
        with self._effect("delete_snapshot", snapshot.cinder_id):
            self.groups.check_alone(snapshot.cinder_id)
            self._drop(snapshot.cinder_id)

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
        held = self._holds.get(verb)
        if held is not None:
            held.wait()
        failure = self._failures[verb].popleft() if self._failures[verb] else None
        if failure is not None and not failure.after:
            raise failure.error
        with self._lock:
            yield
        if failure is not None:
            raise failure.error

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
