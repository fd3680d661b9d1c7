"""The URLs of databases."""

from pathlib import Path

import sqlalchemy as sa
import sqlalchemy.exc

from persistence.errors import StoreUnusable


def parsed(url: str) -> sa.URL:
    """Return the parts of the URL.

    Raises:
        StoreUnusable: it is none.
    """
    try:
        return sa.make_url(url)
    except sqlalchemy.exc.ArgumentError as error:
        # The text itself is not shown: a password may stand in it.
        raise StoreUnusable("the store's connection is no URL; sqlite:///PATH is wanted") from error


def sqlite_path(url: str) -> Path:
    """Return the file that an URL of SQLite names.

    Raises:
        StoreUnusable: it is another database's URL, or it names no file.
    """
    parts = parsed(url)
    if parts.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise StoreUnusable(f"no store works with {parts.drivername}:// URLs; sqlite:///PATH is wanted")
    database = parts.database or ""
    if database in ("", ":memory:") or database.startswith("file:") or parts.host or parts.query:
        raise StoreUnusable(f"{parts.render_as_string()} names no file; sqlite:///PATH is wanted")
    # Made absolute now: the process may change its folder later.
    return Path(database).absolute()
