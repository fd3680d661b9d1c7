"""A database's exceptions, as the store's."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

import sqlalchemy.exc

from persistence.errors import StoreUnavailable, StoreUnusable


class Kind(Enum):
    """What to make of an error."""

    #: The database may do it later: it is locked, full, gone.
    LATER = auto()
    #: Rolled back in favour of another statement: it may work at once.
    AT_ONCE = auto()
    #: This connection takes no writes any more; another one may.
    ELSEWHERE = auto()
    #: No waiting mends it: damaged, or not ours.
    NEVER = auto()


@dataclass(frozen=True, slots=True)
class Fault:
    """An error of a database: its kind, and what the database itself said, which has no value of ours in it."""

    kind: Kind
    said: str


#: Reads the exception of a database's driver.
Faults: TypeAlias = Callable[[BaseException], Fault]


@contextmanager
def translated(store: str, faults: Faults) -> Iterator[None]:
    """Turn the database's exceptions into the store's; a violated constraint passes as it is.

    Args:
        store: names the store in messages, without a password.
        faults: reads what the database's driver raises.

    Raises:
        StoreUnusable: the database is damaged, or not ours.
        StoreUnavailable: anything else that the database could not do: locked, full, gone.
    """
    try:
        yield
    except sqlalchemy.exc.IntegrityError:
        raise
    except sqlalchemy.exc.TimeoutError as error:
        raise StoreUnavailable(f"{store} has all of its connections in use; ask again") from error
    except sqlalchemy.exc.DBAPIError as error:
        # Only what the database said: SQLAlchemy's own text has the statement in it, too.
        fault = faults(error.orig or error)
        if fault.kind is Kind.NEVER:
            raise StoreUnusable(f"{store} cannot be used: {fault.said}; restore it, or name another one") from error
        raise StoreUnavailable(f"{store} does not answer now: {fault.said}") from error
