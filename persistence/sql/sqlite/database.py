"""The database in a SQLite file: reads side by side, writes that share their commits."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from persistence.sql.database import Connections, Row, Statement, insert_all, transaction
from persistence.sql.errors import translated
from persistence.sql.sqlite.commits import Commits
from persistence.sql.sqlite.faults import fault
from persistence.sql.sqlite.lock import FileLock


class SqliteDatabase:
    """An engine in autocommit mode, with its exceptions translated."""

    def __init__(self, engine: sa.Engine, *, name: str, turn: FileLock, wait_s: float) -> None:
        """Take over the engine and the lock.

        Args:
            engine: set to commit every statement.
            name: names the store in messages.
            turn: held for every commit. SQLite has one writer at a time anyway and lets the others poll; here threads
                queue, and share commits. And the checkpoint after one commit is kept apart from the next write,
                which SQLite before 3.51.3 needs (https://sqlite.org/wal.html#walresetbug).
            wait_s: how long a write waits for its turn.
        """
        self._name = name
        self._turn = turn
        self._wait_s = wait_s
        self._connections = Connections(engine, name)
        self._commits = Commits(self._connections.one, lambda timeout_s: turn.held(timeout_s=timeout_s), wait_s=wait_s)

    def read(self, statement: sa.Select[str, str, str], values: Mapping[str, str | int | list[str]]) -> Sequence[Row]:
        with translated(self._name, fault), self._connections.one() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(statement, values)]

    def write(self, statement: Statement, values: Mapping[str, str]) -> int:
        with translated(self._name, fault):
            return self._commits.run(statement, values)

    def write_all(self, writes: Sequence[tuple[sa.Insert, Sequence[Mapping[str, str]]]]) -> None:
        with (
            translated(self._name, fault),
            self._turn.held(timeout_s=self._wait_s),
            self._connections.one() as connection,
            transaction(connection, "BEGIN IMMEDIATE"),
        ):
            insert_all(connection, writes)

    def close(self) -> None:
        self._connections.refuse()
        # The write in work finishes.
        self._turn.close()
        self._connections.close()
