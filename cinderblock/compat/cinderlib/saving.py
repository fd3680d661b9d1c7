"""Storing what programs have set in an object's fields, or loaded from JSON."""

from collections.abc import Callable, Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from typing import Any, TypeVar

from cinderblock.cinderlib import reading
from cinderblock.cinderlib.kept import KEPT, Fields, kept
from cinderblock.compat.cinderlib.making import texts
from cinderblock.compat.cinderlib.process import current
from cinderblock.errors import NotFound
from persistence.port import Table
from persistence.records import ConnectionRecord, Json, SnapshotRecord, VolumeRecord

Kept = TypeVar("Kept", VolumeRecord, SnapshotRecord, ConnectionRecord)

#: What a program cannot set: what the library goes by.
_OURS = frozenset(
    {"id", "revision", "owner", "cinder_id", "status", "size_gib", "wanted_size_gib", "access", "parameters", "host",
     "source", "source_cinder_id", "backend", "volume_id", "volume_cinder_id", "node_id", "readonly", "connector",
     "connection_info", "group_id"}
)  # fmt: skip


def store(table: Table[Kept], record: Kept) -> Kept:
    """Store a record, or what of it a program may set where the object is stored already.

    Raises:
        OperationPending: somebody is at work on it.
    """

    def write() -> Kept:
        found = table.get(record.id)
        if found is None:
            return table.insert(replace(record, owner=""))
        changes = {field.name: getattr(record, field.name) for field in fields_of(record) if field.name not in _OURS}
        return changed(table, found, changes)

    return current().session.ask(write)


def changed(table: Table[Kept], found: Kept, changes: Mapping[str, Any]) -> Kept:
    """Store changes of a record.

    Raises:
        OperationPending: somebody is at work on it.
    """
    if all(getattr(found, name) == value for name, value in changes.items()):
        return found
    intents = current().session.library.engine.intents
    with intents.taken(table, found) as held:
        return intents.finish(table, held, **changes)


def keep(record: ConnectionRecord, ovo_fields: Mapping[str, Any]) -> ConnectionRecord:
    """Keep with a connection what a program says of it."""
    said = {name: value for name, value in ovo_fields.items() if name != "attach_mode" and value is not None}
    return keep_changed(record, lambda before: {**before, **said}) if said else record


def keep_changed(record: ConnectionRecord, change: Callable[[Fields], Fields]) -> ConnectionRecord:
    """Change what is kept with a connection.

    Raises:
        NotFound: it has ended.
    """
    table = current().session.store.connections

    def write() -> ConnectionRecord:
        found = table.get(record.id)
        if found is None or found.cinder_id != record.cinder_id:
            raise NotFound(f"there is no connection {record.cinder_id!r} any more")
        info: dict[str, Json] = {name: value for name, value in found.connection_info.items() if name != KEPT}
        now = dict(change(kept(found)))
        return changed(table, found, {"connection_info": {**info, KEPT: now} if now else info})

    return current().session.ask(write)


def volume(shown: Mapping[str, Json], before: VolumeRecord | None) -> VolumeRecord:
    """Return the record of a volume whose fields a program has set."""
    fields = {**shown, "metadata": texts(shown.get("metadata")), "admin_metadata": texts(shown.get("admin_metadata"))}
    if before is None:
        return reading.volume(fields)
    record = reading.volume(fields, source=before.source, used=True)
    return replace(record, id=before.id, driver_data={**before.driver_data, **record.driver_data})
