"""Groups, group snapshots and the one type of group, as drivers ask the database for them."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from cinder import exception
from cinder.objects import fields

from cinderblock.cinder.answers.stored import Stored, every
from cinderblock.cinder.rows import Row, Types, matching, never_deleted, owner
from cinderblock.grouped import ConsistencyGroup, consistency_group, every_consistency_group

#: The type of every group: its snapshots are taken at one moment. For ever: drivers may keep the id.
GROUP_TYPE_ID = str(uuid.UUID("d4b1f6b8-3c35-4b0f-8a4e-6a0a5d9c7f21"))
_GROUP_TYPE = "cinderblock-consistent"

Filters = Mapping[str, Any] | None


class GroupAnswers:
    """`group_*` of `cinder.db.api`; nothing of a group is a driver's to change."""

    def __init__(self, stored: Stored, types: Types) -> None:
        self._stored = stored
        self._types = types

    def row(self, group: ConsistencyGroup, status: str = fields.GroupStatus.AVAILABLE) -> Row:
        """Return the row of a group."""
        types = self._volume_types(group)
        return Row(
            id=group.cinder_id,
            name=group.name,
            description=None,
            host=group.host,
            cluster_name=None,
            availability_zone="nova",
            status=status,
            group_type_id=GROUP_TYPE_ID,
            volume_type_ids=[volume_type["id"] for volume_type in types],
            volume_types=types,
            group_snapshot_id=None,
            source_group_id=None,
            replication_status=fields.ReplicationStatus.NOT_CAPABLE,
            **owner(),
            **never_deleted(),
        )

    def snapshot_row(self, group: ConsistencyGroup, status: str = fields.GroupSnapshotStatus.AVAILABLE) -> Row:
        """Return the row of a group's snapshot."""
        return Row(
            id=group.snapshot_cinder_id,
            group_id=group.cinder_id,
            group=self.row(group),
            group_type_id=GROUP_TYPE_ID,
            name=group.name,
            description=None,
            status=status,
            **owner(),
            **never_deleted(),
        )

    def group_get(self, context: Any, group_id: str) -> Row:
        found = consistency_group(self._stored.store.key_values, group_id)
        if found is None:
            raise exception.GroupNotFound(group_id=group_id)
        return self.row(found)

    def group_get_all(self, context: Any, filters: Filters = None, *_: Any, **__: Any) -> list[Row]:
        return matching(map(self.row, self._every()), filters)

    def group_get_all_by_project(
        self, context: Any, project_id: str, filters: Filters = None, *_: Any, **__: Any
    ) -> list[Row]:
        return self.group_get_all(context, filters)

    def group_update(self, context: Any, group_id: str, values: Mapping[str, Any]) -> None:
        """Change nothing: its status is the library's affair."""

    def group_snapshot_get(self, context: Any, group_snapshot_id: str) -> Row:
        for group in self._every():
            if group.snapshot_cinder_id == group_snapshot_id:
                return self.snapshot_row(group)
        raise exception.GroupSnapshotNotFound(group_snapshot_id=group_snapshot_id)

    def group_snapshot_get_all(self, context: Any, filters: Filters = None, *_: Any, **__: Any) -> list[Row]:
        return matching(map(self.snapshot_row, self._every()), filters)

    def group_snapshot_get_all_by_group(
        self, context: Any, group_id: str, filters: Filters = None, *_: Any, **__: Any
    ) -> list[Row]:
        return self.group_snapshot_get_all(context, {**(filters or {}), "group_id": group_id})

    def group_snapshot_update(self, context: Any, group_snapshot_id: str, values: Mapping[str, Any]) -> None:
        """Change nothing: its status is the library's affair."""

    def group_type_get(self, context: Any, type_id: str, *_: Any, **__: Any) -> Row:
        if type_id != GROUP_TYPE_ID:
            raise exception.GroupTypeNotFound(group_type_id=type_id)
        return Row(
            id=GROUP_TYPE_ID,
            name=_GROUP_TYPE,
            description=None,
            is_public=True,
            projects=[],
            group_specs=self.group_type_specs_get(context, type_id),
            **never_deleted(),
        )

    def group_type_get_by_name(self, context: Any, name: str) -> Row:
        if name != _GROUP_TYPE:
            raise exception.GroupTypeNotFoundByName(group_type_name=name)
        return self.group_type_get(context, GROUP_TYPE_ID)

    def group_type_specs_get(self, context: Any, type_id: str) -> dict[str, str]:
        return {"consistent_group_snapshot_enabled": "<is> True"}

    def volume_type_get_all_by_group(self, context: Any, group_id: str) -> list[Row]:
        return list(self.group_get(context, group_id)["volume_types"])

    def _every(self) -> Iterable[ConsistencyGroup]:
        return every_consistency_group(self._stored.store.key_values)

    def _volume_types(self, group: ConsistencyGroup) -> list[Row]:
        volumes = self._stored.store.volumes
        found = {self._types.of(one).id: one for member in group.members for one in every(volumes, cinder_id=member)}
        return [self._types.of(volume).row() for volume in found.values()]
