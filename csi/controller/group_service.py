"""The GroupController service: decode, act, encode; what surrounds every RPC is in `csi.interceptors`."""

from collections.abc import Sequence

import grpc

from cinderblock.grouped import Group
from cinderblock.library import Library
from csi.controller import capabilities, decode, encode
from csi.proto import csi_pb2, csi_pb2_grpc
from persistence.records import SnapshotRecord


class GroupController(csi_pb2_grpc.GroupControllerServicer):
    """Group snapshots, over gRPC."""

    def __init__(self, library: Library) -> None:
        self._groups = library.groups

    def CreateVolumeGroupSnapshot(
        self, request: csi_pb2.CreateVolumeGroupSnapshotRequest, context: grpc.ServicerContext
    ) -> csi_pb2.CreateVolumeGroupSnapshotResponse:
        group, snapshots = self._groups.create(decode.group(request))
        return csi_pb2.CreateVolumeGroupSnapshotResponse(group_snapshot=_encoded(group, snapshots))

    def DeleteVolumeGroupSnapshot(
        self, request: csi_pb2.DeleteVolumeGroupSnapshotRequest, context: grpc.ServicerContext
    ) -> csi_pb2.DeleteVolumeGroupSnapshotResponse:
        group_id = decode.required(request.group_snapshot_id, "group_snapshot_id")
        self._groups.delete(group_id, request.snapshot_ids)
        return csi_pb2.DeleteVolumeGroupSnapshotResponse()

    def GetVolumeGroupSnapshot(
        self, request: csi_pb2.GetVolumeGroupSnapshotRequest, context: grpc.ServicerContext
    ) -> csi_pb2.GetVolumeGroupSnapshotResponse:
        group_id = decode.required(request.group_snapshot_id, "group_snapshot_id")
        group, snapshots = self._groups.get(group_id, request.snapshot_ids)
        return csi_pb2.GetVolumeGroupSnapshotResponse(group_snapshot=_encoded(group, snapshots))

    def GroupControllerGetCapabilities(
        self, request: csi_pb2.GroupControllerGetCapabilitiesRequest, context: grpc.ServicerContext
    ) -> csi_pb2.GroupControllerGetCapabilitiesResponse:
        return capabilities.supported_for_groups()


def _encoded(group: Group, snapshots: Sequence[SnapshotRecord]) -> csi_pb2.VolumeGroupSnapshot:
    described = csi_pb2.VolumeGroupSnapshot(
        group_snapshot_id=group.id,
        snapshots=[encode.snapshot(snapshot) for snapshot in snapshots],
        ready_to_use=True,
    )
    encode.set_time(described.creation_time, group.created_at)
    return described
