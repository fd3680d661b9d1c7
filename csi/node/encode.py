"""Plain values -> answers."""

from collections.abc import Mapping, Sequence

from csi.node.health import Problem
from csi.node.stats import Usage
from csi.proto import csi_pb2


def capabilities(names: Sequence[str]) -> csi_pb2.NodeGetCapabilitiesResponse:
    """Write the RPCs that a node has."""
    rpc = csi_pb2.NodeServiceCapability.RPC
    return csi_pb2.NodeGetCapabilitiesResponse(
        capabilities=[csi_pb2.NodeServiceCapability(rpc=rpc(type=rpc.Type.Value(name))) for name in names]
    )


def info(*, node_id: str, max_volumes: int, topology: Mapping[str, str]) -> csi_pb2.NodeGetInfoResponse:
    """Write who this node is; without segments there is no topology at all."""
    answer = csi_pb2.NodeGetInfoResponse(node_id=node_id, max_volumes_per_node=max_volumes)
    if topology:
        answer.accessible_topology.segments.update(topology)
    return answer


def usage(found: Sequence[Usage]) -> csi_pb2.NodeGetVolumeStatsResponse:
    """Write how full a volume is."""
    return csi_pb2.NodeGetVolumeStatsResponse(
        usage=[
            csi_pb2.VolumeUsage(
                unit=csi_pb2.VolumeUsage.Unit.Value(each.unit),
                total=each.total,
                used=each.used or 0,
                available=each.available or 0,
            )
            for each in found
        ]
    )


def volume_health(volume_id: str, problems: Sequence[Problem]) -> csi_pb2.NodeGetVolumeHealthResponse:
    """Write what is wrong with a volume."""
    entry = csi_pb2.VolumeHealth.VolumeHealthEntry
    statuses = [
        entry(
            status=csi_pb2.VolumeHealthErrorType.Value(problem.status), reason=problem.reason, message=problem.message
        )
        for problem in problems
    ]
    return csi_pb2.NodeGetVolumeHealthResponse(
        volume_health=csi_pb2.VolumeHealth(volume_id=volume_id, health_statuses=statuses)
    )


def storage_health(problems: Sequence[Problem]) -> csi_pb2.NodeGetStorageHealthResponse:
    """Write what is wrong with this node's storage."""
    entry = csi_pb2.NodeGetStorageHealthResponse.StorageBackendHealth
    return csi_pb2.NodeGetStorageHealthResponse(
        backend_health=[
            entry(
                status=csi_pb2.StorageHealthErrorType.Value(problem.status),
                reason=problem.reason,
                message=problem.message,
            )
            for problem in problems
        ]
    )
