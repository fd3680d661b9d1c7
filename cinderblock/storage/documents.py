"""Records as JSON that a program keeps by itself, and back.

A document: {"cinderblock": FORMAT, "secrets": "sealed" or "clear", "records": [{"kind", "document"}, …]}, each record
in the form in which a store keeps it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, TypeVar

from cinderblock.attachment import attachment_key
from cinderblock.engine import every
from cinderblock.errors import AlreadyExists, InvalidRequest
from cinderblock.grouped import PREFIX
from persistence.codec import decode, encode
from persistence.errors import StoreUnusable
from persistence.keys import KINDS
from persistence.port import Store, Table
from persistence.records import ConnectionRecord, KeyValueRecord, Record, SnapshotRecord, VolumeRecord
from persistence.seal import Sealer

R = TypeVar("R", bound=Record)

FORMAT = 1
_SEALED, _CLEAR = "sealed", "clear"


class Documents:
    """Writes and reads documents.

    Args:
        store: the records, in clear.
        sealer: seals what is secret in a document; None where its key would be gone with the process.
    """

    def __init__(self, store: Store, sealer: Sealer | None) -> None:
        self._store = store
        self._sealer = sealer
        self._tables: Mapping[type[Record], Table[Any]] = {
            VolumeRecord: store.volumes,
            SnapshotRecord: store.snapshots,
            ConnectionRecord: store.connections,
            KeyValueRecord: store.key_values,
        }

    def dump_all(self, *, secrets: bool) -> str:
        """Return every volume, snapshot, group snapshot, connection and attachment.

        Raises:
            InvalidRequest: there are secrets to seal, and no key to seal them with.
        """
        volumes = list(every(self._store.volumes))
        snapshots = list(every(self._store.snapshots))
        connections = list(every(self._store.connections))
        others = [*self._groups(snapshots), *self._devices(connections)]
        return self._written([*volumes, *snapshots, *connections, *others], secrets=secrets)

    def dump(self, volume: VolumeRecord, *, secrets: bool) -> str:
        """Return a volume with its snapshots, the groups that they belong to, its connections and attachments.

        Raises:
            InvalidRequest: there are secrets to seal, and no key to seal them with.
        """
        snapshots = list(every(self._store.snapshots, volume_cinder_id=volume.cinder_id))
        connections = list(every(self._store.connections, volume_cinder_id=volume.cinder_id))
        others = [*self._groups(snapshots), *self._devices(connections)]
        return self._written([volume, *snapshots, *connections, *others], secrets=secrets)

    def load(self, text: str) -> list[VolumeRecord]:
        """Store what a document holds, all of it or nothing; return the volumes.

        Raises:
            InvalidRequest: it is no such document, or not whole.
            AlreadyExists: the store has another object of the same id.
            StoreUnusable: its secrets were sealed with another key.
        """
        records = list(self._read(text))
        missing = [record for record in records if not self._is_there(record)]
        with ExitStack() as undo:
            for record in missing:
                table = self._tables[type(record)]
                undo.callback(table.delete, table.insert(record))
            undo.pop_all()
        return [record for record in records if isinstance(record, VolumeRecord)]

    def _groups(self, snapshots: Iterable[SnapshotRecord]) -> Iterator[KeyValueRecord]:
        # Without its group a snapshot of one could not be removed.
        for group_id in sorted({snapshot.group_id for snapshot in snapshots} - {""}):
            found = self._store.key_values.get(PREFIX + group_id)
            if found is not None:
                yield found

    def _devices(self, connections: Iterable[ConnectionRecord]) -> Iterator[KeyValueRecord]:
        for connection in connections:
            found = self._store.key_values.get(attachment_key(connection))
            if found is not None:
                yield found

    def _written(self, records: Iterable[Record], *, secrets: bool) -> str:
        content = [
            {"kind": KINDS[type(record)], "document": json.loads(encode(record if secrets else self._sealed(record)))}
            for record in records
        ]
        return json.dumps({"cinderblock": FORMAT, "secrets": _CLEAR if secrets else _SEALED, "records": content})

    def _sealed(self, record: R) -> R:
        fields = [field for field in record.SECRET if getattr(record, field)]
        if fields and self._sealer is None:
            msg = "there are secrets, and the key to seal them is gone with this process; give the storage a key_file, "
            raise InvalidRequest(msg + "or ask for the secrets in clear")
        changes: dict[str, Any] = {field: self._sealer.seal_field(record, field) for field in fields if self._sealer}
        return replace(record, **changes)

    def _read(self, text: str) -> Iterator[Record]:
        kinds = {KINDS[record_type]: record_type for record_type in self._tables}
        try:
            content = json.loads(text)
            if content["cinderblock"] != FORMAT:
                raise ValueError(f"it is of format {content['cinderblock']!r}, {FORMAT} wanted")
            is_sealed = {_SEALED: True, _CLEAR: False}[content["secrets"]]
            records = [_decoded(kinds[item["kind"]], item["document"]) for item in content["records"]]
        except (ValueError, KeyError, TypeError, AttributeError, StoreUnusable) as error:
            msg = f"this is no document of volumes that can be read: {error!r}"
            raise InvalidRequest(msg) from error
        for record in records:
            yield self._opened(record) if is_sealed else record

    def _opened(self, record: R) -> R:
        fields = [field for field in record.SECRET if getattr(record, field)]
        if fields and self._sealer is None:
            msg = "the document's secrets are sealed; give the storage the key_file that they were sealed with"
            raise StoreUnusable(msg)
        changes: dict[str, Any] = {field: self._sealer.open_field(record, field) for field in fields if self._sealer}
        return replace(record, **changes)

    def _is_there(self, record: Record) -> bool:
        found = self._tables[type(record)].get(record.id)
        if found is None:
            return False
        if replace(found, revision="", owner="") != record:
            msg = f"the store has another {KINDS[type(record)]} {record.id!r} than the document"
            raise AlreadyExists(msg)
        return True


def _decoded(record_type: type[R], document: Mapping[str, Any]) -> R:
    # Whoever worked on it did so on the records of another store.
    content = json.dumps({**document, "owner": ""})
    return decode(record_type, content, record_id=str(document.get("id")), revision="")
