"""The database that cinderlib wrote: Cinder's own tables, of whichever release, with one of cinderlib's beside them.

Only read. Rows come out as mappings by Cinder's names of the fields, in the shape that cinderlib's JSON has, and
without what is marked as deleted; fields that are NULL are left out.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
import sqlalchemy.exc
from sqlalchemy.pool import NullPool

from persistence.errors import StoreUnusable
from persistence.records import Json
from persistence.sql import cinderlib_tables as tables
from persistence.sql.cinderlib_specs import Specs
from persistence.sql.errors import translated
from persistence.sql.schema import VERSION_TABLE
from persistence.sql.sqlite.faults import fault
from persistence.sql.urls import parsed, sqlite_path

#: How many objects are read at once, with what belongs to them.
_PAGE = 500
#: How long a statement waits for a program that writes.
_BUSY_TIMEOUT_S = 10.0

Fields = Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a database holds: our records or none, and the marker of cinderlib's, "" where there is none of these."""

    ours: bool = False
    cinderlib_marker_id: str = ""


def look(url: str) -> Found:
    """Look what there is at `url`, without making or changing anything.

    Raises:
        StoreUnusable: the URL names no database that can be read.
        StoreUnavailable: the database does not answer now.
    """
    parts = parsed(url)
    if parts.get_backend_name() == "sqlite" and not sqlite_path(url).is_file():
        return Found()
    engine = _engine(url, busy_timeout_s=_BUSY_TIMEOUT_S)
    try:
        with translated(parts.render_as_string(), fault), engine.connect() as connection:
            names = sa.inspect(connection).get_table_names()
            marker_id = tables.marker_id(tables.identity(connection)) if tables.KEY_VALUES in names else ""
            return Found(ours=VERSION_TABLE in names, cinderlib_marker_id=marker_id)
    finally:
        engine.dispose()


@contextmanager
def open_cinderlib(url: str, *, busy_timeout_s: float = _BUSY_TIMEOUT_S) -> Iterator["CinderlibDatabase"]:
    """Open the database at `url` for reading, all of it as it is at one moment.

    Args:
        url: what cinderlib was given as its `connection`.
        busy_timeout_s: how long a program is waited for that writes.

    Raises:
        StoreUnusable: the URL names no database that can be read, or it is not one that cinderlib wrote.
        StoreUnavailable: the database does not answer now.
    """
    engine = _engine(url, busy_timeout_s=busy_timeout_s)
    name = parsed(url).render_as_string()
    try:
        with translated(name, fault), engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            yield CinderlibDatabase(connection, name)
    finally:
        engine.dispose()


