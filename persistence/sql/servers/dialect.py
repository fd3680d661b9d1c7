"""PORT: what differs between the databases that are servers."""

import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import sqlalchemy as sa
import sqlalchemy.event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import QueuePool

from persistence.errors import StoreUnavailable
from persistence.sql.errors import Fault, Faults, Kind

#: Connections that are kept, and those that crowds get besides; a server has about a hundred for all of its clients.
_KEPT, _MORE = 8, 16
#: Firewalls forget connections that say nothing for long, and tell nobody.
_OLDEST_S = 300
#: How long a process that opens the store waits for another one that does, which may be migrating it.
_OPENING_TIMEOUT_S = 30.0
_POLL_S = 0.05
#: A server ends a statement by itself, with a clear answer, this long before nobody listens any more.
MARGIN_S = 0.5


class Dialect(Protocol):
    """One kind of server."""

    @property
    def transactional_ddl(self) -> bool:
        """Whether a migration is made as a whole or not at all."""

    def engine(self, url: sa.URL, *, wait_s: float) -> sa.Engine:
        """Return an engine whose connections commit every statement; nothing is connected yet.

        The `info` of a connection has a name under "session" that no other session ever has.
        No wait for the server is longer than `wait_s` and a little.
        """

    def examine(self, connection: sa.Connection, store: str) -> None:
        """Look whether the server can keep a store, and warn when it may forget what it has committed.

        Raises:
            StoreUnusable: it is too old, or another kind of server, or the database's text is not Unicode.
        """

    def turn(self, connection: sa.Connection, store: str) -> AbstractContextManager[None]:
        """Have the database's schema to oneself, of all processes; in a transaction, where that can hold one.

        Raises:
            StoreUnavailable: another process has had it for too long.
        """

    def has_ended(self, connection: sa.Connection, session: str) -> bool:
        """End the session of this name, if there is one still; tell whether it has ended."""

    def fault(self, error: BaseException) -> Fault:
        """Return what an exception of the driver means."""


def pooled(url: sa.URL, faults: Faults, *, wait_s: float, connect_args: Mapping[str, object], **more: Any) -> sa.Engine:  # noqa: ANN401 -- options of SQLAlchemy's dialects
    """Return an engine with what all servers have in common."""
    engine = sa.create_engine(
        url,
        connect_args=dict(connect_args),
        # Every statement commits itself, so there is nothing to roll back when a connection is given back.
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,
        poolclass=QueuePool,
        pool_size=_KEPT,
        max_overflow=_MORE,
        pool_timeout=wait_s,
        pool_recycle=_OLDEST_S,
        # Those that crowds have left grow old, and are not used in turn.
        pool_use_lifo=True,
        # No record's content in exceptions and logs.
        hide_parameters=True,
        **more,
    )

    def leave(context: ExceptionContext) -> None:
        if faults(context.original_exception).kind is Kind.ELSEWHERE:
            context.is_disconnect = True

    sqlalchemy.event.listen(engine, "handle_error", leave)
    return engine


def new_session() -> str:
    """Return a name for a session, by which it is found when it has to be ended."""
    return f"cinderblock {secrets.token_hex(8)}"


def wait_for_turn(taken: Callable[[], object], store: str) -> None:
    """Ask until the turn was taken.

    Raises:
        StoreUnavailable: that was not so in time.
    """
    ends_at = time.monotonic() + _OPENING_TIMEOUT_S
    while not taken():
        if time.monotonic() > ends_at:
            raise StoreUnavailable(
                f"{store} has been in the making by another process for more than {_OPENING_TIMEOUT_S:g} s; ask again"
            )
        time.sleep(_POLL_S)
