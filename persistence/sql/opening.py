"""A store from its URL."""

from collections.abc import Iterable, Mapping

import sqlalchemy.exc

from persistence.errors import RecordExists
from persistence.records import ConnectionRecord, KeyValueRecord, NodeRecord, Record, SnapshotRecord, VolumeRecord
from persistence.sql.database import Database
from persistence.sql.schema import TABLES
from persistence.sql.servers import open_server
from persistence.sql.sqlite import open_database
from persistence.sql.table import SqlTable, is_stored, row_of
from persistence.sql.urls import is_of_server, parsed, sqlite_path

#: How long a statement waits for the other writers before it is refused.
BUSY_TIMEOUT_S = 10.0


class SqlStore:
    """The five tables in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.volumes = SqlTable(database, VolumeRecord)
        self.snapshots = SqlTable(database, SnapshotRecord)
        self.connections = SqlTable(database, ConnectionRecord)
        self.nodes = SqlTable(database, NodeRecord)
        self.key_values = SqlTable(database, KeyValueRecord)

    def insert_all(self, records: Iterable[Record]) -> None:
        """Store new records of any kind, all of them or none.

        Raises:
            RecordExists: a record with one of the ids is stored already.
            ValueError: one of them cannot be stored as it is.
        """
        rows: dict[type[Record], list[Mapping[str, str]]] = {record_type: [] for record_type in TABLES}
        stored: Record | None = None
        for record in records:
            row, stored = row_of(record)
            rows[type(record)].append(row)
        try:
            self._database.write_all([(TABLES[record_type].insert(), found) for record_type, found in rows.items()])
        except sqlalchemy.exc.IntegrityError as error:
            # Where one of them is stored as it was to be, all are.
            if stored is not None and is_stored(self._database, stored):
                return
            raise RecordExists("one of the records, or all of them, is stored already; nothing was stored") from error

    def close(self) -> None:
        self._database.close()


def open_store(url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S, beside_cinderlib: bool = False) -> SqlStore:
    """Open the store at `url`, make it or migrate its schema where needed.

    Args:
        url: "sqlite:///PATH", an absolute PATH makes it four slashes; "postgresql://USER:PASSWORD@HOST/DATABASE" with
            libpq's options as its query; "mariadb://…" or "mysql://…" with `unix_socket` and `ssl_…` as its query.
        busy_timeout_s: how long a statement waits for the other writers, and an answer of a server is waited for.
        beside_cinderlib: whether cinderlib's tables may be there, too, not taken over yet.

    Raises:
        StoreUnusable: the URL names no store that this version works with, or the store is not
            ours, damaged, or newer than this code.
        StoreUnavailable: the store does not answer now.
    """
    parts = parsed(url)
    if is_of_server(parts):
        return SqlStore(open_server(parts, busy_timeout_s=busy_timeout_s, beside_cinderlib=beside_cinderlib))
    path = sqlite_path(url)
    return SqlStore(open_database(path, busy_timeout_s=busy_timeout_s, beside_cinderlib=beside_cinderlib))
