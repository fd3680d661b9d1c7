"""What a cluster asks of the driver, before and after the power cut, and what its volumes are to have.

Every call follows from its verb and one name, so that it can be repeated by
who knows only these two.
"""

import grpc

from cinderblock.units import GIB
from csi import ids
from csi.proto import csi_pb2
from tests.guest import machine
from tests.waiting import eventually

#: The volume that is written to all the time.
APPLICATION = "application"
#: The volume that comes and goes with its mounts.
POD = "pod"
#: The snapshots of the application's volume; each is restored, and the restored volume cloned.
COPIES = (1, 2, 3)

#: Where the disk is mounted that the power cut leaves; the driver's folder is on it, and what a kubelet has.
DISK = machine.RUN / "disk"
FOLDER = DISK / "cinderblock"

#: The driver imports Cinder anew, in a guest.
START_S = 120.0
#: "Ask again", as the sidecars and the kubelet read it.
_PASSING = (grpc.StatusCode.ABORTED, grpc.StatusCode.UNAVAILABLE)
_PATIENCE_S = 60.0


def source(name):
    """Return what an object is made from, or ""."""
    kind, _, number = name.partition("-")
    return {"snapshot": APPLICATION, "restored": f"snapshot-{number}", "cloned": f"restored-{number}"}.get(kind, "")


def object_id(name):
    """Return the id of a volume or a snapshot."""
    return ids.snapshot_id(name) if name.startswith("snapshot-") else ids.volume_id(name)


def place(name):
    """Return where a kubelet would have a volume."""
    return FOLDER / "pods" / name


def file(name):
    """Return the ledger that a pod keeps on its volume."""
    return place(name) / "target" / "ledger"


def started(process):
    """Start the driver and wait for its back end; return a client."""
    client = process.start(timeout_s=START_S)

    def has_room():
        try:
            return client.controller.GetCapacity(csi_pb2.GetCapacityRequest(), timeout=START_S).available_capacity > 0
        except grpc.RpcError:
            return False

    eventually(has_room, timeout_s=START_S, poll_s=1.0)
    return client


class Cluster:
    """Makes calls until they succeed; `contexts` is what publishing has answered, by name."""

    def __init__(self, client, contexts=()):
        self._client = client
        self.contexts = dict(contexts)

    def ask(self, verb, name):
        """Make a call, again while the answer is that it is not done yet."""

        def done():
            try:
                getattr(self, f"_{verb}")(name)
            except grpc.RpcError as error:
                if error.code() not in _PASSING:
                    raise
                return False
            return True

        eventually(done, timeout_s=_PATIENCE_S, poll_s=0.1)

    def objects(self):
        """Return the ids of all volumes and snapshots."""
        snapshots = self._client.controller.ListSnapshots(csi_pb2.ListSnapshotsRequest(), timeout=_PATIENCE_S).entries
        return {each.volume_id for each in self._client.volumes()} | {each.snapshot.snapshot_id for each in snapshots}

    def _create(self, name):
        made_from = source(name)
        kind = "snapshot_id" if made_from.startswith("snapshot-") else "volume_id"
        self._client.create(name, GIB, **({kind: object_id(made_from)} if made_from else {}))

    def _delete(self, name):
        self._client.delete(object_id(name))

    def _snapshot(self, name):
        self._client.snapshot(name, object_id(source(name)))

    def _delete_snapshot(self, name):
        self._client.delete_snapshot(object_id(name))

    def _publish(self, name):
        self.contexts[name] = self._client.publish(object_id(name))

    def _unpublish(self, name):
        self._client.unpublish(object_id(name))
        self.contexts.pop(name, None)

    def _stage(self, name):
        staging = place(name) / "staging"
        staging.mkdir(parents=True, exist_ok=True)
        self._client.stage(object_id(name), staging, self.contexts[name])

    def _unstage(self, name):
        self._client.unstage(object_id(name), place(name) / "staging")

    def _mount(self, name):
        self._client.mount(object_id(name), place(name) / "staging", place(name) / "target", self.contexts[name])

    def _unmount(self, name):
        self._client.unmount(object_id(name), place(name) / "target")
