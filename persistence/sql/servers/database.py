"""The database on a server: statements are tried again, and sessions that gave no answer are ended."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import sqlalchemy as sa
import sqlalchemy.exc

from persistence.errors import StoreUnavailable
from persistence.sql.database import Connections, Row, Statement, insert_all, transaction
from persistence.sql.errors import Kind, translated
from persistence.sql.servers.dialect import Dialect

T = TypeVar("T")

#: How often a statement is tried that the server gave up for another one's sake.
_ATTEMPTS = 10


class ServerDatabase:
    """Every statement on a connection of its own, committed by itself.

    A server that was restarted is not noticed: a statement whose connection has died is run once more.
    A session that gave no answer to a write may yet carry it out, the server may only have been frozen. So it
    is ended on the server before any other statement is answered; then what is seen there is final.
    """

    def __init__(self, engine: sa.Engine, dialect: Dialect, *, name: str, wait_s: float) -> None:
        """Take over the engine, which is the dialect's own; `name` names the store in messages."""
        self._connections = Connections(engine, name)
        self._dialect = dialect
        self._name = name
        self._wait_s = wait_s
        self._lost: set[str] = set()
        self._lost_lock = threading.Lock()

    def read(self, statement: sa.Select[str, str, str], values: Mapping[str, str | int | list[str]]) -> Sequence[Row]:
        def rows(connection: sa.Connection) -> Sequence[Row]:
            return [(row[0], row[1], row[2]) for row in connection.execute(statement, values)]

        return self._answer(rows)

    def write(self, statement: Statement, values: Mapping[str, str]) -> int:
        return self._answer(self._noted(lambda connection: connection.execute(statement, values).rowcount))

    def write_all(self, writes: Sequence[tuple[sa.Insert, Sequence[Mapping[str, str]]]]) -> None:
        def insert(connection: sa.Connection) -> None:
            with transaction(connection):
                insert_all(connection, writes)

        self._answer(self._noted(insert))

    def close(self) -> None:
        self._connections.close()

    def _noted(self, work: Callable[[sa.Connection], T]) -> Callable[[sa.Connection], T]:
        """Return work that writes, and notes its session when that gave no answer."""

        def noted(connection: sa.Connection) -> T:
            session = connection.info["session"]
            try:
                return work(connection)
            finally:
                if connection.invalidated:
                    with self._lost_lock:
                        self._lost.add(session)

        return noted

    def _answer(self, work: Callable[[sa.Connection], T]) -> T:
        """Do the work, and do it again where that may help and there is time."""
        ends_at = time.monotonic() + self._wait_s
        with translated(self._name, self._dialect.fault):
            for attempt in range(_ATTEMPTS):
                try:
                    with self._connections.one() as connection:
                        self._end_lost(connection)
                        return work(connection)
                except sqlalchemy.exc.DBAPIError as error:
                    if time.monotonic() > ends_at or not self._may_work_now(error, attempt):
                        raise
            raise StoreUnavailable(f"{self._name} gave up a statement {_ATTEMPTS} times for others; ask again")

    def _may_work_now(self, error: sqlalchemy.exc.DBAPIError, attempt: int) -> bool:
        if error.connection_invalidated:
            return attempt == 0
        return self._dialect.fault(error.orig or error).kind is Kind.AT_ONCE

    def _end_lost(self, connection: sa.Connection) -> None:
        if not self._lost:
            return
        with self._lost_lock:
            lost = sorted(self._lost)
        for session in lost:
            if not self._dialect.has_ended(connection, session):
                raise StoreUnavailable(f"{self._name} is still at work on what it gave no answer to; ask again")
            with self._lost_lock:
                self._lost.discard(session)
