"""Our records as rows of Cinder's database: what `cinder.db.api` would have returned.

A row is a mapping that also has attributes, because drivers read rows both ways.
"""

import datetime as dt
import json
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cinder.objects import fields
from oslo_config import cfg

from cinderblock.cinderlib.kept import KEPT, kept
from persistence.records import ConnectionRecord, Record, SnapshotRecord, SourceKind, Status, VolumeRecord

#: Everything that was made here belongs to one user of one project. For ever: drivers name things after them.
PROJECT_ID = "c1dec0de00004000800000000000b10c"
USER_ID = "c1dec0de00004000800000000000c0de"
#: The type of a volume that asks for nothing; its name is the one that Cinder expects.
DEFAULT_TYPE = "__DEFAULT__"

_TYPES = uuid.UUID("6f0fe02b-5c0d-4f5f-9f64-0f3b5b5e0f0a")

#: What a driver may have gone by when an object was still another program's.
_INHERITED = ("project_id", "user_id", "availability_zone", "bootable")

_VOLUME_STATUS = {
    Status.CREATING: "creating",
    Status.EXTENDING: "extending",
    Status.DELETING: "deleting",
    Status.MANAGING: "managing",
    Status.UNMANAGING: "unmanaging",
    Status.REVERTING: "reverting",
    Status.RETYPING: "retyping",
}
_SNAPSHOT_STATUS = {
    Status.CREATING: fields.SnapshotStatus.CREATING,
    Status.DELETING: fields.SnapshotStatus.DELETING,
    # As in Cinder, where a snapshot that is taken over is one in the making.
    Status.MANAGING: fields.SnapshotStatus.CREATING,
    Status.UNMANAGING: fields.SnapshotStatus.UNMANAGING,
}


class Row(dict[str, Any]):
    """A mapping whose items are its attributes as well; `vars()` works on it."""

    def __init__(self, **items: Any) -> None:
        super().__init__(items)
        self.__dict__ = self


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRow:
    """A volume type: no record of its own, but what volumes with equal specs share."""

    id: str
    extra_specs: Mapping[str, str] = field(default_factory=dict)
    qos_specs: Mapping[str, str] = field(default_factory=dict)

    def name(self) -> str:
        """Return the type's name, which says what it is derived from."""
        return f"cinderblock-{self.id}" if self.extra_specs or self.qos_specs else DEFAULT_TYPE

    def row(self) -> Row:
        """Return the row of the type; it has the QoS specs only by their id, as in Cinder."""
        return Row(
            id=self.id,
            name=self.name(),
            description=None,
            is_public=True,
            projects=[],
            extra_specs=dict(self.extra_specs),
            qos_specs_id=self.id if self.qos_specs else None,
            qos_specs=self.qos(),
            **never_deleted(),
        )

    def qos(self) -> Row | None:
        """Return the row of the type's QoS specs, which have the type's id; None without any."""
        if not self.qos_specs:
            return None
        specs = dict(self.qos_specs)
        consumer = specs.pop("consumer", fields.QoSConsumerValues.BACK_END)
        return Row(id=self.id, name=self.name(), consumer=consumer, specs=specs, **never_deleted())


class Types:
    """The volume types that rows were made with; equal specs have one id, in every process.

    A driver learns a type's id from a row, so what was not handed out in this
    process need not be found.
    """

    def __init__(self) -> None:
        self._types: dict[str, TypeRow] = {}
        self._lock = threading.Lock()
        self.default = self._add({}, {})

    def of(self, record: VolumeRecord) -> TypeRow:
        """Return the type of a volume."""
        extra_specs = dict(record.extra_specs)
        if record.multiattach:
            # Cinder's only way to a volume of several hosts leads through its type.
            extra_specs["multiattach"] = "<is> True"
        return self._add(extra_specs, record.qos_specs)

    def get(self, type_id: str) -> TypeRow | None:
        """Return a type by its id."""
        with self._lock:
            return self._types.get(type_id)

    def by_name(self, name: str) -> TypeRow | None:
        """Return a type by its name."""
        with self._lock:
            return next((found for found in self._types.values() if found.name() == name), None)

    def _add(self, extra_specs: Mapping[str, str], qos_specs: Mapping[str, str]) -> TypeRow:
        type_id = _type_id(json.dumps([dict(extra_specs), dict(qos_specs)], sort_keys=True))
        with self._lock:
            return self._types.setdefault(
                type_id, TypeRow(id=type_id, extra_specs=dict(extra_specs), qos_specs=dict(qos_specs))
            )


@lru_cache(maxsize=1024)
def _type_id(content: str) -> str:
    return str(uuid.uuid5(_TYPES, content))


