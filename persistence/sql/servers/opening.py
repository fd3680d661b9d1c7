"""A database on a server, from its URL."""

import sqlalchemy as sa

from persistence.errors import StoreUnusable
from persistence.sql.errors import translated
from persistence.sql.migrating import is_current, migrate
from persistence.sql.servers.database import ServerDatabase
from persistence.sql.servers.dialect import Dialect

#: How long one step of a migration may take.
_LONGEST_STEP_S = 60.0
#: Parts of a URL's query that say where the server is.
_PLACES = ("host", "port", "unix_socket")


def open_server(url: sa.URL, *, busy_timeout_s: float, beside_cinderlib: bool = False) -> ServerDatabase:
    """Return the database at the URL, its schema made or migrated where needed.

    Args:
        url: with SQLAlchemy's full name of the dialect and its driver.
        busy_timeout_s: how long a statement waits for others, and an answer is waited for.
        beside_cinderlib: whether cinderlib's tables may be there, too, not taken over yet.

    Raises:
        StoreUnusable: the URL names no database, its driver is not installed, or the database is
            not ours, too new, or on a server that cannot keep it.
        StoreUnavailable: the server does not answer, or another process is migrating and does not finish.
    """
    name = named(url)
    if not url.database:
        raise StoreUnusable(f"{name} names no database; {name}DATABASE is wanted")
    dialect = _dialect(url.get_backend_name(), name)
    _bring_up_to_date(url, dialect, name, beside_cinderlib=beside_cinderlib)
    return ServerDatabase(dialect.engine(url, wait_s=busy_timeout_s), dialect, name=name, wait_s=busy_timeout_s)


def _bring_up_to_date(url: sa.URL, dialect: Dialect, name: str, *, beside_cinderlib: bool) -> None:
    engine = dialect.engine(url, wait_s=_LONGEST_STEP_S)
    try:
        with translated(name, dialect.fault), engine.connect() as connection:
            dialect.examine(connection, name)
            with dialect.turn(connection, name):
                cut_off = not dialect.transactional_ddl
                if not is_current(connection, name, beside_cinderlib=beside_cinderlib, cut_off=cut_off):
                    migrate(connection)
    except (OSError, UnicodeError) as error:
        # Not a database's: a certificate's file that is not there, a host's name that can be none.
        raise StoreUnusable(f"{name} cannot be connected to: {getattr(error, 'strerror', None) or error}") from error
    finally:
        engine.dispose()


def named(url: sa.URL) -> str:
    """Return the URL for messages: neither user nor password, and of the query only places."""
    places = sa.URL.create(
        "mariadb" if url.get_backend_name() == "mysql" else url.get_backend_name(),
        host=url.host,
        port=url.port,
        database=url.database or "",
        query={key: value for key, value in url.query.items() if key in _PLACES},
    )
    return places.render_as_string()


def _dialect(backend: str, name: str) -> Dialect:
    # A database's driver is an extra, and is loaded for its own stores only.
    try:
        if backend == "postgresql":
            from persistence.sql.servers.postgresql import PostgreSQL  # noqa: PLC0415 -- see above

            return PostgreSQL()
        from persistence.sql.servers.mariadb import MariaDB  # noqa: PLC0415 -- see above

        return MariaDB()
    except ModuleNotFoundError as error:
        extra = "postgresql" if backend == "postgresql" else "mariadb"
        raise StoreUnusable(
            f"{name} needs the Python package {error.name}; install it with `pip install 'cinderblock[{extra}]'`"
        ) from error