class CinderlibDatabase:
    """What cinderlib remembered; to be used while `open_cinderlib` holds it open."""

    def __init__(self, connection: sa.Connection, name: str) -> None:
        """Look at the tables.

        Raises:
            StoreUnusable: they are not cinderlib's.
        """
        self.name = name
        self._connection = connection
        found = tables.describe(connection)
        if tables.KEY_VALUES not in found:
            whose = "Cinder's own" if "volumes" in found else "no"
            raise StoreUnusable(
                f"{name} was not written by cinderlib: it has {whose} tables, and none called {tables.KEY_VALUES}"
            )
        self._tables = found
        self._specs = Specs(connection, found)
        #: Of the record of ours which says that this database was taken over.
        self.marker_id = tables.marker_id(tables.identity(connection))

    def counts(self) -> Mapping[str, int]:
        """Return how many volumes, snapshots, connections and key_values there are."""
        kinds = {
            "volumes": "volumes",
            "snapshots": "snapshots",
            "connections": "volume_attachment",
            "key_values": tables.KEY_VALUES,
        }
        return {kind: self._count(self._tables[table]) for kind, table in kinds.items() if table in self._tables}

    def volumes(self) -> Iterator[Fields]:
        """Read all volumes, each with `metadata`, `admin_metadata`, `glance_metadata`, `extra_specs` and `qos_specs`.

        `Specs.of` says what else there is to know of the specs.
        """
        for page in self._pages("volumes"):
            ids = [str(row["id"]) for row in page]
            pairs = {
                field: self._pairs(f"volume_{field}", "volume_id", ids)
                for field in ("metadata", "admin_metadata", "glance_metadata")
            }
            specs = self._specs.of(page)
            for row in page:
                own = {field: found.get(str(row["id"]), {}) for field, found in pairs.items()}
                row.pop("volume_type_id", None)
                yield {**row, **own, **specs[str(row["id"])]}

    def snapshots(self) -> Iterator[Fields]:
        """Read all snapshots, each with `metadata`."""
        for page in self._pages("snapshots"):
            metadata = self._pairs("snapshot_metadata", "snapshot_id", [str(row["id"]) for row in page])
            for row in page:
                yield {**row, "metadata": metadata.get(str(row["id"]), {})}

    def connections(self) -> Iterator[Fields]:
        """Read all attachments, with `connection_info` and `connector` as mappings.

        Raises:
            StoreUnusable: one of these is no JSON.
        """
        for page in self._pages("volume_attachment"):
            for row in page:
                opened = {field: self._mapping(row, field) for field in ("connection_info", "connector")}
                yield {**row, **{field: value for field, value in opened.items() if value is not None}}

    def key_values(self) -> Iterator[tuple[str, str]]:
        """Read all keys and values that programs kept with cinderlib."""
        table = self._tables[tables.KEY_VALUES]
        for key, value in self._connection.execute(sa.select(table.c.key, table.c.value).order_by(table.c.key)):
            yield str(key), str(value or "")

    def _count(self, table: sa.TableClause) -> int:
        return int(self._connection.execute(tables.living(table, sa.func.count())).scalar_one())

    def _pages(self, name: str) -> Iterator[Sequence[dict[str, Json]]]:
        """Read a table, page by page, ordered by id."""
        table, after = self._tables[name], ""
        while True:
            statement = tables.living(table, *table.c).where(table.c.id > after).order_by(table.c.id).limit(_PAGE)
            rows = [_plain(row) for row in self._connection.execute(statement).mappings()]
            if not rows:
                return
            yield rows
            after = str(rows[-1]["id"])

    def _pairs(self, name: str, owner: str, ids: Sequence[str]) -> Mapping[str, dict[str, Json]]:
        """Read the keys and values of some objects, by their ids."""
        table = self._tables.get(name)
        found: dict[str, dict[str, Json]] = {}
        if table is None:
            return found
        statement = tables.living(table, table.c[owner], table.c.key, table.c.value).where(table.c[owner].in_(ids))
        for owner_id, key, value in self._connection.execute(statement):
            found.setdefault(str(owner_id), {})[str(key)] = str(value or "")
        return found

    def _mapping(self, row: Fields, field: str) -> Json:
        text = row.get(field)
        if not text:
            return None
        try:
            found: Json = json.loads(str(text))
        except ValueError as error:
            raise StoreUnusable(f"{self.name}: {field} of attachment {row['id']} is no JSON: {error}") from error
        return found


def _plain(row: sa.RowMapping) -> dict[str, Json]:
    """Return a row as JSON has it, without what is NULL; times are in UTC, to the microsecond."""
    return {
        str(name): f"{value.isoformat(timespec='microseconds')}Z" if isinstance(value, dt.datetime) else value
        for name, value in row.items()
        if value is not None and name != "deleted"
    }


def _engine(url: str, *, busy_timeout_s: float) -> sa.Engine:
    parts = parsed(url)
    if parts.get_backend_name() == "sqlite":
        path = sqlite_path(url)
        if not path.is_file():
            raise StoreUnusable(f"there is no database {path}")
        return read_only_engine(path, busy_timeout_s=busy_timeout_s)
    try:
        engine = sa.create_engine(parts, poolclass=NullPool, hide_parameters=True)
    except (sqlalchemy.exc.NoSuchModuleError, ImportError) as error:
        raise StoreUnusable(f"{parts.drivername}:// needs a Python package that is not installed: {error}") from error
    return engine.execution_options(isolation_level="REPEATABLE READ")


def read_only_engine(path: Path, *, busy_timeout_s: float) -> sa.Engine:
    """Return an engine that cannot change the file, and does not make it."""
    return sa.create_engine(
        sa.URL.create("sqlite", database=path.as_uri(), query={"mode": "ro", "uri": "true"}),
        poolclass=NullPool,
        hide_parameters=True,
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": busy_timeout_s},
    )
