"""Right requests, some for every RPC, to make wrong ones of."""

from collections.abc import Callable, Mapping

from google.protobuf.message import Message

from cinderblock.units import GIB
from csi.client import mounted
from csi.proto import csi_pb2
from tests.robustness.world import World

_SECRETS = {"password": "a-secret-of-a-request"}
_FIXED = {"backend": "local", "extra-specs/a": "b", "qos/c": "d", "csi.storage.k8s.io/pvc/name": "claim"}
_MUTABLE = {"metadata/tier": "gold"}
_CONTEXT = {"storage.kubernetes.io/csiProvisionerIdentity": "somebody"}


def valid(rpc: str, request: type[Message], world: World) -> list[Message]:
    """Return right requests of an RPC; one of an RPC without fields is empty.

    Raises:
        KeyError: the RPC is not known here; give it a request.
    """
    if not request.DESCRIPTOR.fields:
        return [request()]
    made = _REQUESTS[rpc](world)
    return made if isinstance(made, list) else [made]


def _create(world: World) -> list[Message]:
    plain = csi_pb2.CreateVolumeRequest(
        name="made", parameters=_FIXED, mutable_parameters=_MUTABLE, secrets=_SECRETS, volume_capabilities=[mounted()]
    )
    plain.capacity_range.required_bytes = GIB
    plain.capacity_range.limit_bytes = 2 * GIB
    copied = csi_pb2.CreateVolumeRequest(name="copied", volume_capabilities=[mounted()])
    copied.volume_content_source.snapshot.snapshot_id = world.snapshot_id
    return [plain, copied]


def _publish(world: World) -> Message:
    return csi_pb2.ControllerPublishVolumeRequest(
        volume_id=world.unused_id,
        node_id=world.node_id,
        volume_capability=mounted(),
        secrets=_SECRETS,
        volume_context=_CONTEXT,
    )


def _validate(world: World) -> Message:
    return csi_pb2.ValidateVolumeCapabilitiesRequest(
        volume_id=world.unused_id, volume_context=_CONTEXT, volume_capabilities=[mounted()], secrets=_SECRETS
    )


def _expand(world: World) -> Message:
    request = csi_pb2.ControllerExpandVolumeRequest(
        volume_id=world.growing_id, secrets=_SECRETS, volume_capability=mounted()
    )
    request.capacity_range.required_bytes = GIB
    return request


def _stage(world: World) -> Message:
    return csi_pb2.NodeStageVolumeRequest(
        volume_id=world.spare_id,
        publish_context=world.context,
        staging_target_path=str(world.staging),
        volume_capability=mounted(),
        secrets=_SECRETS,
        volume_context=_CONTEXT,
    )


def _mount(world: World) -> Message:
    return csi_pb2.NodePublishVolumeRequest(
        volume_id=world.spare_id,
        publish_context=world.context,
        staging_target_path=str(world.staging),
        target_path=str(world.target),
        volume_capability=mounted(),
        secrets=_SECRETS,
        volume_context=_CONTEXT,
    )


def _stats(world: World) -> Message:
    return csi_pb2.NodeGetVolumeStatsRequest(
        volume_id=world.spare_id, volume_path=str(world.target), staging_target_path=str(world.staging)
    )


def _health(world: World) -> Message:
    return csi_pb2.NodeGetVolumeHealthRequest(
        volume_id=world.spare_id, volume_publish_path=str(world.target), staging_target_path=str(world.staging)
    )


def _expand_on_node(world: World) -> Message:
    request = csi_pb2.NodeExpandVolumeRequest(
        volume_id=world.kept.volume_id,
        volume_path=str(world.kept.target),
        staging_target_path=str(world.kept.staging),
        volume_capability=mounted(),
        secrets=_SECRETS,
    )
    request.capacity_range.required_bytes = 1
    return request


