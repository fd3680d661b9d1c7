"""MariaDB, by PyMySQL."""

import logging
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pymysql
import sqlalchemy as sa
import sqlalchemy.event
import sqlalchemy.exc
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import ConnectionPoolEntry

from persistence.errors import StoreUnavailable, StoreUnusable
from persistence.sql.errors import Fault, Kind
from persistence.sql.servers.dialect import MARGIN_S, new_session, pooled, wait_for_turn

log = logging.getLogger(__name__)

#: Before it, a statement that changes the schema was not done as a whole or not at all.
_OLDEST = (10, 6)
#: What a URL's query may hold; the rest would change what the store relies on.
_OPTIONS = ("unix_socket", "ssl_ca", "ssl_cert", "ssl_key", "ssl_capath", "ssl_cipher", "ssl_check_hostname")

#: By number (https://mariadb.com/kb/en/mariadb-error-codes/): tables or columns are missing, or damaged.
_NEVER = (1033, 1034, 1054, 1146, 1194, 1712, 1877, 1932)
#: A record was changed since it was read, a deadlock.
_AT_ONCE = (1020, 1213)
#: A cluster's node is not ready; the server shuts down, or is read-only.
_ELSEWHERE = (1047, 1053, 1290, 1792, 1836)
_NO_SUCH_SESSION = 1094
_CANNOT_CONNECT = 2002

#: What PyMySQL puts a backslash before.
_ESCAPED = re.compile("[\0\n\r\x1a\"'\\\\]")
#: A character's longest form in UTF-8; what is escaped becomes two of one byte.
_LONGEST_BYTES = 4
#: For a statement's own text, and for what else is in its packet.
_FRAME_BYTES = 8192


class MariaDB:
    """MariaDB 10.6 and later, with its InnoDB."""

    transactional_ddl = False

    def engine(self, url: sa.URL, *, wait_s: float) -> sa.Engine:
        unknown = sorted(url.query.keys() - set(_OPTIONS))
        if unknown:
            raise StoreUnusable(
                f"a store's connection to MariaDB has no option {', '.join(unknown)}; known are {', '.join(_OPTIONS)}"
            )
        answer_s = wait_s + MARGIN_S
        connect_args = {
            "connect_timeout": answer_s,
            "read_timeout": answer_s,
            "write_timeout": answer_s,
            # PyMySQL would encode it in Latin-1.
            "password": (url.password or "").encode(),
            # On the same machine there is nobody to hide from, and each context reads all of its certificates.
            "ssl_disabled": "unix_socket" in url.query,
            # Nothing is cut to fit, and nothing goes to an engine that forgets it.
            "init_command": "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "
            "default_storage_engine = InnoDB, "
            f"max_statement_time = {wait_s:g}, innodb_lock_wait_timeout = {max(1, round(wait_s))}, "
            f"lock_wait_timeout = {max(1, round(wait_s))}",
        }
        engine = pooled(url, self.fault, wait_s=wait_s, connect_args=connect_args)
        sqlalchemy.event.listen(engine, "do_connect", _connect)
        sqlalchemy.event.listen(engine, "connect", _name_session)
        sqlalchemy.event.listen(engine, "before_cursor_execute", _refuse_too_long)
        sqlalchemy.event.listen(engine, "handle_error", _leave_broken)
        return engine

    def examine(self, connection: sa.Connection, store: str) -> None:
        version, flush = connection.exec_driver_sql("SELECT VERSION(), @@innodb_flush_log_at_trx_commit").one()
        found = re.match(r"(?:5\.5\.5-)?(\d+)\.(\d+)", version)
        if "MariaDB" not in version or found is None or (int(found[1]), int(found[2])) < _OLDEST:
            raise StoreUnusable(f"{store} is on version {version}; MariaDB 10.6 or later is wanted")
        if flush != 1:
            log.warning(
                "the server may forget what it has committed: its innodb_flush_log_at_trx_commit is not 1",
                extra={"store": store, "found": flush},
            )

    @contextmanager
    def turn(self, connection: sa.Connection, store: str) -> Iterator[None]:
        # Such a lock is the whole server's, its name has 64 characters at most.
        name = "CONCAT('cinderblock schema ', MD5(DATABASE()))"
        try:
            wait_for_turn(lambda: connection.exec_driver_sql(f"SELECT GET_LOCK({name}, 0)").scalar_one(), store)
            yield
            connection.exec_driver_sql(f"DO RELEASE_LOCK({name})")
        except BaseException:
            # The lock ends with its session.
            connection.invalidate()
            raise

    def has_ended(self, connection: sa.Connection, session: str) -> bool:
        # Every session holds the lock of its name, and lets go of it when the last of its work is done or undone.
        asked = sa.text("SELECT IS_USED_LOCK(:session)")
        number = connection.execute(asked, {"session": session}).scalar_one()
        if number is None:
            return True
        try:
            connection.exec_driver_sql(f"KILL {int(number)}")
        except sqlalchemy.exc.DBAPIError as error:
            if _number(error.orig) != _NO_SUCH_SESSION:
                raise
        waited = connection.execute(sa.text("SELECT GET_LOCK(:session, 1)"), {"session": session}).scalar_one()
        connection.execute(sa.text("DO RELEASE_LOCK(:session)"), {"session": session})
        return bool(waited)

    def fault(self, error: BaseException) -> Fault:
        said = str(error.args[1]) if len(error.args) > 1 else str(error)
        for kind, numbers in ((Kind.NEVER, _NEVER), (Kind.AT_ONCE, _AT_ONCE), (Kind.ELSEWHERE, _ELSEWHERE)):
            if _number(error) in numbers:
                return Fault(kind, said)
        return Fault(Kind.LATER, said)


