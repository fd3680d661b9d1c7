"""`Table` over SQL: one implementation serves all kinds of record."""

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import sqlalchemy as sa
import sqlalchemy.exc

from persistence.codec import decode, written
from persistence.errors import RecordChanged, RecordExists
from persistence.keys import COARSE, KINDS, Where, key_problem, may_match, new_revision, storable
from persistence.records import Record
from persistence.sql.database import Database
from persistence.sql.schema import TABLES

R = TypeVar("R", bound=Record)


class SqlTable(Generic[R]):
    """Records of one kind in one table; every verb is one statement, so none needs a transaction around it.

    The statements are built once, with parameters: building one costs more than running it.
    """

    def __init__(self, database: Database, record_type: type[R]) -> None:
        self._database = database
        self._type = record_type
        self._kind = KINDS[record_type]
        table = TABLES[record_type]
        self._columns = table.c
        self._rows: sa.Select[str, str, str] = sa.select(table.c.id, table.c.revision, table.c.document)
        self._get = self._rows.where(table.c.id == sa.bindparam("wanted_id"))
        # Their values are given by the names of the columns, so the parameters here must have others.
        held = sa.and_(table.c.id == sa.bindparam("held_id"), table.c.revision == sa.bindparam("held_revision"))
        self._insert = table.insert()
        self._replace = table.update().where(held)
        self._delete = table.delete().where(held)
        self._pages: dict[frozenset[tuple[str, bool]], sa.Select[str, str, str]] = {}

    def get(self, record_id: str) -> R | None:
        if key_problem(record_id):
            return None
        rows = self._database.read(self._get, {"wanted_id": record_id})
        return self._record(*rows[0]) if rows else None

    def insert(self, record: R) -> R:
        row, stored = row_of(record)
        try:
            self._database.write(self._insert, row)
        except sqlalchemy.exc.IntegrityError as error:
            if is_stored(self._database, stored):
                return stored
            raise RecordExists(f"{self._kind} {record.id!r} is stored already") from error
        return stored

    def replace(self, record: R) -> R:
        row, stored = row_of(record)
        if not (self._database.write(self._replace, {**row, **_held(record)}) or is_stored(self._database, stored)):
            raise RecordChanged(f"{self._kind} {record.id!r} was changed or removed since it was read")
        return stored

    def delete(self, record: R) -> None:
        if not self._database.write(self._delete, _held(record)) and self.get(record.id) is not None:
            raise RecordChanged(f"{self._kind} {record.id!r} was changed since it was read")

    def page(self, *, after: str = "", limit: int = 100, where: Where | None = None) -> Sequence[R]:
        if not may_match(self._type, after=after, limit=limit, where=where):
            return []
        wanted = where or {}
        # A statement's shape is which fields are compared with one value, and which with several.
        shape = frozenset((field, not isinstance(value, str)) for field, value in wanted.items())
        statement = self._pages.get(shape)
        if statement is None:
            statement = self._pages[shape] = self._page_of(dict(shape))
        values = {
            f"wanted_{field}": value if isinstance(value, str) else storable(value) for field, value in wanted.items()
        }
        rows = self._database.read(statement, {"after": after, "most": limit, **values})
        return [self._record(*row) for row in rows]

    def _page_of(self, fields: Mapping[str, bool]) -> sa.Select[str, str, str]:
        """Return the statement of a page that is selected by fields, each with whether it has several values."""
        ids = self._columns.id
        # An expression has no index: with a finer field at hand, a coarse one's would be walked from end to end.
        fine = fields.keys() - COARSE
        statement = self._rows.where(ids > sa.bindparam("after"))
        for field, several in sorted(fields.items()):
            column = self._columns[field].concat("") if fine and field in COARSE else self._columns[field]
            value: sa.BindParameter[str] = sa.bindparam(f"wanted_{field}", expanding=several)
            statement = statement.where(column.in_(value) if several else column == value)
        return statement.order_by(ids).limit(sa.bindparam("most", type_=sa.Integer))

    def _record(self, record_id: str, revision: str, document: str) -> R:
        return decode(self._type, document, record_id=record_id, revision=revision)


def row_of(record: R) -> tuple[dict[str, str], R]:
    """Return a record's row, under a new revision, and the record as it will be read again.

    Raises:
        ValueError: it cannot be stored as it is.
    """
    document, stored = written(record, revision=new_revision())
    indexed = {field: getattr(record, field) for field in record.INDEXED}
    return {"document": document, "id": record.id, "revision": stored.revision, **indexed}, stored


def is_stored(database: Database, record: Record) -> bool:
    """Tell whether what is in the way of a write is what that write itself has stored, its answer lost."""
    columns = TABLES[type(record)].c
    found = sa.select(columns.id, columns.revision, columns.document).where(columns.id == sa.bindparam("wanted_id"))
    return any(revision == record.revision for _, revision, _ in database.read(found, {"wanted_id": record.id}))


def _held(record: Record) -> dict[str, str]:
    return {"held_id": record.id, "held_revision": record.revision}
