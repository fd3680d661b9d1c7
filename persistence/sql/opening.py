"""A store from its URL."""

from persistence.port import Store
from persistence.records import ConnectionRecord, KeyValueRecord, NodeRecord, SnapshotRecord, VolumeRecord
from persistence.sql.database import Database
from persistence.sql.sqlite import open_database
from persistence.sql.table import SqlTable
from persistence.sql.urls import sqlite_path

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

    def close(self) -> None:
        self._database.close()


def open_store(url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Store:
    """Open the store at `url`, make it or migrate its schema where needed.

    Args:
        url: "sqlite:///PATH"; an absolute PATH makes it four slashes.
        busy_timeout_s: how long a statement waits for the other writers.

    Raises:
        StoreUnusable: the URL names no store that this version works with, or the store is not
            ours, damaged, or newer than this code.
        StoreUnavailable: the store does not answer now.
    """
    return SqlStore(open_database(sqlite_path(url), busy_timeout_s=busy_timeout_s))
