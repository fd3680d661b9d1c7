"""Keeps what importing Cinder does to a process away from the host program.

Cinder's modules put a handler on the root logger, a variable into the
environment and filters among the warnings; some drivers do the same when they
are loaded. A library must leave all of that as it found it.
"""

import gc
import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_lock = threading.Lock()
#: What puts things back, and once more for each thread that is inside.
_inside: list[ExitStack] = []


@contextmanager
def untouched() -> Iterator[None]:
    """Undo, at the end, what is imported inside does to logging, the environment and the warnings.

    The process has one of each, so of several threads inside the first one
    looks, and the last one to leave puts things back.
    """
    with _lock:
        if not _inside:
            _inside.append(ExitStack())
            _inside[0].enter_context(_restored())
        _inside.append(_inside[0])
    try:
        yield
    finally:
        with _lock:
            _inside.pop()
            if len(_inside) == 1:
                _inside.pop().close()


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector from looking at everything that an import makes, again and again: all of it stays."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _restored() -> Iterator[None]:
    loggers = {logger: (list(logger.handlers), logger.level) for logger in _loggers()}
    environment = dict(os.environ)
    # logging.basicConfig, and a module-level logging call, add a handler only where there is none.
    placeholder = logging.NullHandler()
    logging.getLogger().addHandler(placeholder)
    try:
        with warnings.catch_warnings():
            # Deprecations inside of other projects are not the host program's to hear of.
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger in _loggers():
            # A new logger keeps its level, and loses what would write past the host program's own handlers.
            handlers, level = loggers.get(logger, ([], logger.level))
            logger.handlers[:] = handlers
            if logger.level != level:
                # Makes all loggers forget what they are enabled for, so that for each of them it would be slow.
                logger.setLevel(level)
        for name in set(os.environ) - set(environment):
            del os.environ[name]
        for name, value in environment.items():
            if os.environ.get(name) != value:
                os.environ[name] = value


def _loggers() -> list[logging.Logger]:
    root = logging.getLogger()
    known = list(root.manager.loggerDict.values())
    return [root, *(logger for logger in known if isinstance(logger, logging.Logger))]
