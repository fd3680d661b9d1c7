"""What a driver's call may end with: its answer, an error that is known, or the fact that nobody knows."""

from collections.abc import Iterator
from contextlib import contextmanager

from cinderblock.errors import BackendUnavailable, CinderblockError, InvalidRequest, OperationPending, UnknownOutcome
from persistence.errors import PersistenceError


@contextmanager
def classified(what: str) -> Iterator[None]:
    """Surround a call to a driver: only known errors pass as they are.

    Raises:
        UnknownOutcome: the driver failed in a way that nobody classified.
    """
    try:
        yield
    except (CinderblockError, PersistenceError, NotImplementedError, KeyboardInterrupt):
        raise
    except BaseException as error:  # a vendor's driver may raise anything, timeouts of eventlet and SystemExit too
        msg = f"{what} failed and its outcome is not known; the reason is in the driver's log; ask again"
        raise UnknownOutcome(msg) from error


@contextmanager
def never_final(what: str) -> Iterator[None]:
    """Surround the undoing of what a caller would take for gone after a final answer.

    Raises:
        UnknownOutcome: instead of whatever would tell the caller not to ask again.
    """
    try:
        yield
    except (BackendUnavailable, OperationPending):
        raise
    except (CinderblockError, NotImplementedError) as error:
        raise UnknownOutcome(f"{what} was refused, so something is left; ask again. The reason: {error}") from error


@contextmanager
def able(what: str) -> Iterator[None]:
    """Surround a call to a driver for what not every driver can.

    Raises:
        InvalidRequest: it cannot.
    """
    try:
        yield
    except NotImplementedError as error:
        raise InvalidRequest(f"{what} is more than its driver can: {error}") from error
