"""What a CO does, what it may expect to exist after that, and whether just that exists."""

from contextlib import contextmanager
from functools import partial

import grpc

from cinderblock.engine import every
from cinderblock.units import GIB
from csi import ids
from csi.client import mounted, raw
from csi.node.presence import MARKER
from csi.proto import csi_pb2
from persistence.sql import open_store
from tests.crash import facts
from tests.crash.tracer import MENDING
from tests.crowds.calls import Code, code_of
from tests.waiting import eventually

#: "Ask again", as the sidecars and the kubelet read it.
PASSING = (Code.ABORTED, Code.UNAVAILABLE)
#: For how long a call may be answered so before it is done.
PATIENCE_S = 10.0


class World:
    """The volumes of one driver: each verb makes its RPC and, once that has succeeded, expects its effect."""

    def __init__(self, process, volumes):
        self.process = process
        self.folder = process.folder
        self.client = process.start()
        self._files = volumes
        self._store = open_store(f"sqlite:///{self.folder}/state/cinderblock.db")
        self._patient = True
        self.volumes = {}
        self.capabilities = {}
        #: What was changed about volumes: metadata, extra specs and QoS specs.
        self.changed = {}
        self.snapshots = {}
        self.groups = set()
        self.published = {}
        self.staged = set()
        self.targets = set()

    # --- the life of a volume

    def create(self, name="volume", size_gib=1, *, capability=None, **source):
        self.capabilities[name] = capability or mounted()
        self._ask(lambda: self.client.create(name, size_gib * GIB, capability=self.capabilities[name], **source))
        self.volumes[name] = size_gib

    def restore(self, name, snapshot, size_gib=2):
        self.create(name, size_gib, snapshot_id=ids.snapshot_id(snapshot))

    def clone(self, name, source):
        self.create(name, volume_id=ids.volume_id(source))

    def delete(self, name="volume"):
        self._ask(lambda: self.client.delete(ids.volume_id(name)))
        self.volumes.pop(name, None)
        self.changed.pop(name, None)

    def modify(self, name="volume", tier="gold"):
        mutable = {"metadata/tier": tier, "extra-specs/tier": tier, "qos/tier": tier}
        self._ask(lambda: self.client.modify(ids.volume_id(name), mutable))
        self.changed[name] = {"tier": tier}

    def snapshot(self, name="snapshot", volume="volume"):
        self._ask(lambda: self.client.snapshot(name, ids.volume_id(volume)))
        self.snapshots[name] = ids.volume_id(volume)

    def delete_snapshot(self, name="snapshot"):
        self._ask(lambda: self.client.delete_snapshot(ids.snapshot_id(name)))
        self.snapshots.pop(name, None)

    def take_group(self, name="group", volumes=("volume", "other")):
        volume_ids = [ids.volume_id(volume) for volume in volumes]
        request = csi_pb2.CreateVolumeGroupSnapshotRequest(name=name, source_volume_ids=volume_ids)
        taken = self._ask(lambda: self.client.groups.CreateVolumeGroupSnapshot(request, timeout=30)).group_snapshot
        assert {snapshot.source_volume_id for snapshot in taken.snapshots} == set(volume_ids)
        self.groups.add(name)
        self.snapshots |= {f"{name}/{number}": volume_id for number, volume_id in enumerate(sorted(volume_ids))}

    def delete_group(self, name="group"):
        request = csi_pb2.DeleteVolumeGroupSnapshotRequest(group_snapshot_id=ids.group_snapshot_id(name))
        self._ask(lambda: self.client.groups.DeleteVolumeGroupSnapshot(request, timeout=30))
        self.groups.discard(name)
        self.snapshots = {each: of for each, of in self.snapshots.items() if not each.startswith(f"{name}/")}

    def publish(self, name="volume"):
        publish = partial(self.client.publish, ids.volume_id(name), capability=self.capabilities[name])
        self.published[name] = self._ask(publish)

    def unpublish(self, name="volume"):
        self._ask(lambda: self.client.unpublish(ids.volume_id(name)))
        self.published.pop(name, None)

    def stage(self, name="volume"):
        self.staging(name).mkdir(exist_ok=True)
        context, capability = self.published[name], self.capabilities[name]
        self._ask(lambda: self.client.stage(ids.volume_id(name), self.staging(name), context, capability=capability))
        self.staged.add(name)

    def unstage(self, name="volume"):
        self._ask(lambda: self.client.unstage(ids.volume_id(name), self.staging(name)))
        self.staged.discard(name)

    def mount(self, name="volume"):
        places, capability = (self.staging(name), self.target(name)), self.capabilities[name]
        context = self.published[name]
        self._ask(lambda: self.client.mount(ids.volume_id(name), *places, context, capability=capability))
        self.targets.add(name)

    def unmount(self, name="volume"):
        self._ask(lambda: self.client.unmount(ids.volume_id(name), self.target(name)))
        self.targets.discard(name)

    def grow(self, name="volume", size_gib=2):
        """The controller's half of an expansion."""
        request = csi_pb2.ControllerExpandVolumeRequest(volume_id=ids.volume_id(name))
        request.capacity_range.required_bytes = size_gib * GIB
        self._ask(lambda: self.client.controller.ControllerExpandVolume(request, timeout=30))
        self.volumes[name] = size_gib

    def expand(self, name="volume", size_gib=2):
        places = self.target(name), self.staging(name)
        self._ask(lambda: self.client.expand(ids.volume_id(name), size_gib * GIB, *places))
        self.volumes[name] = size_gib

    def clear(self):
        """Take everything back, in the order of a CO."""
        for name in [*self.targets]:
            self.unmount(name)
        for name in [*self.staged]:
            self.unstage(name)
        for name in [*self.published]:
            self.unpublish(name)
        for name in [*self.groups]:
            self.delete_group(name)
        for name in [*self.snapshots]:
            self.delete_snapshot(name)
        for name in [*self.volumes]:
            self.delete(name)

    def staging(self, name):
        return self.folder / f"staging-{name}"

    def target(self, name):
        return self.folder / f"target-{name}"

    def shown(self, name):
        """Return where a staged volume is mounted, or its device bound."""
        return self.staging(name) / MARKER if self.capabilities[name] == raw() else self.staging(name)

    # --- crashes

    def cut_off(self, work, kill_at, call):
        """Have the driver killed at a point of a call, and start it again.

        Returns the point, or "" when the call was done before it came to that many.
        """
        point = self.kill(work, kill_at, call)
        if point:
            self.restart()
        return point

    def kill(self, work, kill_at, call):
        """Have the driver killed at a point of a call, as `cut_off` does, and leave it dead."""
        self.process.plan.arm(work, kill_at)
        if self.code_of(call) is not Code.OK:
            assert self.process.killed()
        points = self.process.plan.disarm()
        return points[-1] if len(points) == kill_at else ""

    @contextmanager
    def lingering(self, program, call):
        """Have the driver killed while a call waits for a program, which lingers, and start it again.

        Gives a function that lets the program go on.
        """
        self.process.left.arm(program)
        assert self.code_of(call) is not Code.OK
        assert self.process.killed()
        with self.process.left.behind() as go_on:
            self.restart()
            yield go_on

    def code_of(self, call):
        """Make a call once, whatever it is answered; return the code of that."""
        self._patient = False
        try:
            return code_of(partial(call, self))
        finally:
            self._patient = True

    def kill_while_mending(self, backend, kill_at):
        """Start the driver and have it killed at a point of what it does then by itself; leave it dead.

        Returns the point, or "" when everything was mended before it came to that many; then the driver lives.
        """
        self.process.plan.arm(f"{MENDING}{backend}", kill_at)
        self.restart()
        eventually(lambda: len(self.process.plan.reached()) == kill_at or facts.unfinished(self._store) == [])
        points = self.process.plan.disarm()
        if len(points) < kill_at:
            return ""
        assert self.process.killed()
        return points[-1]

    def restart(self):
        self.client.close()
        self.client = self.process.start()

    def close(self):
        self.client.close()
        self._store.close()

    # --- what there is

    def check(self):
        """Everything agrees, as soon as what the driver mends by itself is mended."""
        eventually(self._agrees)

    def check_nothing_held(self):
        """Nothing is in work, by the records."""
        assert facts.owned(self._store) == []

    def found(self):
        """Return what there is on the back end, on the machine and in the journal."""
        return facts.found(self.folder, self._files)

    def _agrees(self):
        assert facts.unfinished(self._store) == []
        volumes = {volume.name: volume.size_gib for volume in self._named()}
        assert volumes == self.volumes
        for volume in self._named():
            assert {*map(str, facts.asked(volume))} == {str(self.changed.get(volume.name, {}))}
        assert {snapshot.name: snapshot.volume_id for snapshot in every(self._store.snapshots)} == self.snapshots
        assert facts.groups(self._store) == set(map(ids.group_snapshot_id, self.groups))
        connected = {connection.volume_id for connection in every(self._store.connections)}
        assert connected == set(map(ids.volume_id, self.published))
        assert self.found() == facts.Facts(
            objects=facts.recorded(self._store),
            loops=sorted(str(self._files / f"volume-{self._named(name).cinder_id}") for name in self.staged),
            mounts=sorted(map(str, [*map(self.target, self.targets), *map(self.shown, self.staged)])),
            journal={
                ids.volume_id(name): {"staged": True} | ({str(self.target(name)): True} if name in self.targets else {})
                for name in self.staged
            },
        )
        assert {each.volume_id: each.capacity_bytes // GIB for each in self.client.volumes()} == {
            ids.volume_id(name): size_gib for name, size_gib in self.volumes.items()
        }
        return True

    def _named(self, name=""):
        """Return the records that a CO knows: a tombstone has no name any more."""
        known = [volume for volume in every(self._store.volumes) if volume.id != volume.cinder_id]
        return next(volume for volume in known if volume.name == name) if name else known

    # --- asking

    def _ask(self, call):
        return eventually(lambda: self._asked(call), timeout_s=PATIENCE_S)[0] if self._patient else call()

    def _asked(self, call):
        try:
            return (call(),)
        except grpc.RpcError as error:
            if error.code() not in PASSING:
                raise
            raise AssertionError("the driver always said to ask again") from error
