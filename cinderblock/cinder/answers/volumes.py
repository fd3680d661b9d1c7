"""Volumes, as drivers ask the database for them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cinder import exception

from cinderblock.cinder import changes
from cinderblock.cinder.answers.stored import Stored, every
from cinderblock.cinder.rows import Row, Types, matching, volume_row
from cinderblock.grouped import GROUP_ID
from persistence.records import VolumeRecord

Metadata = dict[str, str]


class VolumeAnswers:
    """`volume_*` of `cinder.db.api`."""

    def __init__(self, stored: Stored, types: Types) -> None:
        self._stored = stored
        self._types = types

    def volume_get(self, context: Any, volume_id: str) -> Row:
        return self._row(self._stored.volume(volume_id))

    def volume_get_all(
        self, context: Any, *paging: Any, filters: Mapping[str, Any] | None = None, **_: Any
    ) -> list[Row]:
        return matching(map(self._row, every(self._stored.store.volumes)), filters)

    def volume_get_all_by_host(self, context: Any, host: str, filters: Mapping[str, Any] | None = None) -> list[Row]:
        # A host stands for its pools, too: HOST@BACKEND and HOST@BACKEND#POOL.
        of_host = (
            record
            for record in every(self._stored.store.volumes)
            if record.host == host or record.host.startswith(f"{host}#")
        )
        return matching(map(self._row, of_host), filters)

    def volume_get_all_by_group(self, context: Any, group_id: str, filters: Any = None) -> list[Row]:
        return []

    def volume_get_all_by_generic_group(
        self, context: Any, group_id: str, filters: Mapping[str, Any] | None = None
    ) -> list[Row]:
        return self.volume_get_all(context, filters={**(filters or {}), GROUP_ID: group_id})

    def volume_update(self, context: Any, volume_id: str, values: Mapping[str, Any]) -> None:
        self._stored.change_volume(volume_id, lambda record: changes.volume(record, values))

    def volume_metadata_get(self, context: Any, volume_id: str) -> Metadata:
        return dict(self._stored.volume(volume_id).metadata)

    def volume_metadata_update(
        self, context: Any, volume_id: str, metadata: Mapping[str, str], delete: Any, *_: Any
    ) -> Metadata:
        return self._change_metadata(volume_id, lambda old: {**({} if delete else old), **metadata})

    def volume_metadata_delete(self, context: Any, volume_id: str, key: str, *_: Any) -> None:
        self._change_metadata(volume_id, lambda old: _without(old, key))

    def volume_admin_metadata_get(self, context: Any, volume_id: str) -> Metadata:
        return dict(self._stored.volume(volume_id).admin_metadata)

    def volume_admin_metadata_update(
        self,
        context: Any,
        volume_id: str,
        metadata: Mapping[str, str],
        delete: Any,
        add: Any = True,
        update: Any = True,
    ) -> Metadata:
        def changed(old: Metadata) -> Metadata:
            kept = {key: value for key, value in old.items() if key in metadata or not delete}
            wanted = {key: value for key, value in metadata.items() if (update if key in old else add)}
            return {**kept, **wanted}

        return self._change_admin_metadata(volume_id, changed)

    def volume_admin_metadata_delete(self, context: Any, volume_id: str, key: str) -> None:
        self._change_admin_metadata(volume_id, lambda old: _without(old, key))

    def volume_encryption_metadata_get(self, context: Any, volume_id: str) -> dict[str, Any]:
        return {"encryption_key_id": self.volume_get(context, volume_id).get("encryption_key_id")}

    def volume_glance_metadata_get(self, context: Any, volume_id: str) -> list[Row]:
        raise exception.GlanceMetadataNotFound(id=volume_id)

    def volume_glance_metadata_delete_by_snapshot(self, context: Any, snapshot_id: str) -> None:
        """Nothing comes from an image here."""

    def image_volume_cache_get_by_volume_id(self, context: Any, volume_id: str) -> None:
        """Nothing comes from an image here."""

    def _row(self, record: VolumeRecord) -> Row:
        return volume_row(record, self._types, self._stored.connections(record.cinder_id))

    def _change_metadata(self, volume_id: str, change: Callable[[Metadata], Metadata]) -> Metadata:
        changed = self._stored.change_volume(volume_id, lambda old: replace(old, metadata=change(dict(old.metadata))))
        return dict(changed.metadata)

    def _change_admin_metadata(self, volume_id: str, change: Callable[[Metadata], Metadata]) -> Metadata:
        changed = self._stored.change_volume(
            volume_id, lambda old: replace(old, admin_metadata=change(dict(old.admin_metadata)))
        )
        return dict(changed.admin_metadata)


def _without(metadata: Metadata, key: str) -> Metadata:
    return {kept: value for kept, value in metadata.items() if kept != key}
