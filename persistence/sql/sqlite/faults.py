"""What SQLite's errors mean."""

import sqlite3

from persistence.sql.errors import Fault, Kind

#: SQLite's answers that no waiting mends: the file is not a database, damaged, or lacks our tables.
_UNUSABLE = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_ERROR,
)


def fault(error: BaseException) -> Fault:
    """Return what an exception of Python's sqlite3 means."""
    code = getattr(error, "sqlite_errorcode", None)
    # The upper bytes of a code tell more of the same.
    unusable = code is not None and code & 0xFF in _UNUSABLE
    return Fault(Kind.NEVER if unusable else Kind.LATER, str(error))
