"""A driver with volumes in use: what garbage is thrown at, and what must be as before when it was thrown."""

from pathlib import Path

import grpc
from google.protobuf.message import Message

from cinderblock.units import GIB
from csi.client import raw
from csi.driver_process import DriverProcess
from csi.node import mounts
from csi.proto import csi_pb2, csi_pb2_grpc
from tests.robustness.witness import backing_files, listing, mounted_below
from tests.system.pods import Pod

#: Files that garbage names, or that a wrong mount would hide.
_MACHINE = ("/etc/passwd", "/etc/hosts", "/proc/sys/kernel/ostype")
_CONTENT = "somebody else's\n"
#: Where tests that run beside this one mount things.
_TEMPORARY = ("/tmp/", "/var/tmp/")


class World:
    """One driver process; volumes that are kept, and spare ones that requests may take apart."""

    def __init__(self, folder: Path, *, config: Path | None = None, arguments: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.process = DriverProcess(folder, config=config, arguments=arguments)
        self.client = self.process.start()
        self.channel = grpc.insecure_channel(self.process.endpoint, options=[("grpc.default_authority", "localhost")])
        self._groups = csi_pb2_grpc.GroupControllerStub(self.channel)
        self.canary = _canary(folder / "canary")
        self.given = folder / "given"
        self.staging, self.target = self.given / "staging", self.given / "target"
        self.staging.mkdir(parents=True)
        self.kept = Pod(self.client, folder / "kept", self.client.create("kept", GIB).volume_id).start()
        self.kept.write()
        device_id = self.client.create("kept-raw", GIB, capability=raw()).volume_id
        self.device = Pod(self.client, folder / "kept-raw", device_id, capability=raw()).start()
        self.device.target.write_bytes(b"raw")
        self.node_id = self.client.node.NodeGetInfo(csi_pb2.NodeGetInfoRequest()).node_id
        # Never mounted: a snapshot is a copy here, and a file system that still makes itself would not hold still.
        self.growing_id = self.client.create("growing", GIB).volume_id
        self.snapshot_id = self.client.snapshot("kept-snapshot", self.growing_id).snapshot_id
        self.spare_id = self.client.create("spare", GIB).volume_id
        self.unused_id = self.client.create("unused", GIB).volume_id
        self.spare_snapshot_id = self.client.snapshot("spare-snapshot", self.growing_id).snapshot_id
        self.context = self.client.publish(self.spare_id)
        self.use_spare()
        self._before = self.outside()

    def prepare(self, request: Message) -> None:
        """Make a request possible."""
        if isinstance(request, csi_pb2.NodeUnstageVolumeRequest):
            self.client.unmount(self.spare_id, self.target)

    def undo(self, request: Message, answer: Message | None) -> None:
        """Take back what a request did, wrong as it may have been; without an answer it did nothing."""
        client = self.client
        if isinstance(request, csi_pb2.NodeUnstageVolumeRequest):
            self.use_spare()
        if answer is None:
            return
        match request:
            case csi_pb2.CreateVolumeRequest() if isinstance(answer, csi_pb2.CreateVolumeResponse):
                client.delete(answer.volume.volume_id)
            case csi_pb2.CreateSnapshotRequest() if isinstance(answer, csi_pb2.CreateSnapshotResponse):
                client.delete_snapshot(answer.snapshot.snapshot_id)
            case csi_pb2.CreateVolumeGroupSnapshotRequest():
                self._delete_group(answer)
            case csi_pb2.DeleteVolumeRequest():
                client.create("unused", GIB)
            case csi_pb2.DeleteSnapshotRequest():
                client.snapshot("spare-snapshot", self.growing_id)
            case csi_pb2.ControllerPublishVolumeRequest():
                client.unpublish(self.unused_id)
            case csi_pb2.ControllerUnpublishVolumeRequest():
                client.publish(self.spare_id)
            case _:
                self._undo_on_node(request)

    def _undo_on_node(self, request: Message) -> None:
        match request:
            case csi_pb2.NodePublishVolumeRequest() if Path(request.target_path) != self.target:
                self.client.unmount(request.volume_id, Path(request.target_path))
            case csi_pb2.NodeUnpublishVolumeRequest():
                self.use_spare()

    def use_spare(self) -> None:
        """Stage and publish the spare volume; it may be already."""
        self.client.stage(self.spare_id, self.staging, self.context)
        self.client.mount(self.spare_id, self.staging, self.target, self.context)

    def put_spare_away(self) -> None:
        """Undo `use_spare`; that may have been done already."""
        self.client.unmount(self.spare_id, self.target)
        self.client.unstage(self.spare_id, self.staging)

    def journal(self) -> list[Path]:
        """Return the files of the node's journal."""
        return sorted((self.folder / "state/node/journal").glob("*.json"))

    def _delete_group(self, answer: Message) -> None:
        if isinstance(answer, csi_pb2.CreateVolumeGroupSnapshotResponse):
            made = answer.group_snapshot
            request = csi_pb2.DeleteVolumeGroupSnapshotRequest(group_snapshot_id=made.group_snapshot_id)
            request.snapshot_ids.extend(each.snapshot_id for each in made.snapshots)
            self._groups.DeleteVolumeGroupSnapshot(request)

    def outside(self) -> dict[str, object]:
        """Return what no request may change: files beside the given paths, mounts, devices, the volumes."""
        client = self.client
        volumes = {volume.volume_id: volume for volume in client.volumes()}
        published = [self.kept.volume_id, self.device.volume_id, self.spare_id]
        own = [self.folder / name for name in ("given", "state", "volumes", "driver.log", "seen")]
        return {
            "files": listing(self.folder, without=own),
            "files of the machine": {path: Path(path).read_bytes() for path in _MACHINE},
            "mounts of the machine": [each for each in mounts.table() if not each.path.startswith(_TEMPORARY)],
            "mounts": mounted_below(self.folder),
            "loop devices": backing_files(self.folder),
            "volumes": sorted(volumes),
            "kept volumes": [str(volumes.get(pod.volume_id)) for pod in (self.kept, self.device)],
            "published": [str(client.controller.ControllerGetVolume(_get(each)).status) for each in published],
            "content": self.kept.checksum(),
            "device": _first_bytes(self.device.target),
        }

    def changes(self) -> list[str]:
        """Return what is not as it was when this was asked last; nothing is as it should be."""
        before, self._before = self._before, self.outside()
        return [f"{what}: {before[what]} -> {now}" for what, now in self._before.items() if before[what] != now]

    def end(self) -> None:
        """Take everything away."""
        try:
            for pod in (self.kept, self.device):
                pod.stop()
            self.put_spare_away()
            self.client.unpublish(self.spare_id)
        finally:
            self.client.close()
            self.channel.close()
            self.process.end()


def _get(volume_id: str) -> csi_pb2.ControllerGetVolumeRequest:
    return csi_pb2.ControllerGetVolumeRequest(volume_id=volume_id)


def _canary(folder: Path) -> Path:
    """Make a folder of all that a wrong path could hit."""
    (folder / "full").mkdir(parents=True)
    (folder / "full/file").write_text(_CONTENT)
    (folder / "bare").mkdir()
    (folder / "empty").touch()
    (folder / "file").write_text(_CONTENT)
    (folder / "link").symlink_to(folder / "full")
    (folder / "dangling").symlink_to(folder / "absent")
    return folder


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as device:
        return device.read(3)
