"""A SQLite file that survives power cuts, several threads and several processes.

Never open the file by other means in a process that has a store on it: closing
any descriptor of a file drops all of the process's POSIX locks on it, and
SQLite's go with them (https://sqlite.org/howtocorrupt.html, section 2.2).
"""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
import sqlalchemy.event
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from persistence.errors import StoreUnavailable, StoreUnusable
from persistence.sql.database import transaction
from persistence.sql.errors import translated
from persistence.sql.migrating import is_current, migrate
from persistence.sql.sqlite.database import SqliteDatabase
from persistence.sql.sqlite.faults import fault
from persistence.sql.sqlite.lock import FileLock
from persistence.sql.sqlite.room import CHECKPOINT_PAGES, make_room

#: How long a process that opens the file waits for another one that does, which may be migrating it.
_OPENING_TIMEOUT_S = 30.0
#: What the file system may stop saying later.
_MAY_PASS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.EINTR, errno.ENOMEM})


def open_database(path: Path, *, busy_timeout_s: float, beside_cinderlib: bool = False) -> SqliteDatabase:
    """Return a database in the file, which is made or migrated where needed.

    Args:
        path: absolute.
        busy_timeout_s: how long a statement waits for another process.
        beside_cinderlib: whether cinderlib's tables may be there, too, not taken over yet.

    Raises:
        StoreUnusable: the file is not ours, too new, damaged, or cannot be made here.
        StoreUnavailable: the disk is full, or another process is opening the file and does not finish.
    """
    name = f"sqlite:///{path}"
    with _named(path):
        turn = FileLock(path.with_name(path.name + "-lock"))
    engine = engine_on(path, busy_timeout_s=busy_timeout_s)
    try:
        # One at a time: no thread may close a descriptor of a file that another one has opened with SQLite meanwhile.
        with turn.held(timeout_s=_OPENING_TIMEOUT_S), translated(name, fault):
            _make_file(path)
            _bring_up_to_date(engine, name, beside_cinderlib=beside_cinderlib)
    except BaseException:
        engine.dispose()
        turn.close()
        raise
    return SqliteDatabase(engine, name=name, turn=turn, wait_s=busy_timeout_s)


def engine_on(path: Path, *, busy_timeout_s: float) -> sa.Engine:
    """Return an engine whose connections commit, and sync, every statement; nothing is opened yet."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": busy_timeout_s},
        # Every statement commits itself; the driver opens no transaction behind our back.
        isolation_level="AUTOCOMMIT",
        # As many connections as threads ask for, so that nobody waits for one; some are kept.
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=-1,
        # No record's content in exceptions and logs.
        hide_parameters=True,
    )
    sqlalchemy.event.listen(engine, "connect", _set_up)
    return engine


def _set_up(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # Every commit is on the disk before it returns.
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")


def _bring_up_to_date(engine: sa.Engine, name: str, *, beside_cinderlib: bool) -> None:
    with engine.connect() as connection:
        # Looked at before anything is changed: the file may be another program's.
        current = is_current(connection, name, beside_cinderlib=beside_cinderlib)
        # A damaged page would be met sooner or later, or worse, hide a volume whose name is then given to a new one.
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        if found != "ok":
            raise StoreUnusable(f"{name} is damaged ({found}); restore it, or name another one")
        mode = connection.exec_driver_sql("PRAGMA journal_mode=WAL").scalar_one()
        if mode != "wal":
            raise StoreUnusable(
                f"{name}: its file system has no shared memory for SQLite (journal mode {mode!r}, 'wal' wanted); "
                "put the store on a local file system"
            )
        if not current:
            # All of the migrations or nothing.
            with transaction(connection, "BEGIN IMMEDIATE"):
                migrate(connection)
        make_room(connection)


def _make_file(path: Path) -> None:
    """Make the file where it is missing, readable by its owner only, and have its folder remember it."""
    with _named(path):
        if path.is_dir():
            raise StoreUnusable(f"{path} is a folder; the store is to be a file")
        if path.exists():
            # By name, never by a descriptor: see the head of this module.
            if path.stat().st_mode & 0o077:
                path.chmod(0o600)
            return
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say in words what the file system refused."""
    try:
        yield
    except FileNotFoundError as error:
        raise StoreUnusable(f"the store {path} cannot be made: its folder {path.parent} does not exist") from error
    except OSError as error:
        if error.errno in _MAY_PASS:
            raise StoreUnavailable(f"the store {path} cannot be opened now: {error.strerror}") from error
        raise StoreUnusable(f"the store {path} cannot be opened: {error.strerror}") from error
