"""PORT: what the tables ask of a database, and the connections of one."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeAlias

import sqlalchemy as sa

from persistence.errors import StoreUnavailable

Statement: TypeAlias = sa.Insert | sa.Update | sa.Delete
#: A record's id, its revision and its document.
Row: TypeAlias = tuple[str, str, str]


class Database(Protocol):
    """Runs single statements from any thread, each of them all or nothing."""

    def read(self, statement: sa.Select[str, str, str], values: Mapping[str, str | int | list[str]]) -> Sequence[Row]:
        """Return the rows that the statement selects with these values of its parameters.

        Raises:
            StoreUnavailable: the database does not answer now.
            StoreUnusable: the database is damaged, or not ours.
        """

    def write(self, statement: Statement, values: Mapping[str, str]) -> int:
        """Run the statement, on the disk when this returns; return how many rows it met.

        One whose answer was lost may be run once more: then what it finds may be what it has written itself.

        Raises:
            StoreUnavailable: the database does not answer now. Whether it was written is not known, but it is settled:
                the next statement that is answered sees it, or nothing ever will.
            StoreUnusable: the database is damaged, or not ours.
            sqlalchemy.exc.IntegrityError: a row with this key is there already.
        """

    def write_all(self, writes: Sequence[tuple[sa.Insert, Sequence[Mapping[str, str]]]]) -> None:
        """Insert all of these rows, on the disk when this returns, or none of them; what else is said of `write`."""

    def close(self) -> None:
        """Close the connections, and refuse every statement from now on; closing twice is not an error."""


@contextmanager
def transaction(connection: sa.Connection, begin: str = "BEGIN") -> Iterator[None]:
    """Make one of the block's statements, on a connection that commits each by itself; `begin` is how it is begun."""
    connection.exec_driver_sql(begin)
    try:
        yield
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        if not connection.invalidated:
            # Unlike the statement, no error where SQLite has rolled back by itself, as when the disk is full.
            connection.rollback()
        raise


def insert_all(connection: sa.Connection, writes: Sequence[tuple[sa.Insert, Sequence[Mapping[str, str]]]]) -> None:
    """Insert the rows of each statement."""
    for statement, rows in writes:
        if rows:
            connection.execute(statement, list(rows))


class Connections:
    """The connections of an engine; none after they were closed."""

    def __init__(self, engine: sa.Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._closed = threading.Event()

    @contextmanager
    def one(self) -> Iterator[sa.Connection]:
        """Give a connection of the engine.

        Raises:
            StoreUnavailable: they are closed.
            sqlalchemy.exc.SQLAlchemyError: none could be made.
        """
        if self._closed.is_set():
            raise StoreUnavailable(f"{self._name} is closed")
        with self._engine.connect() as connection:
            try:
                yield connection
            finally:
                if self._closed.is_set() and not connection.invalidated:
                    # Closed meanwhile: the pool that this one came from closes nothing any more.
                    connection.detach()

    def refuse(self) -> None:
        """Give no connection from now on."""
        self._closed.set()

    def close(self) -> None:
        """Close those that nobody uses, and the others when they are given back."""
        self.refuse()
        self._engine.dispose()
