"""Our records, by Cinder's names of the fields and as cinderlib would have told them."""

import datetime as dt
from collections.abc import Mapping, Sequence

from cinderblock.cinderlib.kept import KEPT, Fields, kept, together
from persistence.records import ConnectionRecord, Json, Record, SnapshotRecord, SourceKind, Status, VolumeRecord

#: Fields that a driver sets; a record has them among its `driver_data`.
DRIVERS = (
    "_name_id", "encryption_key_id", "provider_geometry", "provider_id", "provider_location",
    "replication_driver_data", "replication_extended_status", "replication_status",
)  # fmt: skip
SNAPSHOT_DRIVERS = ("encryption_key_id", "provider_id", "provider_location")
#: Fields that a record speaks for; what was kept of them counts where the record has nothing.
VOLUME_LIVE = frozenset(
    {"id", "host", "size", "display_name", "display_description", "metadata", "admin_metadata", "provider_auth",
     "multiattach", *DRIVERS}
)  # fmt: skip
SNAPSHOT_LIVE = frozenset(
    {"id", "volume_id", "volume_size", "progress", "display_name", "display_description", "metadata", "provider_auth",
     *SNAPSHOT_DRIVERS}
)  # fmt: skip
CONNECTION_LIVE = frozenset({"id", "volume_id", "connection_info", "connector"})
#: Whoever asks for nothing special has the type of this name.
DEFAULT_TYPE = "__DEFAULT__"
#: Which side keeps to QoS specs, where nothing is said.
BACK_END = "back-end"
#: Whose a volume is that says nothing of it.
OWNER = "cinderlib"

_VOLUME_STATUS = {
    Status.CREATING: "creating",
    Status.EXTENDING: "extending",
    Status.DELETING: "deleting",
    Status.TOMBSTONE: "deleted",
}
_SNAPSHOT_STATUS = {Status.CREATING: "creating", Status.DELETING: "deleting", Status.TOMBSTONE: "deleted"}
_VOLUME_NOTHING: Fields = dict.fromkeys(
    ("ec2_id", "cluster_name", "availability_zone", "migration_status", "scheduled_at", "launched_at",
     "terminated_at", "consistencygroup_id", "group_id", "previous_status", "service_uuid")
)  # fmt: skip


def volume(record: VolumeRecord, *, in_use: bool = False) -> dict[str, Json]:
    """Return a volume's fields, its type among them, and its snapshots and connections not.

    Args:
        record: the volume.
        in_use: whether it has connections.
    """
    before = kept(record)
    source = record.source
    volume_type = _volume_type(record, before.get("volume_type"))
    told: dict[str, Json] = {
        **_VOLUME_NOTHING,
        "id": record.cinder_id,
        "user_id": OWNER,
        "project_id": OWNER,
        "use_quota": True,
        "snapshot_id": source.cinder_id if source and source.kind is SourceKind.SNAPSHOT else None,
        "source_volid": source.cinder_id if source and source.kind is SourceKind.VOLUME else None,
        "host": record.host,
        "size": record.size_gib,
        "status": _VOLUME_STATUS.get(record.status, "in-use" if in_use else "available"),
        "attach_status": "detached",
        "display_name": record.name,
        "display_description": record.description,
        **{name: record.driver_data.get(name) for name in DRIVERS},
        "provider_auth": record.provider_auth or None,
        "volume_type_id": None,
        "bootable": False,
        "multiattach": record.multiattach,
        "metadata": dict(record.metadata),
        "admin_metadata": dict(record.admin_metadata),
        "shared_targets": True,
        **_times(record),
    }
    before = {name: value for name, value in before.items() if name != "volume_type"}
    told = {**together(told, before, live=VOLUME_LIVE), "volume_type": volume_type}
    if volume_type:
        told["volume_type_id"] = volume_type["id"]
    return told


