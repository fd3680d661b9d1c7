"""Cinder's objects, made from our records anew for every call.

Never kept: drivers save through other objects than the one that they were
given, so an object from before the last call may be wrong already.
"""

from collections.abc import Sequence
from typing import Any

from cinder import context as cinder_context
from cinder import objects

from cinderblock.cinder.database import Database
from cinderblock.cinder.rows import PROJECT_ID, USER_ID, snapshot_row, volume_row
from cinderblock.grouped import ConsistencyGroup
from persistence.records import ConnectionRecord, SnapshotRecord, VolumeRecord


def new_context() -> Any:
    """Return the context of an administrator, as Cinder's own service calls drivers with."""
    return cinder_context.RequestContext(user_id=USER_ID, project_id=PROJECT_ID, is_admin=True, overwrite=False)


class Objects:
    """Makes objects that can load what they lack from the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def volume(
        self, record: VolumeRecord, *, connections: Sequence[ConnectionRecord] | None = None, connecting: str = ""
    ) -> Any:
        """Return Cinder's Volume.

        Args:
            record: what the object says of itself; it need not be stored.
            connections: everything that the volume is published to; None asks the store.
            connecting: cinder_id of the connection that is being made.
        """
        published = self._database.stored.connections(record.cinder_id) if connections is None else connections
        row = volume_row(record, self._database.types, published, connecting=connecting)
        context = new_context()
        wanted = ["metadata", "admin_metadata", "volume_type", "volume_type.extra_specs", "volume_attachment"]
        return objects.Volume._from_db_object(  # noqa: SLF001 - Cinder's only way from a row to an object
            context, objects.Volume(context), row, expected_attrs=wanted
        )

    def snapshot(self, record: SnapshotRecord) -> Any:
        """Return Cinder's Snapshot; its `volume` is loaded from the database when a driver asks for it."""
        row = snapshot_row(record, self._type_id(record), self._database.stored.group_snapshot_id(record))
        context = new_context()
        made = objects.Snapshot._from_db_object(  # noqa: SLF001 - Cinder's only way from a row to an object
            context, objects.Snapshot(context), row, expected_attrs=["metadata"]
        )
        # Some drivers look for a context here, where Cinder's service puts one.
        made.context = context
        return made

    def group(self, group: ConsistencyGroup, status: str) -> Any:
        """Return Cinder's Group; its `volumes` are loaded from the database when a driver asks for them."""
        context = new_context()
        return objects.Group._from_db_object(  # noqa: SLF001 - Cinder's only way from a row to an object
            context, objects.Group(context), self._database.groups.row(group, status), expected_attrs=["volume_types"]
        )

    def group_snapshot(self, group: ConsistencyGroup, status: str) -> Any:
        """Return Cinder's GroupSnapshot; `snapshots` are loaded from the database when a driver asks for them."""
        context, row = new_context(), self._database.groups.snapshot_row(group, status)
        made = objects.GroupSnapshot._from_db_object(  # noqa: SLF001 - Cinder's only way from a row to an object
            context, objects.GroupSnapshot(context), row, expected_attrs=["group"]
        )
        # Where Cinder's service puts one.
        made.context = context
        return made

    def _type_id(self, record: SnapshotRecord) -> str | None:
        found = self._database.stored.store.volumes.page(where={"cinder_id": record.volume_cinder_id}, limit=1)
        return self._database.types.of(found[0]).id if found else None