def volume_row(
    record: VolumeRecord, types: Types, connections: Sequence[ConnectionRecord] = (), *, connecting: str = ""
) -> Row:
    """Return the row of a volume.

    Args:
        record: the volume.
        types: where its type is, or will be.
        connections: everything it is published to.
        connecting: cinder_id of the connection that is being made, which does not count as attached yet.
    """
    attached = any(connection.cinder_id != connecting for connection in connections)
    volume_type = types.of(record)
    row = _driver_row(record)
    name_id = row.get("_name_id") or record.cinder_id
    row.update(
        id=record.cinder_id,
        name=cfg.CONF.volume_name_template % name_id,
        name_id=name_id,
        host=record.host,
        size=record.size_gib,
        status=_VOLUME_STATUS.get(record.status, "in-use" if attached else "available"),
        attach_status=_attach_status(attached=attached),
        availability_zone="nova",
        display_name=record.name,
        display_description=record.description,
        provider_auth=record.provider_auth or None,
        multiattach=record.multiattach,
        bootable=False,
        shared_targets=False,
        use_quota=True,
        volume_metadata=pairs(record.metadata),
        volume_admin_metadata=pairs(record.admin_metadata),
        volume_attachment=[attachment_row(one, connecting=connecting) for one in connections],
        volume_type_id=volume_type.id,
        volume_type=volume_type.row(),
        **_source(record),
        **owner(),
        **never_deleted(record),
    )
    row.update(_inherited(record))
    return row


def snapshot_row(record: SnapshotRecord, type_id: str | None, group_snapshot_id: str | None = None) -> Row:
    """Return the row of a snapshot, without its volume.

    Args:
        record: the snapshot.
        type_id: the volume's.
        group_snapshot_id: what the array sees of the group snapshot that it was taken with, None for none.
    """
    row = _driver_row(record)
    row.update(
        id=record.cinder_id,
        name=cfg.CONF.snapshot_name_template % record.cinder_id,
        volume_id=record.volume_cinder_id,
        volume_size=record.size_gib,
        volume_type_id=type_id,
        group_snapshot_id=group_snapshot_id,
        status=_SNAPSHOT_STATUS.get(record.status, fields.SnapshotStatus.AVAILABLE),
        progress="100%",
        display_name=record.name,
        display_description=record.description,
        provider_auth=record.provider_auth or None,
        snapshot_metadata=pairs(record.metadata),
        use_quota=True,
        **owner(),
        **never_deleted(record),
    )
    row.update(_inherited(record))
    return row


def attachment_row(record: ConnectionRecord, *, connecting: str = "") -> Row:
    """Return the row of an attachment; Cinder keeps connector and connection_info as JSON."""
    info = {name: value for name, value in record.connection_info.items() if name != KEPT}
    return Row(
        id=record.cinder_id,
        volume_id=record.volume_cinder_id,
        instance_uuid=None,
        attached_host=str(record.connector.get("host") or record.node_id),
        mountpoint=None,
        attach_status=_attach_status(attached=record.cinder_id != connecting, otherwise="attaching"),
        attach_mode="ro" if record.readonly else "rw",
        attach_time=_when(record),
        detach_time=None,
        connector=json.dumps(dict(record.connector)) if record.connector else None,
        connection_info=json.dumps(info) if info else None,
        **never_deleted(record),
    )


def pairs(items: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a mapping as Cinder's metadata rows."""
    return [{"key": key, "value": value} for key, value in items.items()]


def matching(rows: Iterable[Row], filters: Mapping[str, Any] | None) -> list[Row]:
    """Return the rows whose fields equal the filters', or are among them where a filter is a list."""
    wanted = dict(filters or {})
    return [
        row
        for row in rows
        if all(
            row.get(key) in value if isinstance(value, list | tuple | set) else row.get(key) == value
            for key, value in wanted.items()
        )
    ]


def owner() -> dict[str, str]:
    """Return whose a row is: the one user's."""
    return {"project_id": PROJECT_ID, "user_id": USER_ID}


def never_deleted(record: Record | None = None) -> dict[str, Any]:
    """Return the times of a row that is there."""
    created_at = _when(record) if record else None
    return {"created_at": created_at, "updated_at": created_at, "deleted_at": None, "deleted": False}


def _driver_row(record: VolumeRecord | SnapshotRecord) -> Row:
    return Row(**{name: value for name, value in record.driver_data.items() if name != KEPT})


def _inherited(record: VolumeRecord | SnapshotRecord) -> dict[str, Any]:
    before = kept(record)
    return {name: before[name] for name in _INHERITED if before.get(name) is not None}


def _attach_status(*, attached: bool, otherwise: str = "detached") -> str:
    return str(fields.VolumeAttachStatus.ATTACHED) if attached else otherwise


def _source(record: VolumeRecord) -> dict[str, str | None]:
    source = record.source
    return {
        "snapshot_id": source.cinder_id if source and source.kind is SourceKind.SNAPSHOT else None,
        "source_volid": source.cinder_id if source and source.kind is SourceKind.VOLUME else None,
    }


def _when(record: Record) -> dt.datetime:
    # Cinder's database holds times without a zone, in UTC.
    return dt.datetime.fromtimestamp(record.created_at, dt.UTC).replace(tzinfo=None)