def _number(error: BaseException | None) -> object:
    return error.args[0] if isinstance(error, pymysql.err.Error) and error.args else None


def _connect(_dialect: object, _entry: object, _args: object, parameters: Any) -> Any:  # noqa: ANN401 -- SQLAlchemy's and PyMySQL's own
    """Connect to a Unix socket; PyMySQL would leave it open when nobody answers."""
    if "unix_socket" not in parameters:
        return None
    connection = pymysql.Connection(**parameters, defer_connect=True)
    place = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        place.settimeout(parameters["connect_timeout"])
        place.connect(parameters["unix_socket"])
    except OSError as error:
        place.close()
        raise pymysql.err.OperationalError(_CANNOT_CONNECT, f"nobody answers on its socket ({error})") from error
    connection.connect(place)
    return connection


def _name_session(connection: Any, entry: ConnectionPoolEntry) -> None:  # noqa: ANN401 -- a connection of PyMySQL
    session = new_session()
    with connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, 0), @@max_allowed_packet", (session,))
        _, most_bytes = cursor.fetchone()
    entry.info.update(session=session, most_bytes=most_bytes)


def _refuse_too_long(
    connection: sa.Connection, _cursor: object, statement: str, parameters: object, *_rest: object
) -> None:
    """Say what the server would not: it hangs up on whoever says too much."""
    rows = parameters if isinstance(parameters, Sequence) else [parameters]
    texts = [[str(value) for value in row.values()] for row in rows if isinstance(row, Mapping)]
    most_bytes = connection.info["most_bytes"] - _FRAME_BYTES - len(statement)
    # No character needs more; only what is near the limit is worth counting.
    if max((_LONGEST_BYTES * sum(map(len, row)) for row in texts), default=0) <= most_bytes:
        return
    need_bytes = max(sum(map(_length, row)) for row in texts)
    if need_bytes > most_bytes:
        raise StoreUnavailable(
            f"the record needs {need_bytes} bytes on its way to the database, which takes {most_bytes}: "
            "set its max_allowed_packet higher"
        )


def _length(text: str) -> int:
    return len(text.encode()) + len(_ESCAPED.findall(text))


def _leave_broken(context: ExceptionContext) -> None:
    """Leave a connection that PyMySQL has closed, whatever it says of it."""
    wrapped = context.connection.connection if context.connection and not context.connection.invalidated else None
    if wrapped is not None and not getattr(wrapped.driver_connection, "open", True):
        context.is_disconnect = True
