"""The library's values -> answers."""

import math
from collections.abc import Mapping, Sequence

from google.protobuf.timestamp_pb2 import Timestamp

from cinderblock.driver import Pool
from cinderblock.units import GIB, in_bytes
from csi.proto import csi_pb2
from persistence.records import SnapshotRecord, SourceKind, VolumeRecord

#: The largest number of bytes that is said for "infinite" and "unknown": whole GiB, and far inside of int64.
_BOUNDLESS_BYTES = 2**62


def volume(record: VolumeRecord, topology: Mapping[str, str]) -> csi_pb2.Volume:
    """Describe a volume; its real size, and its source as it was asked for."""
    described = csi_pb2.Volume(volume_id=record.id, capacity_bytes=in_bytes(record.size_gib))
    if topology:
        described.accessible_topology.add(segments=topology)
    if record.source is not None and record.source.kind is SourceKind.SNAPSHOT:
        described.content_source.snapshot.snapshot_id = record.source.id
    elif record.source is not None:
        described.content_source.volume.volume_id = record.source.id
    return described


def snapshot(record: SnapshotRecord) -> csi_pb2.Snapshot:
    """Describe a snapshot; ours are usable as soon as they exist."""
    described = csi_pb2.Snapshot(
        snapshot_id=record.id,
        source_volume_id=record.volume_id,
        size_bytes=in_bytes(record.size_gib),
        ready_to_use=True,
    )
    set_time(described.creation_time, record.created_at)
    described.group_snapshot_id = record.group_id
    return described


def set_time(field: Timestamp, since_1970_s: float) -> None:
    """Set a time stamp, to the microsecond."""
    field.FromNanoseconds(int(since_1970_s * 1_000_000) * 1000)


def capacity(pools: Sequence[Pool] | None) -> csi_pb2.GetCapacityResponse:
    """Add the pools up; the largest volume is what the roomiest single pool holds; None is not known."""
    rooms_bytes = [_BOUNDLESS_BYTES] if pools is None else [_room_bytes(pool) for pool in pools]
    answer = csi_pb2.GetCapacityResponse(available_capacity=min(sum(rooms_bytes), _BOUNDLESS_BYTES))
    answer.maximum_volume_size.value = max(rooms_bytes, default=0)
    answer.minimum_volume_size.value = GIB
    return answer


def inaccessible(record: VolumeRecord, reason: str) -> csi_pb2.VolumeHealth:
    """Describe a volume's health; "" means that nothing adverse is known."""
    health = csi_pb2.VolumeHealth(volume_id=record.id)
    if reason:
        health.health_statuses.add(
            status=csi_pb2.VolumeHealthErrorType.INACCESSIBLE, reason="BackendDown", message=reason
        )
    return health


def _room_bytes(pool: Pool) -> int:
    room_gib = pool.available_gib()
    if room_gib is None or math.isinf(room_gib):
        return _BOUNDLESS_BYTES
    return min(math.floor(room_gib) * GIB, _BOUNDLESS_BYTES)
