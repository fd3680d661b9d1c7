"""Cinder's tables, as far as cinderlib used them, in whichever release's schema they are."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

#: The table that is cinderlib's own, which tells its database from one of Cinder itself.
KEY_VALUES = "cinderlib_persistence_key_value"
#: The type of volumes without specs: made with the database, under a new id.
DEFAULT_TYPE = "__DEFAULT__"

_ROW = ("id", "created_at", "updated_at", "deleted")
_PAIR = ("key", "value", "deleted")
_OWNED = ("user_id", "project_id", "display_name", "display_description", "encryption_key_id")
_PROVIDED = ("provider_location", "provider_id", "provider_auth")

#: Names of columns that are looked at; what a release does not have is left out.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "volumes": (
        *_ROW, *_OWNED, *_PROVIDED, "_name_id", "provider_geometry", "host", "size", "status", "previous_status",
        "availability_zone", "snapshot_id", "source_volid", "volume_type_id", "bootable", "multiattach",
        "replication_status", "replication_extended_status", "replication_driver_data",
    ),
    "snapshots": (*_ROW, *_OWNED, *_PROVIDED, "volume_id", "volume_size", "status", "progress"),
    "volume_attachment": (
        *_ROW, "volume_id", "instance_uuid", "attached_host", "mountpoint", "attach_time", "detach_time",
        "attach_status", "attach_mode", "connection_info", "connector",
    ),
    "volume_metadata": ("volume_id", *_PAIR),
    "volume_admin_metadata": ("volume_id", *_PAIR),
    "volume_glance_metadata": ("volume_id", *_PAIR),
    "snapshot_metadata": ("snapshot_id", *_PAIR),
    "volume_types": ("id", "name", "qos_specs_id", "deleted"),
    "volume_type_extra_specs": ("volume_type_id", *_PAIR),
    "quality_of_service_specs": (*_ROW, "specs_id", "key", "value"),
    KEY_VALUES: ("key", "value"),
}  # fmt: skip
_TIMES = frozenset({"created_at", "updated_at", "attach_time", "detach_time"})
_FLAGS = frozenset({"deleted", "bootable", "multiattach"})


def describe(connection: sa.Connection) -> Mapping[str, sa.TableClause]:
    """Return the tables that are there, each with the columns that it has of those that count."""
    inspector = sa.inspect(connection)
    there = set(inspector.get_table_names())
    return {
        name: sa.table(name, *_columns(wanted, {str(column["name"]) for column in inspector.get_columns(name)}))
        for name, wanted in _COLUMNS.items()
        if name in there
    }


def _columns(wanted: tuple[str, ...], there: set[str]) -> list[sa.ColumnClause[Any]]:
    types: Mapping[str, type[sa.types.TypeEngine[Any]]] = {
        **dict.fromkeys(_TIMES, sa.DateTime),
        **dict.fromkeys(_FLAGS, sa.Boolean),
    }
    return [sa.column(name, types.get(name)) for name in wanted if name in there]


def living(table: sa.TableClause, *wanted: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Return a statement that reads what is not marked as deleted."""
    statement = sa.select(*wanted).select_from(table)
    if "deleted" not in table.c:
        return statement
    return statement.where(sa.or_(table.c.deleted.is_(None), table.c.deleted == sa.false()))


def identity(connection: sa.Connection) -> str:
    """Return what tells this database from any other, wherever it is moved or copied to."""
    types = describe(connection).get("volume_types")
    if types is None:
        return "unnamed"
    found = connection.execute(sa.select(types.c.id).where(types.c.name == DEFAULT_TYPE).order_by(types.c.id)).first()
    return str(found[0]) if found else "unnamed"


def marker_id(identity: str) -> str:
    """Return the id of the record of ours which says that the database of this identity was taken over."""
    return f"import/cinderlib/{identity}"
