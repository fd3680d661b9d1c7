"""PostgreSQL, by psycopg."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
import sqlalchemy.event
from psycopg.abc import RV, PQGen
from psycopg.rows import TupleRow
from sqlalchemy.pool import ConnectionPoolEntry

from persistence.errors import StoreUnusable
from persistence.sql.database import transaction
from persistence.sql.errors import Fault, Kind
from persistence.sql.servers.dialect import MARGIN_S, new_session, pooled, wait_for_turn

log = logging.getLogger(__name__)

#: Versions before it cannot wait for a session's end, and are supported by nobody.
_OLDEST = 140000
#: The key of the lock for whoever changes the schema.
_TURN = 0x63696E646572

#: By SQLSTATE (https://www.postgresql.org/docs/15/errcodes-appendix.html): tables or columns are missing, or damaged.
_NEVER = ("42P01", "42703", "XX001", "XX002")
#: A serialization failure, a deadlock.
_AT_ONCE = ("40001", "40P01")
#: The server is read-only, or shuts down.
_ELSEWHERE = ("25006", "57P01", "57P02", "57P03")

#: A commit is on the disk before it returns, even where that is off by default; waiting for replicas stays as it is.
_SET_UP = """
SELECT set_config('statement_timeout', %(limit)s, false), set_config('lock_timeout', %(limit)s, false),
    set_config('default_transaction_isolation', 'read committed', false),
    set_config('synchronous_commit', CASE found.mode WHEN 'off' THEN 'on' ELSE found.mode END, false)
FROM (SELECT current_setting('synchronous_commit') AS mode) AS found
"""


class _Bounded(psycopg.Connection[TupleRow]):
    """A connection that does not wait for an answer for ever, as for one of a frozen server."""

    answer_s: float | None = None

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval=interval, timeout=timeout or self.answer_s)
        except psycopg.OperationalError as error:
            # Not said by the server: what became of the statement is not known, and the answer may come yet.
            if error.sqlstate is None:
                self.close()
            raise


class PostgreSQL:
    """PostgreSQL 14 and later."""

    transactional_ddl = True

    def engine(self, url: sa.URL, *, wait_s: float) -> sa.Engine:
        if "password" in url.query:
            raise StoreUnusable("the password of a store's connection stands before the host: USER:PASSWORD@HOST")
        answer_s = wait_s + MARGIN_S
        connect_args = {
            "connect_timeout": max(1, round(answer_s)),
            # For what was sent and not even received: the network is gone.
            "tcp_user_timeout": int(answer_s * 1000),
            # Prepared statements belong to a session, which a pooler in between shares out anew each time.
            "prepare_threshold": None,
        }
        engine = pooled(
            url,
            self.fault,
            wait_s=wait_s,
            connect_args=connect_args,
            client_encoding="utf8",
            use_native_hstore=False,
        )

        def connect(_dialect: object, entry: ConnectionPoolEntry, args: Any, parameters: Any) -> _Bounded:  # noqa: ANN401 -- SQLAlchemy's own
            session = new_session()
            connection = _Bounded.connect(*args, **{**parameters, "application_name": session, "autocommit": True})
            connection.answer_s = answer_s
            try:
                connection.execute(_SET_UP, {"limit": f"{max(1, round(wait_s * 1000))}ms"})
            except BaseException:
                connection.close()
                raise
            entry.info["session"] = session
            return connection

        sqlalchemy.event.listen(engine, "do_connect", connect)
        return engine

    def examine(self, connection: sa.Connection, store: str) -> None:
        version, encoding, fsync = connection.exec_driver_sql(
            "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), "
            "current_setting('fsync')"
        ).one()
        if version < _OLDEST:
            raise StoreUnusable(
                f"{store} is on PostgreSQL {version // 10000}, {_OLDEST // 10000} is the oldest that keeps a store"
            )
        if encoding != "UTF8":
            raise StoreUnusable(
                f"{store} has the encoding {encoding}, UTF8 wanted; make a new one: `createdb -E UTF8 -T template0`"
            )
        if fsync != "on":
            log.warning("the server may forget what it has committed: its fsync is off", extra={"store": store})

    @contextmanager
    def turn(self, connection: sa.Connection, store: str) -> Iterator[None]:
        asked = f"SELECT pg_try_advisory_xact_lock({_TURN})"
        with transaction(connection, "BEGIN ISOLATION LEVEL READ COMMITTED"):
            wait_for_turn(lambda: connection.exec_driver_sql(asked).scalar_one(), store)
            yield

    def has_ended(self, connection: sa.Connection, session: str) -> bool:
        # Waits up to a second for the end. What it answers is not looked at: that it is gone is seen the second time.
        asked = sa.text(
            "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE application_name = :session"
        )
        return any(not connection.execute(asked, {"session": session}).all() for _ in range(2))

    def fault(self, error: BaseException) -> Fault:
        if not isinstance(error, psycopg.Error):
            return Fault(Kind.LATER, str(error))
        said = error.diag.message_primary or " ".join(str(error).split())
        for kind, states in ((Kind.NEVER, _NEVER), (Kind.AT_ONCE, _AT_ONCE), (Kind.ELSEWHERE, _ELSEWHERE)):
            if error.sqlstate in states:
                return Fault(kind, said)
        return Fault(Kind.LATER, said)
