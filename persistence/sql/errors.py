"""The database's exceptions, as the store's."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy.exc

from persistence.errors import StoreUnavailable, StoreUnusable

#: SQLite's answers that no waiting mends: the file is not a database, damaged, or lacks our tables.
_UNUSABLE = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_ERROR,
)


@contextmanager
def translated(store: str) -> Iterator[None]:
    """Turn the database's exceptions into the store's; a violated constraint passes as it is.

    Args:
        store: names the store in messages, without a password.

    Raises:
        StoreUnusable: the database is damaged, or not ours.
        StoreUnavailable: anything else that the database could not do: locked, full, gone.
    """
    try:
        yield
    except sqlalchemy.exc.IntegrityError:
        raise
    except sqlalchemy.exc.DBAPIError as error:
        # Only what the database said: SQLAlchemy's own text has the statement in it, too.
        said = str(error.orig)
        code = getattr(error.orig, "sqlite_errorcode", None)
        # The upper bytes of a code tell more of the same.
        if code is not None and code & 0xFF in _UNUSABLE:
            raise StoreUnusable(f"{store} cannot be used: {said}; restore it, or name another one") from error
        raise StoreUnavailable(f"{store} does not answer now: {said}") from error
