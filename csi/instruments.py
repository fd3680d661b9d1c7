"""What surrounds the ports of a process, where somebody wants to count, to time or to trace the calls of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cinderblock.driver import Driver
from cinderblock.host import Host
from cinderblock.leases import TTL_S
from csi.node.commands import Runner
from persistence.port import Store

Port = TypeVar("Port")


def _as_it_is(port: Port) -> Port:
    return port


def _driver_as_it_is(_backend: str, driver: Driver) -> Driver:
    return driver


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """Each takes a port's implementation and returns what is used in its place; by default that is the same one.

    `driver` is told the back end's name as well, and called once for each start of it. `lease_s` is for how long
    a process may be silent before others take over its work, the same for all that share a store.
    """

    driver: Callable[[str, Driver], Driver] = _driver_as_it_is
    host: Callable[[Host], Host] = _as_it_is
    runner: Callable[[Runner], Runner] = _as_it_is
    store: Callable[[Store], Store] = _as_it_is
    lease_s: float = TTL_S


#: Nothing is in between.
NONE = Instruments()
