"""Writes of several threads in one commit: one sync of the disk is the price of all of them.

Whoever comes first waits for the turn and then writes for everybody who has
come meanwhile; a write that comes alone is a statement that commits itself.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import sqlalchemy as sa
import sqlalchemy.exc

from persistence.errors import StoreUnavailable
from persistence.sql.database import Statement

#: More in one commit would make the first of them wait for the last, and outgrow the log.
_MOST = 64


@dataclass(eq=False, slots=True)
class _Write:
    statement: Statement
    values: Mapping[str, str]
    #: On the monotonic clock: until when the write may wait for its turn.
    ends_at: float
    #: Set when a write that waits is done, and when it is to lead.
    woken: threading.Event | None = None
    leads: bool = False
    rows: int = 0
    error: BaseException | None = None

    def wake(self) -> None:
        """Let the thread that waits, if one does, look at what has become of the write."""
        if self.woken is not None:
            self.woken.set()

    def run(self, connection: sa.Connection) -> None:
        """Run the statement; a violated constraint is the write's own affair, and undoes nothing else.

        Raises:
            sqlalchemy.exc.DBAPIError: anything else that the database could not do.
        """
        try:
            self.rows = connection.execute(self.statement, self.values).rowcount
        except sqlalchemy.exc.IntegrityError as error:
            self.error = error

    def run_alone(self, connection: sa.Connection) -> None:
        """Run the statement once more, after a transaction that was rolled back, and keep what it raises."""
        self.error = None
        try:
            self.run(connection)
        except sqlalchemy.exc.DBAPIError as error:
            self.error = error


class Commits:
    """Runs the writes of all threads, in the order in which they come.

    Args:
        connect: gives a connection that commits every statement by itself.
        turn: held for a limited time in seconds while anything is written.
        wait_s: how long a write waits for its turn.
    """

    def __init__(
        self,
        connect: Callable[[], AbstractContextManager[sa.Connection]],
        turn: Callable[[float], AbstractContextManager[None]],
        *,
        wait_s: float,
    ) -> None:
        self._connect = connect
        self._turn = turn
        self._wait_s = wait_s
        self._lock = threading.Lock()
        #: In order; the first one leads, or is about to.
        self._queue: list[_Write] = []
        self._led = False

    @property
    def waiting(self) -> int:
        """How many writes are not being committed yet."""
        with self._lock:
            return len(self._queue)

    def run(self, statement: Statement, values: Mapping[str, str]) -> int:
        """Run one write, on the disk when this returns; return how many rows it met.

        Raises:
            StoreUnavailable: it was not its turn in time, and it was not written.
            sqlalchemy.exc.DBAPIError: the database could not do it.
        """
        write = _Write(statement, values, time.monotonic() + self._wait_s)
        with self._lock:
            self._queue.append(write)
            if self._led:
                write.woken = threading.Event()
            else:
                write.leads = self._led = True
        if write.woken is not None:
            self._follow(write, write.woken)
        if write.leads:
            self._lead(write)
        if write.error is not None:
            raise write.error
        return write.rows

    def _follow(self, write: _Write, woken: threading.Event) -> None:
        """Wait until the write is done, or is to lead."""
        if woken.wait(max(0.0, write.ends_at - time.monotonic())):
            return
        with self._lock:
            if write in self._queue and not write.leads:
                self._queue.remove(write)
                write.error = StoreUnavailable(f"others have been writing for {self._wait_s:g} s; ask again")
                return
        # It is being committed: how that ends is not known before it ends.
        woken.wait()

    def _lead(self, write: _Write) -> None:
        batch: Sequence[_Write] = ()
        try:
            with self._turn(max(0.0, write.ends_at - time.monotonic())), self._connect() as connection:
                with self._lock:
                    batch, self._queue = self._queue[:_MOST], self._queue[_MOST:]
                _commit(connection, batch)
        except BaseException as error:
            # Not told as such to the others: whatever ends this thread is not to end theirs.
            known = isinstance(error, sqlalchemy.exc.DBAPIError)
            for other in batch:
                other.error = error if known else StoreUnavailable("the write was cut off; ask again")
            raise
        finally:
            self._hand_on(write)
            for done in batch:
                done.wake()

    def _hand_on(self, write: _Write) -> None:
        with self._lock:
            if write in self._queue:
                self._queue.remove(write)
            self._led = bool(self._queue)
            if self._led:
                self._queue[0].leads = True
                self._queue[0].wake()


def _commit(connection: sa.Connection, batch: Sequence[_Write]) -> None:
    """Run the leader's write, or all of them in one transaction; where that fails, each by itself."""
    if len(batch) == 1:
        batch[0].run(connection)
        return
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        for write in batch:
            write.run(connection)
        connection.exec_driver_sql("COMMIT")
    except sqlalchemy.exc.DBAPIError:
        # No error where SQLite has rolled back by itself, as when the disk is full: what is small may still fit.
        connection.rollback()
        for write in batch:
            write.run_alone(connection)
