"""The URLs of databases."""

from pathlib import Path

import sqlalchemy as sa
import sqlalchemy.exc

from persistence.errors import StoreUnusable

_FILES = ("sqlite", "sqlite+pysqlite")
#: What a database of a server may be called -> its dialect and driver.
_SERVERS = {
    **dict.fromkeys(("postgresql", "postgresql+psycopg"), "postgresql+psycopg"),
    **dict.fromkeys(("mariadb", "mariadb+pymysql", "mysql", "mysql+pymysql"), "mysql+pymysql"),
}
_WANTED = "sqlite:///PATH is wanted, or postgresql:// or mariadb:// with USER:PASSWORD@HOST/DATABASE"


def parsed(url: str) -> sa.URL:
    """Return the parts of the URL, with the full name of the driver that we use.

    Raises:
        StoreUnusable: it is none.
    """
    try:
        parts = sa.make_url(url)
        if "@" in (parts.host or ""):
            raise ValueError("a password's own '@' ends it")
    except (sqlalchemy.exc.ArgumentError, ValueError):
        # Neither the text nor the cause is shown: either may hold a part of a password that was not percent-encoded.
        raise StoreUnusable(f"the store's connection is no URL; {_WANTED}, special characters as %XX") from None
    return parts.set(drivername=_SERVERS.get(parts.drivername, parts.drivername))


def is_of_server(url: sa.URL) -> bool:
    """Tell whether a parsed URL is of a database that a server keeps, and that we work with."""
    return url.drivername in _SERVERS.values()


def password_of(url: str) -> str:
    """Return the password in a store's URL, in clear, for whoever hides it; "" without one."""
    try:
        return str(parsed(url).password or "")
    except StoreUnusable:
        return ""


def sqlite_path(url: str) -> Path:
    """Return the file that an URL of SQLite names.

    Raises:
        StoreUnusable: it is another database's URL, or it names no file.
    """
    parts = parsed(url)
    if parts.drivername not in _FILES:
        raise StoreUnusable(f"no store works with {parts.drivername}:// URLs; {_WANTED}")
    database = parts.database or ""
    if database in ("", ":memory:") or database.startswith("file:") or parts.host or parts.query:
        raise StoreUnusable(f"{parts.render_as_string()} names no file; sqlite:///PATH is wanted")
    # Made absolute now: the process may change its folder later.
    return Path(database).absolute()