_REQUESTS: Mapping[str, Callable[[World], Message | list[Message]]] = {
    "CreateVolume": _create,
    "DeleteVolume": lambda world: csi_pb2.DeleteVolumeRequest(volume_id=world.unused_id, secrets=_SECRETS),
    "ControllerPublishVolume": _publish,
    "ControllerUnpublishVolume": lambda world: csi_pb2.ControllerUnpublishVolumeRequest(
        volume_id=world.spare_id, node_id=world.node_id, secrets=_SECRETS
    ),
    "ValidateVolumeCapabilities": _validate,
    "ListVolumes": lambda _: csi_pb2.ListVolumesRequest(max_entries=2),
    "ControllerListVolumeHealth": lambda _: csi_pb2.ControllerListVolumeHealthRequest(max_entries=2, secrets=_SECRETS),
    "ControllerGetVolumeHealth": lambda world: csi_pb2.ControllerGetVolumeHealthRequest(
        volume_id=world.kept.volume_id, secrets=_SECRETS
    ),
    "GetCapacity": lambda _: csi_pb2.GetCapacityRequest(volume_capabilities=[mounted()], parameters=_FIXED),
    "CreateSnapshot": lambda world: csi_pb2.CreateSnapshotRequest(
        name="made", source_volume_id=world.growing_id, secrets=_SECRETS
    ),
    "DeleteSnapshot": lambda world: csi_pb2.DeleteSnapshotRequest(
        snapshot_id=world.spare_snapshot_id, secrets=_SECRETS
    ),
    "ListSnapshots": lambda world: [
        csi_pb2.ListSnapshotsRequest(max_entries=2, source_volume_id=world.growing_id, secrets=_SECRETS),
        csi_pb2.ListSnapshotsRequest(snapshot_id=world.snapshot_id),
    ],
    "GetSnapshot": lambda world: csi_pb2.GetSnapshotRequest(snapshot_id=world.snapshot_id, secrets=_SECRETS),
    "ControllerExpandVolume": _expand,
    "ControllerGetVolume": lambda world: csi_pb2.ControllerGetVolumeRequest(volume_id=world.kept.volume_id),
    "ControllerModifyVolume": lambda world: csi_pb2.ControllerModifyVolumeRequest(
        volume_id=world.unused_id, secrets=_SECRETS, mutable_parameters=_MUTABLE
    ),
    "CreateVolumeGroupSnapshot": lambda world: csi_pb2.CreateVolumeGroupSnapshotRequest(
        name="made", source_volume_ids=[world.spare_id, world.unused_id], secrets=_SECRETS
    ),
    "DeleteVolumeGroupSnapshot": lambda _: csi_pb2.DeleteVolumeGroupSnapshotRequest(
        group_snapshot_id="absent", snapshot_ids=["absent"], secrets=_SECRETS
    ),
    "GetVolumeGroupSnapshot": lambda _: csi_pb2.GetVolumeGroupSnapshotRequest(
        group_snapshot_id="absent", snapshot_ids=["absent"], secrets=_SECRETS
    ),
    "GetMetadataAllocated": lambda world: csi_pb2.GetMetadataAllocatedRequest(
        snapshot_id=world.snapshot_id, max_results=2, secrets=_SECRETS
    ),
    "GetMetadataDelta": lambda world: csi_pb2.GetMetadataDeltaRequest(
        base_snapshot_id=world.snapshot_id, target_snapshot_id=world.snapshot_id, max_results=2, secrets=_SECRETS
    ),
    "NodeStageVolume": _stage,
    "NodeUnstageVolume": lambda world: csi_pb2.NodeUnstageVolumeRequest(
        volume_id=world.spare_id, staging_target_path=str(world.staging)
    ),
    "NodePublishVolume": _mount,
    "NodeUnpublishVolume": lambda world: csi_pb2.NodeUnpublishVolumeRequest(
        volume_id=world.spare_id, target_path=str(world.target)
    ),
    "NodeGetVolumeStats": _stats,
    "NodeGetVolumeHealth": _health,
    "NodeGetStorageHealth": lambda _: csi_pb2.NodeGetStorageHealthRequest(secrets=_SECRETS),
    "NodeExpandVolume": _expand_on_node,
}
