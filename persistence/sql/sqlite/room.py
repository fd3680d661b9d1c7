"""Room in a SQLite file, kept so that a full disk can be mended by deleting volumes.

Volumes often lie on the store's own file system, and forgetting one is a write. So the file
keeps free pages, and its write-ahead log is made long enough at the start: later
writes go where there is room already, instead of asking the file system for more.
"""

import logging

import sqlalchemy as sa
import sqlalchemy.exc

log = logging.getLogger(__name__)

#: Free pages in the file, and length of the log.
ROOM_BYTES = 1024 * 1024
#: In pages of 4 KiB: the log begins anew before it outgrows that room.
CHECKPOINT_PAGES = 128

_BALLAST = "cinderblock_ballast"


def make_room(connection: sa.Connection) -> None:
    """Write as much as the room is to hold, and free it again; a disk that is full already is only logged."""
    try:
        # Left by a process that ended in the middle of this.
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {_BALLAST}")
        connection.exec_driver_sql(f"CREATE TABLE {_BALLAST} (filling BLOB)")
        connection.exec_driver_sql(f"INSERT INTO {_BALLAST} VALUES (zeroblob({ROOM_BYTES}))")  # noqa: S608 -- constants
        connection.exec_driver_sql(f"DROP TABLE {_BALLAST}")
    except sqlalchemy.exc.OperationalError as error:
        log.warning("no room is kept in the store, free some space and start again", extra={"cause": str(error.orig)})
