"""Records in this process's memory: for libraries, trials and tests.

They are kept as documents, as in every other store, so what comes back is
never the caller's own mutable mapping, and what cannot be stored is refused.
"""

import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from itertools import chain
from typing import Generic, TypeVar

from persistence.codec import decode, written
from persistence.errors import RecordChanged, RecordExists, StoreUnavailable
from persistence.keys import KINDS, Where, may_match, new_revision, storable
from persistence.records import ConnectionRecord, KeyValueRecord, NodeRecord, Record, SnapshotRecord, VolumeRecord

R = TypeVar("R", bound=Record)


class MemoryTable(Generic[R]):
    """Records of one kind, with a sorted list of ids for each value of each indexed field."""

    def __init__(self, record_type: type[R]) -> None:
        self._type = record_type
        self._kind = KINDS[record_type]
        self._lock = threading.Lock()
        self._closed = False
        self._rows: dict[str, tuple[str, str]] = {}
        self._ids: list[str] = []
        self._index: dict[tuple[str, str], list[str]] = {}

    def get(self, record_id: str) -> R | None:
        with self._lock:
            self._check_open()
            row = self._rows.get(record_id)
        return None if row is None else self._record(record_id, row)

    def insert(self, record: R) -> R:
        document, stored = written(record, revision=new_revision())
        row = (stored.revision, document)
        with self._lock:
            self._check_open()
            if record.id in self._rows:
                raise RecordExists(f"{self._kind} {record.id!r} is stored already")
            self._rows[record.id] = row
            insort(self._ids, record.id)
            self._add(record)
        return stored

    def replace(self, record: R) -> R:
        document, stored = written(record, revision=new_revision())
        row = (stored.revision, document)
        with self._lock:
            self._check_open()
            old = self._rows.get(record.id)
            if old is None or old[0] != record.revision:
                raise RecordChanged(f"{self._kind} {record.id!r} was changed or removed since it was read")
            self._remove(self._record(record.id, old))
            self._rows[record.id] = row
            self._add(record)
        return stored

    def delete(self, record: R) -> None:
        with self._lock:
            self._check_open()
            old = self._rows.get(record.id)
            if old is None:
                return
            if old[0] != record.revision:
                raise RecordChanged(f"{self._kind} {record.id!r} was changed since it was read")
            self._remove(self._record(record.id, old))
            del self._rows[record.id]
            self._ids.pop(bisect_left(self._ids, record.id))

    def page(self, *, after: str = "", limit: int = 100, where: Where | None = None) -> Sequence[R]:
        matching = may_match(self._type, after=after, limit=limit, where=where)
        with self._lock:
            self._check_open()
            if not matching:
                return []
            # The shortest list is walked, the others are looked into.
            lists = sorted((self._listed(field, wanted) for field, wanted in (where or {}).items()), key=len)
            walked, others = (lists[0], lists[1:]) if lists else (self._ids, [])
            rows: list[tuple[str, tuple[str, str]]] = []
            for position in range(bisect_right(walked, after), len(walked)):
                record_id = walked[position]
                if all(_holds(other, record_id) for other in others):
                    rows.append((record_id, self._rows[record_id]))
                if len(rows) == limit:
                    break
        return [self._record(record_id, row) for record_id, row in rows]

    def close(self) -> None:
        """Refuse every verb from now on."""
        with self._lock:
            self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("the store is closed")

    def _record(self, record_id: str, row: tuple[str, str]) -> R:
        return decode(self._type, row[1], record_id=record_id, revision=row[0])

    def _listed(self, field: str, wanted: str | frozenset[str]) -> list[str]:
        lists = [self._index.get((field, value), []) for value in storable(wanted)]
        return lists[0] if len(lists) == 1 else sorted(chain.from_iterable(lists))

    def _add(self, record: R) -> None:
        for field in record.INDEXED:
            insort(self._index.setdefault((field, getattr(record, field)), []), record.id)

    def _remove(self, record: R) -> None:
        for field in record.INDEXED:
            item = (field, getattr(record, field))
            ids = self._index[item]
            ids.pop(bisect_left(ids, record.id))
            if not ids:
                del self._index[item]


class MemoryStore:
    """The five tables; they are gone with the process."""

    def __init__(self) -> None:
        self.volumes = MemoryTable(VolumeRecord)
        self.snapshots = MemoryTable(SnapshotRecord)
        self.connections = MemoryTable(ConnectionRecord)
        self.nodes = MemoryTable(NodeRecord)
        self.key_values = MemoryTable(KeyValueRecord)

    def close(self) -> None:
        for table in (self.volumes, self.snapshots, self.connections, self.nodes, self.key_values):
            table.close()


def _holds(ids: Sequence[str], record_id: str) -> bool:
    position = bisect_left(ids, record_id)
    return position < len(ids) and ids[position] == record_id
