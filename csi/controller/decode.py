"""Requests -> the library's values. Every `InvalidRequest` of a controller RPC is raised here."""

from collections.abc import Mapping
from dataclasses import dataclass

from cinderblock.errors import InvalidRequest, OutOfRange
from cinderblock.wanted import SizeRange, WantedConnection, WantedGroup, WantedSnapshot, WantedVolume
from csi import ids
from csi.controller import access, parameters
from csi.controller.nodes import Nodes
from csi.proto import csi_pb2
from persistence.records import Source, SourceKind


def required(value: str, field: str) -> str:
    """Return the value of a field that must be set.

    Raises:
        InvalidRequest: it is empty.
    """
    if not value:
        raise InvalidRequest(f"{field} is empty; it is required")
    return value


def volume(request: csi_pb2.CreateVolumeRequest) -> WantedVolume:
    """Read CreateVolume."""
    name = required(request.name, "name")
    modes = access.several(request.volume_capabilities)
    given, changes = parameters.fixed(request.parameters), parameters.mutable(request.mutable_parameters)
    # What may change takes precedence over what is said for ever.
    specs = changes.applied_to(given.extra_specs, given.qos_specs)
    return WantedVolume(
        id=ids.volume_id(name),
        name=name,
        size=_size(request.capacity_range),
        backend=given.backend,
        pool=given.pool,
        source=_source(request),
        multiattach=any(mode.needs_multiattach for mode in modes),
        access=tuple(sorted({str(mode) for mode in modes})),
        parameters=given.ours,
        metadata=changes.metadata,
        extra_specs=specs.extra,
        qos_specs=specs.qos,
        reachable_from=_places(request.accessibility_requirements),
    )


def snapshot(request: csi_pb2.CreateSnapshotRequest) -> WantedSnapshot:
    """Read CreateSnapshot."""
    name = required(request.name, "name")
    return WantedSnapshot(
        id=ids.snapshot_id(name),
        name=name,
        volume_id=required(request.source_volume_id, "source_volume_id"),
        parameters=parameters.snapshot(request.parameters),
        reachable_from=_places(request.accessibility_requirements),
    )


def group(request: csi_pb2.CreateVolumeGroupSnapshotRequest) -> WantedGroup:
    """Read CreateVolumeGroupSnapshot."""
    name = required(request.name, "name")
    volume_ids = sorted(set(request.source_volume_ids))
    if not all(volume_ids) or not volume_ids:
        raise InvalidRequest("source_volume_ids is empty or has an empty id; name at least one volume")
    parameters.snapshot(request.parameters)
    group_id = ids.group_snapshot_id(name)
    return WantedGroup(
        id=group_id,
        name=name,
        members=tuple(
            WantedSnapshot(
                id=ids.member_snapshot_id(group_id, volume_id),
                name=f"{name}/{number}",
                volume_id=volume_id,
                group_id=group_id,
            )
            for number, volume_id in enumerate(volume_ids)
        ),
    )


def connection(request: csi_pb2.ControllerPublishVolumeRequest, nodes: Nodes) -> WantedConnection:
    """Read ControllerPublishVolume.

    Raises:
        NotFound: the node is unknown.
    """
    volume_id = required(request.volume_id, "volume_id")
    node_id = required(request.node_id, "node_id")
    if not request.HasField("volume_capability"):
        raise InvalidRequest("volume_capability is missing; it is required")
    mode = access.one(request.volume_capability)
    node = nodes.get(node_id)
    return WantedConnection(
        id=ids.connection_id(volume_id, node_id),
        volume_id=volume_id,
        node_id=node_id,
        connector=node.connector,
        max_volumes=node.max_volumes,
        readonly=request.readonly,
        access=str(mode),
        shared=mode.shared,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """ControllerExpandVolume: which volume, how large, and whether it is a raw device."""

    volume_id: str
    size: SizeRange


def extension(request: csi_pb2.ControllerExpandVolumeRequest) -> Extension:
    """Read ControllerExpandVolume."""
    volume_id = required(request.volume_id, "volume_id")
    if not request.HasField("capacity_range"):
        raise InvalidRequest("capacity_range is missing; it is required")
    return Extension(volume_id=volume_id, size=_size(request.capacity_range))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """GetCapacity: which back ends are asked about; of `reachable_from`, None means all.

    `given` is what the class says; None where that can never be right.
    """

    given: parameters.Parameters | None
    reachable_from: Mapping[str, str] | None
    multiattach: bool


def place(request: csi_pb2.GetCapacityRequest) -> Place:
    """Read GetCapacity."""
    modes = [access.one(capability) for capability in request.volume_capabilities]
    topology = dict(request.accessible_topology.segments) if request.HasField("accessible_topology") else None
    try:
        given = parameters.fixed(request.parameters)
    except InvalidRequest:
        given = None
    return Place(
        given=given,
        reachable_from=topology,
        multiattach=any(mode.needs_multiattach for mode in modes),
    )


def _size(capacity: csi_pb2.CapacityRange) -> SizeRange:
    required_bytes, limit_bytes = capacity.required_bytes, capacity.limit_bytes
    if required_bytes < 0 or limit_bytes < 0:
        raise InvalidRequest(f"capacity_range is negative: required {required_bytes}, limit {limit_bytes} bytes")
    if limit_bytes and required_bytes > limit_bytes:
        raise OutOfRange(f"capacity_range requires {required_bytes} bytes and allows {limit_bytes}; raise the limit")
    return SizeRange(required_bytes=required_bytes, limit_bytes=limit_bytes)


def _source(request: csi_pb2.CreateVolumeRequest) -> Source | None:
    if not request.HasField("volume_content_source"):
        return None
    content = request.volume_content_source
    match content.WhichOneof("type"):
        case "snapshot":
            snapshot_id = required(content.snapshot.snapshot_id, "snapshot_id")
            return Source(kind=SourceKind.SNAPSHOT, id=snapshot_id, cinder_id="")
        case "volume":
            volume_id = required(content.volume.volume_id, "volume_id of the source")
            return Source(kind=SourceKind.VOLUME, id=volume_id, cinder_id="")
        case _:
            raise InvalidRequest("volume_content_source has neither snapshot nor volume; set one of them")


def _places(requirement: csi_pb2.TopologyRequirement) -> tuple[Mapping[str, str], ...]:
    # The preferred ones are among the requisite ones when both are given.
    return tuple(dict(place.segments) for place in requirement.requisite or requirement.preferred)
