"""`Table` over SQL: one implementation serves all kinds of record."""

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import sqlalchemy as sa
import sqlalchemy.exc

from persistence.codec import decode, encode
from persistence.errors import RecordChanged, RecordExists
from persistence.keys import KINDS, key_problem, may_match, new_revision
from persistence.records import Record
from persistence.sql.database import Database
from persistence.sql.schema import TABLES

R = TypeVar("R", bound=Record)

#: Indexed fields of which very many records have the same value.
_COARSE = frozenset({"backend"})


class SqlTable(Generic[R]):
    """Records of one kind in one table; every verb is one statement, so none needs a transaction around it."""

    def __init__(self, database: Database, record_type: type[R]) -> None:
        self._database = database
        self._type = record_type
        self._kind = KINDS[record_type]
        self._table = TABLES[record_type]
        columns = self._table.c
        self._rows: sa.Select[str, str, str] = sa.select(columns.id, columns.revision, columns.document)

    def get(self, record_id: str) -> R | None:
        if key_problem(record_id):
            return None
        rows = self._database.read(self._rows.where(self._table.c.id == record_id))
        return self._record(*rows[0]) if rows else None

    def insert(self, record: R) -> R:
        row = self._row(record)
        try:
            self._database.write(self._table.insert().values(row))
        except sqlalchemy.exc.IntegrityError as error:
            raise RecordExists(f"{self._kind} {record.id!r} is stored already") from error
        return self._record(record.id, row["revision"], row["document"])

    def replace(self, record: R) -> R:
        row = self._row(record)
        if not self._database.write(self._table.update().where(self._is(record)).values(row)):
            raise RecordChanged(f"{self._kind} {record.id!r} was changed or removed since it was read")
        return self._record(record.id, row["revision"], row["document"])

    def delete(self, record: R) -> None:
        if not self._database.write(self._table.delete().where(self._is(record))) and self.get(record.id) is not None:
            raise RecordChanged(f"{self._kind} {record.id!r} was changed since it was read")

    def page(self, *, after: str = "", limit: int = 100, where: Mapping[str, str] | None = None) -> Sequence[R]:
        if not may_match(self._type, after=after, limit=limit, where=where):
            return []
        ids = self._table.c.id
        statement = self._rows.where(ids > after, *self._conditions(where or {})).order_by(ids).limit(limit)
        return [self._record(*row) for row in self._database.read(statement)]

    def _conditions(self, where: Mapping[str, str]) -> Sequence[sa.ColumnElement[bool]]:
        columns = self._table.c
        # An expression has no index: with a finer field at hand, a coarse one's would be walked from end to end.
        fine = where.keys() - _COARSE
        return [
            (columns[field].concat("") if fine and field in _COARSE else columns[field]) == value
            for field, value in where.items()
        ]

    def _is(self, record: R) -> sa.ColumnElement[bool]:
        return sa.and_(self._table.c.id == record.id, self._table.c.revision == record.revision)

    def _row(self, record: R) -> dict[str, str]:
        indexed = {field: getattr(record, field) for field in record.INDEXED}
        return {"document": encode(record), "id": record.id, "revision": new_revision(), **indexed}

    def _record(self, record_id: str, revision: str, document: str) -> R:
        return decode(self._type, document, record_id=record_id, revision=revision)
