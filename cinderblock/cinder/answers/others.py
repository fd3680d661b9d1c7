"""Attachments, types, QoS specs and what drivers note about initiators."""

import uuid
from collections.abc import Mapping
from typing import Any

from cinder import exception

from cinderblock.cinder.answers.stored import Stored, every
from cinderblock.cinder.rows import DEFAULT_TYPE, Row, Types, attachment_row, matching
from persistence.errors import RecordExists
from persistence.records import KeyValueRecord


class AttachmentAnswers:
    """`volume_attachment_*` and `attachment_*` of `cinder.db.api`."""

    def __init__(self, stored: Stored) -> None:
        self._stored = stored

    def volume_attachment_get(self, context: Any, attachment_id: str) -> Row:
        for record in every(self._stored.store.connections):
            if record.cinder_id == attachment_id:
                return attachment_row(record)
        raise exception.VolumeAttachmentNotFound(filter=f"attachment_id = {attachment_id}")

    def volume_attachment_get_all(self, context: Any, filters: Mapping[str, Any] | None = None, *_: Any) -> list[Row]:
        return matching(map(attachment_row, every(self._stored.store.connections)), filters)

    def volume_attachment_get_all_by_volume_id(self, context: Any, volume_id: str, *_: Any) -> list[Row]:
        return [attachment_row(record) for record in self._stored.connections(volume_id)]

    def volume_attachment_get_all_by_host(self, context: Any, host: str, filters: Any = None) -> list[Row]:
        return self.volume_attachment_get_all(context, {**(filters or {}), "attached_host": host})

    def volume_attachment_get_all_by_instance_uuid(self, context: Any, instance_uuid: str, *_: Any) -> list[Row]:
        return []

    def attachment_specs_get(self, context: Any, attachment_id: str) -> dict[str, str]:
        return {}


class TypeAnswers:
    """`volume_type_*` and `qos_specs_*` of `cinder.db.api`."""

    def __init__(self, types: Types) -> None:
        self._types = types

    def volume_type_get(self, context: Any, type_id: str, *_: Any, **__: Any) -> Row:
        found = self._types.get(type_id)
        if found is None:
            raise exception.VolumeTypeNotFound(volume_type_id=type_id)
        return found.row()

    def volume_type_get_by_name(self, context: Any, name: str) -> Row:
        found = self._types.default if name == DEFAULT_TYPE else self._types.by_name(name)
        if found is None:
            raise exception.VolumeTypeNotFoundByName(volume_type_name=name)
        return found.row()

    def _volume_type_get(self, context: Any, type_id: str, *_: Any, **__: Any) -> Row:
        return self.volume_type_get(context, type_id)

    def _volume_type_get_by_name(self, context: Any, name: str) -> Row:
        return self.volume_type_get_by_name(context, name)

    def volume_type_extra_specs_get(self, context: Any, type_id: str) -> dict[str, str]:
        return dict(self.volume_type_get(context, type_id)["extra_specs"])

    def volume_type_qos_specs_get(self, context: Any, type_id: str) -> dict[str, Any]:
        qos = self.volume_type_get(context, type_id)["qos_specs"]
        # No more than Cinder's database: what is left besides the specs is taken for one by whoever compares types.
        kept = ("id", "name", "consumer", "specs", "created_at")
        return {"qos_specs": qos and Row(**{key: qos[key] for key in kept})}

    def volume_type_encryption_get(self, context: Any, type_id: str, *_: Any) -> None:
        """No type is encrypted."""

    def project_default_volume_type_get(self, context: Any, project_id: str) -> None:
        """Projects have no type of their own."""

    def qos_specs_get(self, context: Any, specs_id: str, *_: Any) -> Row:
        found = self._types.get(specs_id)
        qos = found.qos() if found else None
        if qos is None:
            raise exception.QoSSpecsNotFound(specs_id=specs_id)
        return qos


class InitiatorAnswers:
    """`driver_initiator_data_*` of `cinder.db.api`: small facts that a driver keeps about an initiator.

    They are stored sealed: some drivers keep the password that an initiator logs in with there.
    """

    _KEYS = uuid.UUID("2f1a1f6e-8f0b-4f38-8a51-5d0f8a3c8f55")

    def __init__(self, stored: Stored) -> None:
        self._stored = stored

    def driver_initiator_data_get(self, context: Any, initiator: str, namespace: str) -> list[Row]:
        rows = []
        for prefix in self._prefixes(initiator, namespace):
            for record in every(self._stored.store.key_values, after=prefix):
                if not record.id.startswith(prefix):
                    break
                key = record.id.removeprefix(prefix)
                rows.append(Row(initiator=initiator, namespace=namespace, key=key, value=record.value))
        return rows

    def driver_initiator_data_insert_by_key(
        self, context: Any, initiator: str, namespace: str, key: str, value: str
    ) -> None:
        table, (prefix, before) = self._stored.store.key_values, self._prefixes(initiator, namespace)
        try:
            if table.get(before + key) is not None:
                raise RecordExists(f"key_value {before + key!r} is stored already")
            table.insert(KeyValueRecord(id=prefix + key, value=value))
        except RecordExists as error:
            raise exception.DriverInitiatorDataExists(initiator=initiator, namespace=namespace, key=key) from error

    def _prefixes(self, initiator: str, namespace: str) -> tuple[str, str]:
        """Return how keys begin now, and how they began when they were stored in clear."""
        # An id of fixed length: initiators are long, and may hold what an id may not.
        before = f"initiator/{uuid.uuid5(self._KEYS, f'{namespace}/{initiator}')}/"
        return KeyValueRecord.SEALED + before, before
