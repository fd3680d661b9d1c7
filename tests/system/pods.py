"""What a kubelet does for a pod, and what the pod does with its volume."""

import hashlib
import os

import grpc

from csi.client import mounted
from tests.waiting import eventually


class Pod:
    """A user of one volume, at the paths where a kubelet would have it."""

    def __init__(self, client, folder, volume_id, *, capability=None, readonly=False):
        self.client = client
        self.volume_id = volume_id
        self.capability = capability or mounted()
        self.readonly = readonly
        self.staging = folder / "staging"
        self.target = folder / "target"
        self.staging.mkdir(parents=True)
        self.context = {}

    def start(self):
        self.publish()
        self.stage()
        self.mount()
        return self

    def publish(self):
        self.context = when_free(
            lambda: self.client.publish(self.volume_id, capability=self.capability, readonly=self.readonly)
        )

    def stage(self):
        self.client.stage(self.volume_id, self.staging, self.context, capability=self.capability)

    def mount(self):
        self.client.mount(
            self.volume_id,
            self.staging,
            self.target,
            self.context,
            capability=self.capability,
            readonly=self.readonly,
        )

    def stop(self):
        self.client.unmount(self.volume_id, self.target)
        self.client.unstage(self.volume_id, self.staging)
        when_free(lambda: self.client.unpublish(self.volume_id))

    def clear(self):
        """Take everything away, with whatever driver serves now; all of it may be gone already."""
        self.stop()

    def write(self, name="data", size_bytes=8 * 2**20):
        """Write random data, fsynced; return its checksum."""
        content = os.urandom(size_bytes)
        with (self.target / name).open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        return hashlib.sha256(content).hexdigest()

    def checksum(self, name="data"):
        with (self.target / name).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def size_bytes(self):
        found = os.statvfs(self.target)
        return found.f_blocks * found.f_frsize


def when_free(call):
    """Make a call of the controller again while it is ABORTED: a driver that has just started exports volumes anew."""

    def answer():
        try:
            return (call(),)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.ABORTED:
                raise
            return None

    return eventually(answer)[0]
