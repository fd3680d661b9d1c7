"""What a person should know about objects that are taken over, in words."""

from collections.abc import Iterator, Mapping

from cinderblock.cinderlib.kept import Fields, kept
from persistence.records import ConnectionRecord, SnapshotRecord, Status, VolumeRecord

_HALF_MADE = "was not made completely; it is shown to nobody until it is deleted, under the id {id}"
_GOING = "was being deleted; the driver goes on with that when it starts"
_BURIED = "was deleted while it had snapshots; it goes with the last of them"
_STAYED = "could not be deleted; it is there as before, delete it again if it is to go"
_UNGROWN = "could not be extended; it is taken over with {size_gib} GiB, compare that with the back end"
_FORGOTTEN = "had lost its extra specs; they were found again"
_QOS_LOST = "had QoS specs, and which cannot be told any more; it is taken over without"


def on_volume(fields: Fields, record: VolumeRecord) -> Iterator[str]:
    """Say what is special about a volume."""
    what = f"volume {record.name!r} ({record.cinder_id})"
    status = fields.get("status")
    for applies, remark in (
        (record.status is Status.CREATING, _HALF_MADE),
        (record.status is Status.DELETING, _GOING),
        (record.status is Status.TOMBSTONE, _BURIED),
        (status == "error_deleting", _STAYED),
        (status == "error" and record.status is Status.AVAILABLE, _UNGROWN),
        (fields.get("specs_forgotten"), _FORGOTTEN),
        (fields.get("qos_specs_lost"), _QOS_LOST),
    ):
        if applies:
            yield f"{what} {remark.format(id=record.id, size_gib=record.size_gib)}"


def on_snapshot(fields: Fields, record: SnapshotRecord, *, has_volume: bool) -> Iterator[str]:
    """Say what is special about a snapshot."""
    what = f"snapshot {record.name!r} ({record.cinder_id})"
    for applies, remark in (
        (record.status is Status.CREATING, _HALF_MADE),
        (record.status is Status.DELETING, _GOING),
        (fields.get("status") == "error_deleting", _STAYED),
        (not has_volume, "is of a volume that is not there; some drivers cannot delete it"),
    ):
        if applies:
            yield f"{what} {remark.format(id=record.id)}"


def on_connection(record: ConnectionRecord, *, volume: str) -> Iterator[str]:
    """Say what is special about a connection."""
    what = f"the connection of volume {volume!r} to {record.node_id!r} ({record.cinder_id})"
    if record.status is not Status.AVAILABLE:
        yield f"{what} was cut off; unpublish it"
    info = kept(record).get("connection_info")
    device = info.get("device") if isinstance(info, Mapping) else None
    if isinstance(device, Mapping):
        yield f"{what} is attached there as {device.get('path')}; detach it there before it is unpublished"


def left_out(fields: Fields) -> str:
    """Say why a connection is left out."""
    return f"connection {fields.get('id')} is of volume {fields.get('volume_id')}, which is not there; it is left out"
