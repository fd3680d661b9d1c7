"""Keeps what importing Cinder does to a process away from the host program.

Cinder's modules put a handler on the root logger, a variable into the
environment and filters among the warnings; some drivers do the same when they
are loaded. A library must leave all of that as it found it.
"""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def untouched() -> Iterator[None]:
    """Undo, at the end, what is imported inside does to logging, the environment and the warnings.

    Not for several threads at once: the process has one of each.
    """
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    environment = dict(os.environ)
    # logging.basicConfig, and a module-level logging call, add a handler only where there is none.
    placeholder = logging.NullHandler()
    root.addHandler(placeholder)
    try:
        with warnings.catch_warnings():
            # Deprecations inside of other projects are not the host program's to hear of.
            warnings.simplefilter("ignore")
            yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for name in set(os.environ) - set(environment):
            del os.environ[name]
        for name, value in environment.items():
            if os.environ.get(name) != value:
                os.environ[name] = value