def snapshot(record: SnapshotRecord) -> dict[str, Json]:
    """Return a snapshot's fields, without its volume."""
    told: dict[str, Json] = {
        "id": record.cinder_id,
        "user_id": OWNER,
        "project_id": OWNER,
        "use_quota": True,
        "volume_id": record.volume_cinder_id,
        "cgsnapshot_id": None,
        "group_snapshot_id": None,
        "status": _SNAPSHOT_STATUS.get(record.status, "available"),
        # Where cinderlib put the name of the back end, for want of a better place.
        "progress": record.backend,
        "volume_size": record.size_gib,
        "display_name": record.name,
        "display_description": record.description,
        "volume_type_id": None,
        **{name: record.driver_data.get(name) for name in SNAPSHOT_DRIVERS},
        "provider_auth": record.provider_auth or None,
        "metadata": dict(record.metadata),
        **_times(record),
    }
    return dict(together(told, kept(record), live=SNAPSHOT_LIVE))


def connection(record: ConnectionRecord) -> dict[str, Json]:
    """Return an attachment's fields, without its volume; the connection data stands under `connection_info`."""
    before = kept(record)
    told: dict[str, Json] = {
        "id": record.cinder_id,
        "volume_id": record.volume_cinder_id,
        "instance_uuid": None,
        "attached_host": record.node_id,
        "mountpoint": None,
        "attach_time": None,
        "detach_time": None,
        "attach_status": "attached",
        "attach_mode": "ro" if record.readonly else "rw",
        "connection_info": _connection_info(record, before.get("connection_info")),
        "connector": dict(record.connector) or None,
        **_times(record),
    }
    return dict(together(told, before, live=CONNECTION_LIVE))


def _volume_type(record: VolumeRecord, before: Json) -> dict[str, Json] | None:
    """Return the type that a volume with specs has for its own; or the one that it had, with the specs of now."""
    found = before if isinstance(before, Mapping) else {}
    own = bool(record.extra_specs or record.qos_specs)
    if own and found.get("name") in (None, DEFAULT_TYPE):
        found = {"id": record.cinder_id, "name": record.cinder_id, "is_public": True}
    if not own and not found:
        return None
    qos: dict[str, Json] | None = None
    if record.qos_specs:
        specs = dict(record.qos_specs)
        consumer = specs.pop("consumer", BACK_END)
        named = found.get("qos_specs")
        named = named if isinstance(named, Mapping) else {"id": record.cinder_id, "name": record.cinder_id}
        qos = {**named, "consumer": consumer, "specs": specs}
    return {
        **found,
        "extra_specs": dict(record.extra_specs),
        "qos_specs_id": qos["id"] if qos else None,
        "qos_specs": qos,
    }


def _connection_info(record: ConnectionRecord, before: Json) -> Json:
    conn = {name: value for name, value in record.connection_info.items() if name != KEPT}
    rest = before if isinstance(before, Mapping) else {}
    if not conn and not rest:
        return None
    connector = {"connector": dict(record.connector)} if record.connector else {}
    return {**({"conn": conn} if conn else {}), **connector, **rest}


def _times(record: Record) -> dict[str, Json]:
    # Rounded, because a float may lie a little below the microsecond that it stands for.
    microseconds = dt.timedelta(microseconds=round(record.created_at * 1_000_000))
    created_at = (dt.datetime(1970, 1, 1) + microseconds).isoformat(timespec="microseconds")  # noqa: DTZ001 -- in UTC, as the Z says
    return {
        "created_at": f"{created_at}Z" if record.created_at else None,
        "updated_at": None,
        "deleted_at": None,
        "deleted": False,
    }


def pairs(fields: Fields, name: str) -> dict[str, str]:
    """Return a field that maps text to text, as a record has it."""
    found = fields.get(name)
    if not isinstance(found, Mapping):
        return {}
    return {str(key): "" if value is None else str(value) for key, value in found.items()}


def without(fields: Fields, names: Sequence[str]) -> dict[str, Json]:
    """Return the fields but for some."""
    return {name: value for name, value in fields.items() if name not in names}
