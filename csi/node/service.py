"""The Node service: decode, act, encode; what surrounds every RPC is in `csi.interceptors`."""

from collections.abc import Mapping
from dataclasses import dataclass

import grpc

from csi.node import decode, encode
from csi.node.capabilities import NODE_CAPABILITIES
from csi.node.expansion import Expansion
from csi.node.health import Health
from csi.node.programs import Programs
from csi.node.publishing import Publishing
from csi.node.staging import Staging
from csi.node.stats import Stats
from csi.proto import csi_pb2, csi_pb2_grpc


@dataclass(frozen=True, slots=True, kw_only=True)
class Self:
    """What the node says of itself; `max_volumes` 0 leaves it to the CO."""

    node_id: str
    max_volumes: int
    topology: Mapping[str, str]


class Node(csi_pb2_grpc.NodeServicer):
    """This machine's devices, file systems and mounts, over gRPC."""

    def __init__(
        self,
        *,
        myself: Self,
        programs: Programs,
        staging: Staging,
        publishing: Publishing,
        expansion: Expansion,
        stats: Stats,
        health: Health,
    ) -> None:
        self._myself = myself
        self._programs = programs
        self._staging = staging
        self._publishing = publishing
        self._expansion = expansion
        self._stats = stats
        self._health = health

    def NodeStageVolume(
        self, request: csi_pb2.NodeStageVolumeRequest, context: grpc.ServicerContext
    ) -> csi_pb2.NodeStageVolumeResponse:
        wanted = decode.stage(request)
        with self._programs.of(wanted.volume_id):
            self._staging.stage(wanted)
        return csi_pb2.NodeStageVolumeResponse()

    def NodeUnstageVolume(
        self, request: csi_pb2.NodeUnstageVolumeRequest, context: grpc.ServicerContext
    ) -> csi_pb2.NodeUnstageVolumeResponse:
        volume_id = decode.required(request.volume_id, "volume_id")
        path = decode.required(request.staging_target_path, "staging_target_path")
        with self._programs.of(volume_id):
            self._staging.unstage(volume_id, path)
        return csi_pb2.NodeUnstageVolumeResponse()

    def NodePublishVolume(
        self, request: csi_pb2.NodePublishVolumeRequest, context: grpc.ServicerContext
    ) -> csi_pb2.NodePublishVolumeResponse:
        wanted = decode.publish(request)
        with self._programs.of(wanted.volume_id):
            self._publishing.publish(wanted)
        return csi_pb2.NodePublishVolumeResponse()

    def NodeUnpublishVolume(
        self, request: csi_pb2.NodeUnpublishVolumeRequest, context: grpc.ServicerContext
    ) -> csi_pb2.NodeUnpublishVolumeResponse:
        volume_id = decode.required(request.volume_id, "volume_id")
        path = decode.required(request.target_path, "target_path")
        with self._programs.of(volume_id):
            self._publishing.unpublish(volume_id, path)
        return csi_pb2.NodeUnpublishVolumeResponse()

    def NodeGetVolumeStats(
        self, request: csi_pb2.NodeGetVolumeStatsRequest, context: grpc.ServicerContext
    ) -> csi_pb2.NodeGetVolumeStatsResponse:
        volume_id = decode.required(request.volume_id, "volume_id")
        path = decode.required(request.volume_path, "volume_path")
        return encode.usage(self._stats.usage(volume_id, path, request.staging_target_path))

    def NodeExpandVolume(
        self, request: csi_pb2.NodeExpandVolumeRequest, context: grpc.ServicerContext
    ) -> csi_pb2.NodeExpandVolumeResponse:
        wanted = decode.expand(request)
        with self._programs.of(wanted.volume_id):
            size = self._expansion.expand(wanted)
        return csi_pb2.NodeExpandVolumeResponse(capacity_bytes=size)

    def NodeGetVolumeHealth(
        self, request: csi_pb2.NodeGetVolumeHealthRequest, context: grpc.ServicerContext
    ) -> csi_pb2.NodeGetVolumeHealthResponse:
        volume_id = decode.required(request.volume_id, "volume_id")
        problems = self._health.of_volume(volume_id, request.staging_target_path)
        return encode.volume_health(volume_id, problems)

    def NodeGetStorageHealth(
        self, request: csi_pb2.NodeGetStorageHealthRequest, context: grpc.ServicerContext
    ) -> csi_pb2.NodeGetStorageHealthResponse:
        return encode.storage_health(self._health.of_storage())

    def NodeGetCapabilities(
        self, request: csi_pb2.NodeGetCapabilitiesRequest, context: grpc.ServicerContext
    ) -> csi_pb2.NodeGetCapabilitiesResponse:
        return encode.capabilities(NODE_CAPABILITIES)

    def NodeGetInfo(
        self, request: csi_pb2.NodeGetInfoRequest, context: grpc.ServicerContext
    ) -> csi_pb2.NodeGetInfoResponse:
        myself = self._myself
        return encode.info(node_id=myself.node_id, max_volumes=myself.max_volumes, topology=myself.topology)
