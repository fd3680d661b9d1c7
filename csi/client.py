"""Talks CSI to a driver on a socket, as the sidecars and the kubelet do: for the demonstration, and for tests."""

from collections.abc import Mapping
from pathlib import Path

import grpc

from csi.proto import csi_pb2, csi_pb2_grpc

Mode = csi_pb2.VolumeCapability.AccessMode.Mode

_CALL_S = 120.0
_OPTIONS = (
    ("grpc.default_authority", "localhost"),
    # A driver that has just started is found at once, not after gRPC's second.
    *((f"grpc.{bound}_reconnect_backoff_ms", 20) for bound in ("initial", "max")),
    # This one, whatever it is called, ends an attempt: on a busy machine, the driver's first answer takes its time.
    ("grpc.min_reconnect_backoff_ms", 5000),
)


def mounted(fs_type: str = "ext4", *, flags: tuple[str, ...] = ()) -> csi_pb2.VolumeCapability:
    """Return the capability of a mounted file system, written by one node."""
    capability = csi_pb2.VolumeCapability()
    capability.mount.fs_type = fs_type
    capability.mount.mount_flags.extend(flags)
    capability.access_mode.mode = Mode.SINGLE_NODE_WRITER
    return capability


def raw() -> csi_pb2.VolumeCapability:
    """Return the capability of a raw block device, written by one node."""
    capability = csi_pb2.VolumeCapability()
    capability.block.SetInParent()
    capability.access_mode.mode = Mode.SINGLE_NODE_WRITER
    return capability


