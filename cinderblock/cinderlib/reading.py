"""What cinderlib told of an object, as our record of it.

States become those from which our verbs go on: what was being made can be made anew or deleted, what was being
deleted goes, and what only failed to go or to grow is there for its user as before.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from cinderblock.cinderlib import writing
from cinderblock.cinderlib.kept import KEPT, Fields, difference, snapshot_id, volume_id
from cinderblock.cinderlib.writing import pairs, without
from cinderblock.errors import InvalidRequest
from cinderblock.ids import connection_id
from persistence.records import ConnectionRecord, Json, SnapshotRecord, Source, SourceKind, Status, VolumeRecord

_STATUS = {
    "creating": Status.CREATING,
    "error": Status.CREATING,
    "deleting": Status.DELETING,
    "deleted": Status.TOMBSTONE,
}
#: Parts of a volume that are told in other ways: objects of their own, and what the record has.
_VOLUME_PARTS = (
    "snapshots", "volume_attachment", "volume_type", "extra_specs", "qos_specs", "qos_specs_lost", "specs_forgotten",
)  # fmt: skip


def volume(fields: Fields, *, source: Source | None = None, used: bool = False) -> VolumeRecord:
    """Return the record of a volume.

    Args:
        fields: by Cinder's names, its specs under `volume_type`, or as `extra_specs` and `qos_specs`.
        source: what it was made from, where its fields alone do not tell.
        used: whether it has connections or snapshots, so that it was made completely whatever its status says.

    Raises:
        InvalidRequest: what every volume has is missing.
    """
    cinder_id, host, extra_specs, qos_specs = _text(fields, "id"), _text(fields, "host"), *_specs(fields)
    status = _volume_status(fields, used=used)
    source = source or source_of(fields)
    record = VolumeRecord(
        # Deleted for its user, and needed for its snapshots: a tombstone goes by Cinder's id.
        id=cinder_id if status is Status.TOMBSTONE else volume_id(cinder_id),
        cinder_id=cinder_id,
        created_at=_time(fields),
        name=str(fields.get("display_name") or ""),
        backend=backend_of(host),
        host=host,
        size_gib=_size(fields, "size"),
        status=status,
        description=str(fields.get("display_description") or ""),
        source=source,
        source_cinder_id=source.cinder_id if source else "",
        multiattach=bool(fields.get("multiattach")),
        metadata=pairs(fields, "metadata"),
        admin_metadata=pairs(fields, "admin_metadata"),
        extra_specs=extra_specs,
        qos_specs=qos_specs,
        driver_data=_set(fields, writing.DRIVERS),
        provider_auth=str(fields.get("provider_auth") or ""),
    )
    told = without(writing.volume(record), ("user_id", "project_id"))
    rest = dict(difference(without(fields, _VOLUME_PARTS), told, live=writing.VOLUME_LIVE))
    volume_type = fields.get("volume_type")
    if isinstance(volume_type, Mapping):
        rest["volume_type"] = _type_without_specs(volume_type)
    return replace(record, driver_data={**record.driver_data, KEPT: rest})


def snapshot(fields: Fields, *, backend: str) -> SnapshotRecord:
    """Return the record of a snapshot of a volume on `backend`.

    Raises:
        InvalidRequest: what every snapshot has is missing.
    """
    cinder_id, parent = _text(fields, "id"), _text(fields, "volume_id")
    record = SnapshotRecord(
        id=snapshot_id(cinder_id),
        cinder_id=cinder_id,
        created_at=_time(fields),
        name=str(fields.get("display_name") or ""),
        backend=backend,
        volume_id=volume_id(parent),
        volume_cinder_id=parent,
        size_gib=_size(fields, "volume_size"),
        status=_STATUS.get(str(fields.get("status")), Status.AVAILABLE),
        description=str(fields.get("display_description") or ""),
        metadata=pairs(fields, "metadata"),
        driver_data=_set(fields, writing.SNAPSHOT_DRIVERS),
        provider_auth=str(fields.get("provider_auth") or ""),
    )
    told = without(writing.snapshot(record), ("user_id", "project_id"))
    rest = difference(without(fields, ("volume",)), told, live=writing.SNAPSHOT_LIVE)
    return replace(record, driver_data={**record.driver_data, KEPT: rest})


def connection(fields: Fields, *, backend: str) -> ConnectionRecord:
    """Return the record of a connection of a volume on `backend`.

    Raises:
        InvalidRequest: what every connection has is missing.
    """
    cinder_id, connected = _text(fields, "id"), _text(fields, "volume_id")
    told_info = fields.get("connection_info")
    info = told_info if isinstance(told_info, Mapping) else {}
    conn, connector = info.get("conn"), fields.get("connector") or info.get("connector")
    connector = connector if isinstance(connector, Mapping) else {}
    node_id = str(fields.get("attached_host") or connector.get("host") or "")
    record = ConnectionRecord(
        id=connection_id(volume_id(connected), node_id),
        cinder_id=cinder_id,
        created_at=_time(fields),
        backend=backend,
        volume_id=volume_id(connected),
        volume_cinder_id=connected,
        node_id=node_id,
        # Without connection data it was cut off, one way or the other: withdrawing it is what remains.
        status=Status.AVAILABLE if conn else Status.PUBLISHING,
        readonly=fields.get("attach_mode") == "ro",
        connector=connector,
        connection_info=conn if isinstance(conn, Mapping) else {},
    )
    told = writing.connection(record)
    rest = dict(difference(without(fields, ("volume", "connection_info")), told, live=writing.CONNECTION_LIVE))
    if others := without(info, ("conn", "connector")):
        rest["connection_info"] = others
    return replace(record, connection_info={**record.connection_info, KEPT: rest} if rest else record.connection_info)


def backend_of(host: str) -> str:
    """Return the name of the back end in Cinder's "HOST@BACKEND#POOL".

    Raises:
        InvalidRequest: it is none.
    """
    backend = host.partition("@")[2].partition("#")[0]
    if not backend:
        raise InvalidRequest(f"{host!r} is no HOST@BACKEND#POOL")
    return backend


def source_of(fields: Fields, *, volumes: Mapping[str, Fields] | None = None) -> Source | None:
    """Return what a volume was made from.

    Cinderlib copied a volume's own source to its clones, and to what was restored from its snapshots. Where a
    volume has both, one is what its own source has.

    Args:
        fields: the volume's.
        volumes: those of the other volumes, by id, as far as they are known.
    """
    snapshot_source, volume_source = fields.get("snapshot_id"), fields.get("source_volid")
    parent = (volumes or {}).get(str(volume_source), {})
    if volume_source and (not snapshot_source or parent.get("snapshot_id") == snapshot_source):
        volume_source = str(volume_source)
        return Source(kind=SourceKind.VOLUME, id=volume_id(volume_source), cinder_id=volume_source)
    if snapshot_source:
        snapshot_source = str(snapshot_source)
        return Source(kind=SourceKind.SNAPSHOT, id=snapshot_id(snapshot_source), cinder_id=snapshot_source)
    return None


def _volume_status(fields: Fields, *, used: bool) -> Status:
    status = str(fields.get("status"))
    # An extension that failed says "error" of a volume that is there, and what it was before.
    if status == "error" and (used or fields.get("previous_status")):
        return Status.AVAILABLE
    return _STATUS.get(status, Status.AVAILABLE)


def _specs(fields: Fields) -> tuple[dict[str, str], dict[str, str]]:
    volume_type = fields.get("volume_type")
    if not isinstance(volume_type, Mapping):
        return pairs(fields, "extra_specs"), pairs(fields, "qos_specs")
    qos = volume_type.get("qos_specs")
    specs = pairs(qos, "specs") if isinstance(qos, Mapping) else {}
    consumer = qos.get("consumer") if isinstance(qos, Mapping) else None
    if specs and consumer not in (None, writing.BACK_END):
        specs["consumer"] = str(consumer)
    return pairs(volume_type, "extra_specs"), specs


def _type_without_specs(volume_type: Fields) -> dict[str, Json]:
    rest = without(volume_type, ("extra_specs", "qos_specs_id"))
    qos = rest.get("qos_specs")
    rest["qos_specs"] = without(qos, ("specs", "consumer")) if isinstance(qos, Mapping) else None
    return rest


def _set(fields: Fields, names: tuple[str, ...]) -> dict[str, Json]:
    return {name: fields[name] for name in names if fields.get(name) is not None}


def _text(fields: Fields, name: str) -> str:
    found = fields.get(name)
    if not isinstance(found, str) or not found:
        raise InvalidRequest(f"{name} is {found!r}, text wanted")
    return found


def _size(fields: Fields, name: str) -> int:
    found = fields.get(name)
    if type(found) is not int or found < 1:
        raise InvalidRequest(f"{name} is {found!r}, whole GiB wanted")
    return found


def _time(fields: Fields) -> float:
    """Return when the object was made, in seconds since 1970; 0 where nobody says."""
    found = fields.get("created_at")
    if not found:
        return 0.0
    try:
        told = dt.datetime.fromisoformat(str(found))
    except ValueError as error:
        raise InvalidRequest(f"created_at is {found!r}, a time in ISO 8601 wanted") from error
    return (told if told.tzinfo else told.replace(tzinfo=dt.UTC)).timestamp()
