"""Logs: JSON lines on standard error, the current RPC on every one of them, no secret on any.

One handler on the root logger writes for Cinder, os-brick and the libraries as
well. What passes it is masked, tracebacks of threads that died included.
"""

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

from oslo_utils import strutils

from cinderblock.concealment import MASK, masked

#: What the current RPC is: {"rpc": str, "object": str, "call": int}; empty outside of one.
_current: ContextVar[Mapping[str, object]] = ContextVar("current_rpc", default={})  # noqa: B039 -- never changed in place

LEVELS = ("debug", "info", "warning", "error")

#: What every record has; the rest came by `extra`.
_OWN_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "current"}
#: Only our own loggers put plain facts into `extra`; oslo.log's adapters fill it with objects.
_OURS = ("csi", "cinderblock", "persistence")
#: Chatty below WARNING, and of no use to whoever debugs storage.
_CHATTY = ("alembic", "oslo_config", "oslo_service", "stevedore", "urllib3", "sqlalchemy", "dogpile", "asyncio")
_LONGEST_TEXT = 32 * 1024

log = logging.getLogger(__name__)


@contextmanager
def current(facts: Mapping[str, object]) -> Iterator[None]:
    """Put the facts on every record that this thread, or one that copied its context, logs in the block."""
    token = _current.set(facts)
    try:
        yield
    finally:
        _current.reset(token)


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON: time (UTC), level, logger, the RPC, message, facts, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **_current.get(),
            "message": _message_of(record),
        }
        if record.name.partition(".")[0] in _OURS:
            line.update((name, value) for name, value in vars(record).items() if name not in _OWN_ATTRIBUTES)
        if record.exc_info and record.exc_info[0] is not None:
            line["traceback"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        mask = masked if record.name.partition(".")[0] in _OURS else _masked_by_name
        return json.dumps({name: _plain(value, mask) for name, value in line.items()}, ensure_ascii=False)


def _message_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 -- a library's mistake in a log call must neither be lost nor raise here
        return f"{record.msg!s} (its arguments do not fit: {type(error).__name__})"


def _masked_by_name(text: str) -> str:
    """Mask known secrets, and what a driver itself calls one: it may log a secret before it hands it to us."""
    return str(strutils.mask_password(masked(text), secret=MASK))


def _plain(value: object, mask: Callable[[str], str]) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(member, mask) for member in value]
    text = mask(str(value))
    if len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT]} … ({len(text)} characters)"
    # A lone surrogate (a file name that is not UTF-8) can be neither encoded nor printed.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class _Lines(logging.StreamHandler[TextIO]):
    """Never prints a record by another way than its formatter: what could not be written is said without its text."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- logging's name
        kind = sys.exc_info()[0]
        if kind is not None and not issubclass(kind, OSError):
            sys.stderr.write(
                f'{{"level": "error", "message": "a record of {record.name} was lost: {kind.__name__}"}}\n'
            )


def configure(level: str, *, stream: TextIO | None = None) -> logging.Handler:
    """Make JSON lines the only log of this process; calling again replaces the handler.

    Args:
        level: one of `LEVELS`, or "critical".
        stream: where to, standard error when None.

    Returns:
        The handler, for whoever wants to take it off again.
    """
    handler = _Lines(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    for other in [*root.handlers]:
        root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    # Python's warnings are for whoever changes code, not for whoever runs it.
    logging.getLogger("py.warnings").setLevel(logging.WARNING if level == "debug" else logging.ERROR)
    return handler


def catch_the_uncaught() -> None:
    """Log what would end the process or a thread with a traceback in clear on standard error."""
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    log.critical("the process ends by an error that nobody expected", exc_info=(kind, error, traceback))


def _uncaught_in_thread(dead: threading.ExceptHookArgs) -> None:
    if dead.exc_value is not None:
        name = dead.thread.name if dead.thread else ""
        log.error(
            "a thread ended by an error that nobody expected",
            extra={"thread_name": name},
            exc_info=(dead.exc_type, dead.exc_value, dead.exc_traceback),
        )
