"""The node as a process of its own, which it is wherever a controller serves several."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.managers import BaseManager
from pathlib import Path

from cinderblock.brick.host import BrickHost
from cinderblock.host import Host


class _Node(BaseManager):
    """Serves a `BrickHost` to the process that started it."""


_Node.register("host", BrickHost)


@contextmanager
def node_process(state_dir: Path) -> Iterator[Host]:
    """Run a `BrickHost` in a process without Cinder, while the block runs.

    os-brick runs some forty programs for one connection, and each is a fork:
    in the guest, that takes a process of Cinder's size four times as long.
    """
    with _Node(ctx=multiprocessing.get_context("spawn")) as manager:
        host: Host = manager.host(state_dir)  # type: ignore[attr-defined]  # made by `register`
        yield host
