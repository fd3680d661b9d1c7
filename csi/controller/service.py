"""The Controller service: decode, act, encode; what surrounds every RPC is in `csi.interceptors`."""

import json
from collections.abc import Mapping

import grpc

from cinderblock.errors import InvalidRequest, NotFound
from cinderblock.intents import exists
from cinderblock.library import Library
from cinderblock.wanted import Changes
from csi import ids
from csi.controller import access, capabilities, decode, encode, parameters
from csi.controller.capacity import pools_at
from csi.controller.nodes import Nodes
from csi.controller.paging import page
from csi.proto import csi_pb2, csi_pb2_grpc
from persistence.records import ConnectionRecord, SnapshotRecord, VolumeRecord
from persistence.seal import Sealer


class Controller(csi_pb2_grpc.ControllerServicer):
    """Volumes, snapshots and connections, over gRPC."""

    def __init__(self, library: Library, nodes: Nodes, sealer: Sealer) -> None:
        self._library = library
        self._nodes = nodes
        self._sealer = sealer

    # -- volumes --------------------------------------------------------------

    def CreateVolume(
        self, request: csi_pb2.CreateVolumeRequest, context: grpc.ServicerContext
    ) -> csi_pb2.CreateVolumeResponse:
        wanted = decode.volume(request)
        volume = self._library.volumes.create(wanted)
        return csi_pb2.CreateVolumeResponse(volume=self._encoded(volume))

    def DeleteVolume(
        self, request: csi_pb2.DeleteVolumeRequest, context: grpc.ServicerContext
    ) -> csi_pb2.DeleteVolumeResponse:
        volume_id = decode.required(request.volume_id, "volume_id")
        self._library.volumes.delete(volume_id)
        return csi_pb2.DeleteVolumeResponse()

    def ControllerExpandVolume(
        self, request: csi_pb2.ControllerExpandVolumeRequest, context: grpc.ServicerContext
    ) -> csi_pb2.ControllerExpandVolumeResponse:
        wanted = decode.extension(request)
        volume = self._library.volumes.extend(wanted.volume_id, wanted.size)
        # A file system has to be grown, and a loop device or a SCSI disk has to look again, raw ones as well.
        return csi_pb2.ControllerExpandVolumeResponse(
            capacity_bytes=self._encoded(volume).capacity_bytes, node_expansion_required=True
        )

    def ControllerModifyVolume(
        self, request: csi_pb2.ControllerModifyVolumeRequest, context: grpc.ServicerContext
    ) -> csi_pb2.ControllerModifyVolumeResponse:
        volume_id = decode.required(request.volume_id, "volume_id")
        changes = parameters.mutable(request.mutable_parameters)
        self._library.volumes.modify(volume_id, changes)
        return csi_pb2.ControllerModifyVolumeResponse()

    def ControllerGetVolume(
        self, request: csi_pb2.ControllerGetVolumeRequest, context: grpc.ServicerContext
    ) -> csi_pb2.ControllerGetVolumeResponse:
        volume = self._library.volumes.look(decode.required(request.volume_id, "volume_id"))
        nodes = self._library.connections.published_nodes(volume.id)
        return csi_pb2.ControllerGetVolumeResponse(
            volume=self._encoded(volume),
            status=csi_pb2.ControllerGetVolumeResponse.VolumeStatus(published_node_ids=nodes),
        )

    def ListVolumes(
        self, request: csi_pb2.ListVolumesRequest, context: grpc.ServicerContext
    ) -> csi_pb2.ListVolumesResponse:
        volumes = page(
            self._library.store.volumes,
            token=request.starting_token,
            max_entries=request.max_entries,
            where={},
            wanted=exists,
        )
        nodes = self._library.connections.published([volume.id for volume in volumes.entries])
        answer = csi_pb2.ListVolumesResponse(next_token=volumes.next_token)
        for volume in volumes.entries:
            answer.entries.add(volume=self._encoded(volume)).status.published_node_ids.extend(nodes[volume.id])
        return answer

    def ValidateVolumeCapabilities(
        self, request: csi_pb2.ValidateVolumeCapabilitiesRequest, context: grpc.ServicerContext
    ) -> csi_pb2.ValidateVolumeCapabilitiesResponse:
        volume_id = decode.required(request.volume_id, "volume_id")
        if not request.volume_capabilities:
            raise InvalidRequest("volume_capabilities is empty; name at least one")
        volume = self._library.volumes.get(volume_id)
        try:
            modes = access.several(request.volume_capabilities)
            changes = parameters.mutable(request.mutable_parameters)
            given = parameters.fixed(request.parameters).ours
        except InvalidRequest as error:
            return csi_pb2.ValidateVolumeCapabilitiesResponse(message=str(error))
        message = _disagreement(volume, modes, given, changes)
        answer = csi_pb2.ValidateVolumeCapabilitiesResponse(message=message)
        if not message:
            answer.confirmed.volume_context.update(request.volume_context)
            answer.confirmed.volume_capabilities.extend(request.volume_capabilities)
            answer.confirmed.parameters.update(request.parameters)
            answer.confirmed.mutable_parameters.update(request.mutable_parameters)
        return answer

    def GetCapacity(
        self, request: csi_pb2.GetCapacityRequest, context: grpc.ServicerContext
    ) -> csi_pb2.GetCapacityResponse:
        return encode.capacity(pools_at(self._library.backends, decode.place(request)))

    # -- publishing -----------------------------------------------------------

    def ControllerPublishVolume(
        self, request: csi_pb2.ControllerPublishVolumeRequest, context: grpc.ServicerContext
    ) -> csi_pb2.ControllerPublishVolumeResponse:
        wanted = decode.connection(request, self._nodes)
        connection = self._library.connections.publish(wanted)
        return csi_pb2.ControllerPublishVolumeResponse(publish_context=self._sealed(connection))

    def ControllerUnpublishVolume(
        self, request: csi_pb2.ControllerUnpublishVolumeRequest, context: grpc.ServicerContext
    ) -> csi_pb2.ControllerUnpublishVolumeResponse:
        volume_id = decode.required(request.volume_id, "volume_id")
        only = ids.connection_id(volume_id, request.node_id) if request.node_id else ""
        self._library.connections.unpublish(volume_id, only)
        return csi_pb2.ControllerUnpublishVolumeResponse()

    # -- snapshots ------------------------------------------------------------

    def CreateSnapshot(
        self, request: csi_pb2.CreateSnapshotRequest, context: grpc.ServicerContext
    ) -> csi_pb2.CreateSnapshotResponse:
        snapshot = self._library.snapshots.create(decode.snapshot(request))
        return csi_pb2.CreateSnapshotResponse(snapshot=encode.snapshot(snapshot))

    def DeleteSnapshot(
        self, request: csi_pb2.DeleteSnapshotRequest, context: grpc.ServicerContext
    ) -> csi_pb2.DeleteSnapshotResponse:
        snapshot_id = decode.required(request.snapshot_id, "snapshot_id")
        self._library.snapshots.delete(snapshot_id)
        return csi_pb2.DeleteSnapshotResponse()

    def GetSnapshot(
        self, request: csi_pb2.GetSnapshotRequest, context: grpc.ServicerContext
    ) -> csi_pb2.GetSnapshotResponse:
        snapshot = self._library.snapshots.look(decode.required(request.snapshot_id, "snapshot_id"))
        return csi_pb2.GetSnapshotResponse(snapshot=encode.snapshot(snapshot))

    def ListSnapshots(
        self, request: csi_pb2.ListSnapshotsRequest, context: grpc.ServicerContext
    ) -> csi_pb2.ListSnapshotsResponse:
        if request.snapshot_id:
            return csi_pb2.ListSnapshotsResponse(entries=self._one_snapshot(request))
        snapshots = page(
            self._library.store.snapshots,
            token=request.starting_token,
            max_entries=request.max_entries,
            where={"volume_id": request.source_volume_id} if request.source_volume_id else {},
            wanted=exists,
        )
        answer = csi_pb2.ListSnapshotsResponse(next_token=snapshots.next_token)
        for snapshot in snapshots.entries:
            answer.entries.add(snapshot=encode.snapshot(snapshot))
        return answer

    # -- health and capabilities ----------------------------------------------

    def ControllerGetVolumeHealth(
        self, request: csi_pb2.ControllerGetVolumeHealthRequest, context: grpc.ServicerContext
    ) -> csi_pb2.ControllerGetVolumeHealthResponse:
        volume = self._library.volumes.look(decode.required(request.volume_id, "volume_id"))
        return csi_pb2.ControllerGetVolumeHealthResponse(
            volume_health=encode.inaccessible(volume, self._library.backends.down_because(volume.backend))
        )

    def ControllerListVolumeHealth(
        self, request: csi_pb2.ControllerListVolumeHealthRequest, context: grpc.ServicerContext
    ) -> csi_pb2.ControllerListVolumeHealthResponse:
        down_because = self._library.backends.down_because
        volumes = page(
            self._library.store.volumes,
            token=request.starting_token,
            max_entries=request.max_entries,
            where={},
            wanted=lambda volume: exists(volume) and bool(down_because(volume.backend)),
        )
        answer = csi_pb2.ControllerListVolumeHealthResponse(next_token=volumes.next_token)
        for volume in volumes.entries:
            answer.entries.append(encode.inaccessible(volume, down_because(volume.backend)))
        return answer

    def ControllerGetCapabilities(
        self, request: csi_pb2.ControllerGetCapabilitiesRequest, context: grpc.ServicerContext
    ) -> csi_pb2.ControllerGetCapabilitiesResponse:
        return capabilities.supported()

    # -- pieces of answers ----------------------------------------------------

    def _encoded(self, volume: VolumeRecord) -> csi_pb2.Volume:
        return encode.volume(volume, self._library.backends.topology(volume.backend))

    def _one_snapshot(self, request: csi_pb2.ListSnapshotsRequest) -> list[csi_pb2.ListSnapshotsResponse.Entry]:
        try:
            snapshot: SnapshotRecord = self._library.snapshots.look(request.snapshot_id)
        except NotFound:
            return []
        if request.source_volume_id not in ("", snapshot.volume_id):
            return []
        return [csi_pb2.ListSnapshotsResponse.Entry(snapshot=encode.snapshot(snapshot))]

    def _sealed(self, connection: ConnectionRecord) -> dict[str, str]:
        """Close what the node needs: Kubernetes shows publish contexts to whoever may read VolumeAttachments."""
        content = {
            "connection_info": connection.connection_info,
            "readonly": connection.readonly,
            "wwn": "",
            # Not the volume: LIO gives a volume another identity each time it is exported.
            "incarnation": connection.cinder_id,
        }
        purpose = f"publish_context/{connection.volume_id}"
        return {"connection": self._sealer.seal_text(json.dumps(content), purpose=purpose)}


def _disagreement(
    volume: VolumeRecord, modes: tuple[access.Access, ...], given: Mapping[str, str], changes: Changes
) -> str:
    """Say what the volume cannot be or is not, "" when all is as asked."""
    for mode in modes:
        if mode.needs_multiattach and not volume.multiattach:
            return f"volume {volume.name!r} cannot be attached to several nodes, which {mode} needs"
    for key, value in given.items():
        if volume.parameters.get(key) != value:
            return f"volume {volume.name!r} has {key} {volume.parameters.get(key)!r}, not {value!r}"
    for kind, found, wanted in (
        ("extra spec", volume.extra_specs, changes.extra_specs),
        ("QoS spec", volume.qos_specs, changes.qos_specs),
        ("metadata", volume.metadata, changes.metadata),
    ):
        for name, value in wanted.items():
            # Of a spec, "" says that there is none.
            if found.get(name, "" if kind != "metadata" else None) != value:
                return f"volume {volume.name!r} has {kind} {name} {found.get(name)!r}, not {value!r}"
    return ""