class Client:
    """The services on one socket; each verb is one RPC, or the few that belong together."""

    def __init__(self, endpoint: str) -> None:
        self._channel = grpc.insecure_channel(endpoint, options=_OPTIONS)
        self.identity = csi_pb2_grpc.IdentityStub(self._channel)
        self.controller = csi_pb2_grpc.ControllerStub(self._channel)
        self.groups = csi_pb2_grpc.GroupControllerStub(self._channel)
        self.node = csi_pb2_grpc.NodeStub(self._channel)

    def ready(self) -> bool:
        """Tell whether the driver answers and is ready."""
        try:
            return self.identity.Probe(csi_pb2.ProbeRequest(), timeout=5).ready.value
        except grpc.RpcError:
            return False

    def create(
        self,
        name: str,
        size_bytes: int,
        *,
        capability: csi_pb2.VolumeCapability | None = None,
        snapshot_id: str = "",
        volume_id: str = "",
        parameters: Mapping[str, str] | None = None,
        mutable: Mapping[str, str] | None = None,
    ) -> csi_pb2.Volume:
        """CreateVolume, empty or from a snapshot or a volume."""
        request = csi_pb2.CreateVolumeRequest(name=name, parameters=parameters or {}, mutable_parameters=mutable or {})
        request.capacity_range.required_bytes = size_bytes
        request.volume_capabilities.append(capability or mounted())
        if snapshot_id:
            request.volume_content_source.snapshot.snapshot_id = snapshot_id
        elif volume_id:
            request.volume_content_source.volume.volume_id = volume_id
        return self.controller.CreateVolume(request, timeout=_CALL_S).volume

    def delete(self, volume_id: str) -> None:
        """DeleteVolume."""
        self.controller.DeleteVolume(csi_pb2.DeleteVolumeRequest(volume_id=volume_id), timeout=_CALL_S)

    def modify(self, volume_id: str, mutable: Mapping[str, str]) -> None:
        """ControllerModifyVolume."""
        request = csi_pb2.ControllerModifyVolumeRequest(volume_id=volume_id, mutable_parameters=mutable)
        self.controller.ControllerModifyVolume(request, timeout=_CALL_S)

    def snapshot(self, name: str, volume_id: str) -> csi_pb2.Snapshot:
        """CreateSnapshot."""
        request = csi_pb2.CreateSnapshotRequest(name=name, source_volume_id=volume_id)
        return self.controller.CreateSnapshot(request, timeout=_CALL_S).snapshot

    def delete_snapshot(self, snapshot_id: str) -> None:
        """DeleteSnapshot."""
        self.controller.DeleteSnapshot(csi_pb2.DeleteSnapshotRequest(snapshot_id=snapshot_id), timeout=_CALL_S)

    def node_id(self) -> str:
        """NodeGetInfo; return the node's id."""
        return self.node.NodeGetInfo(csi_pb2.NodeGetInfoRequest(), timeout=_CALL_S).node_id

    def publish(
        self,
        volume_id: str,
        *,
        node_id: str = "",
        capability: csi_pb2.VolumeCapability | None = None,
        readonly: bool = False,
    ) -> dict[str, str]:
        """ControllerPublishVolume, to the node on this socket if none is named; return the publish context."""
        node_id = node_id or self.node_id()
        request = csi_pb2.ControllerPublishVolumeRequest(volume_id=volume_id, node_id=node_id, readonly=readonly)
        request.volume_capability.CopyFrom(capability or mounted())
        return dict(self.controller.ControllerPublishVolume(request, timeout=_CALL_S).publish_context)

    def unpublish(self, volume_id: str) -> None:
        """ControllerUnpublishVolume from every node."""
        request = csi_pb2.ControllerUnpublishVolumeRequest(volume_id=volume_id)
        self.controller.ControllerUnpublishVolume(request, timeout=_CALL_S)

    def stage(
        self,
        volume_id: str,
        staging: Path,
        context: Mapping[str, str],
        *,
        capability: csi_pb2.VolumeCapability | None = None,
    ) -> None:
        """NodeStageVolume."""
        request = csi_pb2.NodeStageVolumeRequest(
            volume_id=volume_id, staging_target_path=str(staging), publish_context=context
        )
        request.volume_capability.CopyFrom(capability or mounted())
        self.node.NodeStageVolume(request, timeout=_CALL_S)

    def mount(
        self,
        volume_id: str,
        staging: Path,
        target: Path,
        context: Mapping[str, str],
        *,
        capability: csi_pb2.VolumeCapability | None = None,
        readonly: bool = False,
    ) -> None:
        """NodePublishVolume."""
        request = csi_pb2.NodePublishVolumeRequest(
            volume_id=volume_id,
            staging_target_path=str(staging),
            target_path=str(target),
            publish_context=context,
            readonly=readonly,
        )
        request.volume_capability.CopyFrom(capability or mounted())
        self.node.NodePublishVolume(request, timeout=_CALL_S)

    def unmount(self, volume_id: str, target: Path) -> None:
        """NodeUnpublishVolume."""
        request = csi_pb2.NodeUnpublishVolumeRequest(volume_id=volume_id, target_path=str(target))
        self.node.NodeUnpublishVolume(request, timeout=_CALL_S)

    def unstage(self, volume_id: str, staging: Path) -> None:
        """NodeUnstageVolume."""
        request = csi_pb2.NodeUnstageVolumeRequest(volume_id=volume_id, staging_target_path=str(staging))
        self.node.NodeUnstageVolume(request, timeout=_CALL_S)

    def expand(self, volume_id: str, size_bytes: int, volume_path: Path, staging: Path) -> int:
        """ControllerExpandVolume, then NodeExpandVolume; return the new size in bytes."""
        wanted = csi_pb2.CapacityRange(required_bytes=size_bytes)
        request = csi_pb2.ControllerExpandVolumeRequest(volume_id=volume_id, capacity_range=wanted)
        answer = self.controller.ControllerExpandVolume(request, timeout=_CALL_S)
        if answer.node_expansion_required:
            on_node = csi_pb2.NodeExpandVolumeRequest(
                volume_id=volume_id,
                volume_path=str(volume_path),
                staging_target_path=str(staging),
                capacity_range=wanted,
            )
            self.node.NodeExpandVolume(on_node, timeout=_CALL_S)
        return answer.capacity_bytes

    def volumes(self) -> list[csi_pb2.Volume]:
        """ListVolumes, all pages."""
        found, token = [], ""
        while True:
            request = csi_pb2.ListVolumesRequest(starting_token=token)
            answer = self.controller.ListVolumes(request, timeout=_CALL_S)
            found += [entry.volume for entry in answer.entries]
            token = answer.next_token
            if not token:
                return found

    def close(self) -> None:
        """Close the socket."""
        self._channel.close()
