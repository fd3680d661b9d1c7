"""One database: it runs single statements, each of them all or nothing."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from persistence.errors import StoreUnavailable
from persistence.sql.commits import Commits, Statement
from persistence.sql.errors import translated
from persistence.sql.lock import FileLock


class Database:
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
        self._engine = engine
        self._name = name
        self._turn = turn
        self._wait_s = wait_s
        self._commits = Commits(self._connection, lambda timeout_s: turn.held(timeout_s=timeout_s), wait_s=wait_s)
        self._closed = threading.Event()

    def read(
        self, statement: sa.Select[str, str, str], values: Mapping[str, str | int | list[str]]
    ) -> Sequence[tuple[str, str, str]]:
        """Return the rows that the statement selects with these values of its parameters."""
        with translated(self._name), self._connection() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(statement, values)]

    def write(self, statement: Statement, values: Mapping[str, str]) -> int:
        """Run the statement, on the disk when this returns; return how many rows it met.

        Raises:
            sqlalchemy.exc.IntegrityError: a row with this key is there already.
        """
        with translated(self._name):
            return self._commits.run(statement, values)

    def write_all(self, writes: Sequence[tuple[sa.Insert, Sequence[Mapping[str, str]]]]) -> None:
        """Insert all of these rows, on the disk when this returns, or none of them.

        Raises:
            sqlalchemy.exc.IntegrityError: a row with one of the keys is there already.
        """
        with translated(self._name), self._turn.held(timeout_s=self._wait_s), self._connection() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                for statement, rows in writes:
                    if rows:
                        connection.execute(statement, list(rows))
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                # Unlike the statement, no error where SQLite has rolled back by itself, as when the disk is full.
                connection.rollback()
                raise

    def close(self) -> None:
        """Let the write in work finish, close the connections, and refuse every statement from now on."""
        self._closed.set()
        self._turn.close()
        self._engine.dispose()

    @contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        if self._closed.is_set():
            raise StoreUnavailable(f"{self._name} is closed")
        with self._engine.connect() as connection:
            try:
                yield connection
            finally:
                if self._closed.is_set() and not connection.invalidated:
                    # Closed meanwhile: the pool that this one came from closes nothing any more.
                    connection.detach()
