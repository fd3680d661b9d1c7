"""The node as a process of its own, which it is wherever a controller serves several."""

import importlib
import multiprocessing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any

from cinderblock.brick.host import BrickHost
from cinderblock.host import Host
from persistence.records import Json


class Bare:
    """os-brick's connector for iSCSI alone, as its documentation has it used: what `BrickHost` is measured by."""

    def __init__(self) -> None:
        connector = importlib.import_module("os_brick.initiator.connectors.iscsi").ISCSIConnector
        self._connector: Any = connector("", use_multipath=True, device_scan_attempts=3)

    def connect(self, data: Mapping[str, Json]) -> Mapping[str, Json]:
        """Make the device; return what `disconnect` wants of it."""
        device: Mapping[str, Json] = self._connector.connect_volume(dict(data))
        return device

    def disconnect(self, data: Mapping[str, Json], device: Mapping[str, Json]) -> None:
        """Make the device go."""
        self._connector.disconnect_volume(dict(data), dict(device), force=False, ignore_errors=False)


class _Node(BaseManager):
    """Serves a `BrickHost`, and os-brick beside it, to the process that started it."""


_Node.register("host", BrickHost)
_Node.register("bare", Bare)


@contextmanager
def both(state_dir: Path) -> Iterator[tuple[Host, Bare]]:
    """Run a `BrickHost` in a process without Cinder, and os-brick alone in the same, while the block runs.

    os-brick runs some forty programs for one connection, and each is a fork:
    in the guest, that takes a process of Cinder's size four times as long.
    """
    with _Node(ctx=multiprocessing.get_context("spawn")) as manager:
        host: Host = manager.host(state_dir)  # type: ignore[attr-defined]  # made by `register`
        bare: Bare = manager.bare()  # type: ignore[attr-defined]  # made by `register`
        yield host, bare


@contextmanager
def node_process(state_dir: Path) -> Iterator[Host]:
    """Run a `BrickHost` in a process without Cinder, while the block runs."""
    with both(state_dir) as (host, _):
        yield host
