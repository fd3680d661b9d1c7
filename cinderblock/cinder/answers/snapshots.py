"""Snapshots, as drivers ask the database for them."""

import threading
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cinder import exception
from oslo_utils import timeutils

from cinderblock.cinder import changes
from cinderblock.cinder.answers.stored import Stored, every
from cinderblock.cinder.answers.volumes import VolumeAnswers
from cinderblock.cinder.rows import Row, matching, pairs, snapshot_row
from cinderblock.grouped import every_consistency_group
from persistence.records import SnapshotRecord

_TEMPORARY = uuid.UUID("0b8a3f0e-7a35-4d0b-8b5e-5f6d0d6a4c11")


def temporary_id(volume_id: str, name: str) -> str:
    """Return the id of a snapshot that a driver makes by itself: it is found by its name after a crash."""
    return str(uuid.uuid5(_TEMPORARY, f"{volume_id}/{name}"))


class SnapshotAnswers:
    """`snapshot_*` of `cinder.db.api`.

    A snapshot that a driver makes by itself (NFS, within every clone that
    has snapshots) is temporary: it lives in memory until the driver destroys it.
    """

    def __init__(self, stored: Stored, volumes: VolumeAnswers) -> None:
        self._stored = stored
        self._volumes = volumes
        self._temporary: dict[str, Row] = {}
        self._lock = threading.Lock()

    def snapshot_get(self, context: Any, snapshot_id: str) -> Row:
        temporary = self._temporary_row(snapshot_id)
        row = self._row(self._stored.snapshot(snapshot_id)) if temporary is None else temporary
        try:
            row["volume"] = self._volumes.volume_get(context, row["volume_id"])
        except exception.VolumeNotFound:
            row["volume"] = None
        return row

    def snapshot_get_all(self, context: Any, filters: Mapping[str, Any] | None = None, *_: Any) -> list[Row]:
        return matching(map(self._row, every(self._stored.store.snapshots)), filters)

    def snapshot_get_all_by_host(self, context: Any, host: str, filters: Mapping[str, Any] | None = None) -> list[Row]:
        of_host = {row["id"] for row in self._volumes.volume_get_all_by_host(context, host)}
        return [row for row in self.snapshot_get_all(context, filters) if row["volume_id"] in of_host]

    def snapshot_get_all_for_volume(self, context: Any, volume_id: str) -> list[Row]:
        with self._lock:
            temporary = [Row(**row) for row in self._temporary.values() if row["volume_id"] == volume_id]
        return [*map(self._row, every(self._stored.store.snapshots, volume_cinder_id=volume_id)), *temporary]

    def snapshot_get_all_for_group_snapshot(self, context: Any, group_snapshot_id: str) -> list[Row]:
        of_group = every_consistency_group(self._stored.store.key_values)
        members = [one.members for one in of_group if one.snapshot_cinder_id == group_snapshot_id]
        snapshots = [
            every(self._stored.store.snapshots, cinder_id=cinder_id) for one in members for cinder_id in one.values()
        ]
        return [self._row(snapshot) for found in snapshots for snapshot in found]

    def snapshot_get_latest_for_volume(self, context: Any, volume_id: str) -> Row:
        rows = self.snapshot_get_all_for_volume(context, volume_id)
        if not rows:
            raise exception.VolumeSnapshotNotFound(volume_id=volume_id)
        return max(rows, key=lambda row: row["created_at"])

    def snapshot_create(self, context: Any, values: Mapping[str, Any]) -> Row:
        defaults = {"use_quota": True, "deleted": False, "created_at": timeutils.utcnow()}
        named = temporary_id(str(values.get("volume_id")), values.get("display_name") or str(uuid.uuid4()))
        items = {**defaults, **values, "id": values.get("id") or named}
        row = Row(**items, snapshot_metadata=pairs(values.get("metadata") or {}))
        with self._lock:
            self._temporary[row["id"]] = row
        return Row(**row)

    def snapshot_update(self, context: Any, snapshot_id: str, values: Mapping[str, Any]) -> None:
        if not self._change_temporary(snapshot_id, values):
            self._stored.change_snapshot(snapshot_id, lambda record: changes.snapshot(record, values))

    def snapshot_destroy(self, context: Any, snapshot_id: str) -> dict[str, Any]:
        with self._lock:
            if self._temporary.pop(snapshot_id, None) is None:
                # What is in the store goes by the library's verbs only.
                raise exception.SnapshotNotFound(snapshot_id=snapshot_id)
        return {"status": "deleted", "deleted": True, "deleted_at": timeutils.utcnow()}

    def snapshot_metadata_get(self, context: Any, snapshot_id: str) -> dict[str, str]:
        return {pair["key"]: pair["value"] for pair in self.snapshot_get(context, snapshot_id)["snapshot_metadata"]}

    def snapshot_metadata_update(
        self, context: Any, snapshot_id: str, metadata: Mapping[str, str], delete: Any
    ) -> dict[str, str]:
        wanted = {**({} if delete else self.snapshot_metadata_get(context, snapshot_id)), **metadata}
        if not self._change_temporary(snapshot_id, {"snapshot_metadata": pairs(wanted)}):
            self._stored.change_snapshot(snapshot_id, lambda record: replace(record, metadata=wanted))
        return wanted

    def snapshot_metadata_delete(self, context: Any, snapshot_id: str, key: str) -> None:
        kept = {name: value for name, value in self.snapshot_metadata_get(context, snapshot_id).items() if name != key}
        self.snapshot_metadata_update(context, snapshot_id, kept, delete=True)

    def _row(self, record: SnapshotRecord) -> Row:
        try:
            type_id = self._volumes.volume_get(None, record.volume_cinder_id)["volume_type_id"]
        except exception.VolumeNotFound:
            type_id = None
        return snapshot_row(record, type_id, self._stored.group_snapshot_id(record))

    def _temporary_row(self, snapshot_id: str) -> Row | None:
        with self._lock:
            row = self._temporary.get(snapshot_id)
            return None if row is None else Row(**row)

    def _change_temporary(self, snapshot_id: str, values: Mapping[str, Any]) -> bool:
        with self._lock:
            row = self._temporary.get(snapshot_id)
            if row is not None:
                row.update(values)
            return row is not None
