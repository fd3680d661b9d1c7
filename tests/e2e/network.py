"""The network of a cluster: a bridge for the pods of each machine, and a wire from each machine to the first one."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.e2e.machine import Machine

#: All pods' network, and that of services.
PODS = "10.244.0.0/16"
SERVICES = "10.96.0.0/16"
_CLONE_NEWNET = 0x40000000


def address(number: int) -> str:
    """Return a machine's own address, which is on its bridge."""
    return f"10.244.{number}.1"


def pods(number: int) -> str:
    """Return the network of a machine's pods."""
    return f"10.244.{number}.0/24"


@contextmanager
def own_network() -> Iterator[None]:
    """Have this thread, and what it starts, in a network of its own, which goes with the last process in it."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open("rb") as before:
        assert libc.unshare(_CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        try:
            for words in _bridge(0):
                _ip(words)
            Path("/proc/sys/net/ipv4/ip_forward").write_text("1", encoding="ascii")
            yield
        finally:
            assert libc.setns(before.fileno(), _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())


def links() -> list[str]:
    """Return what there is of a cluster's network in that which this thread is in."""
    listed = subprocess.run(["ip", "-brief", "link"], check=True, capture_output=True, text=True).stdout
    names = [line.split()[0] for line in listed.splitlines()]
    return [name for name in names if name == "lab0" or name.startswith("to-lab")]


def connect(machine: "Machine") -> None:
    """Lay the wire from the first machine's network, which this thread is in, to another machine's."""
    number = machine.number
    here, there = f"10.243.{number}.1", f"10.243.{number}.2"
    wire = f"to-lab{number}"
    # That of a machine that has ended goes with its network, a little later.
    eventually(lambda: not any(name.startswith(wire) for name in links()))
    for words in (
        f"link add {wire} type veth peer name wire netns {machine.first}",
        f"address add {here}/24 dev {wire}",
        f"link set {wire} up",
    ):
        _ip(words)
    for words in (
        *_bridge(number),
        f"address add {there}/24 dev wire",
        "link set wire up",
        f"route add {pods(0)} via {here} src {address(number)}",
    ):
        machine.run("ip", *words.split())
    machine.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
    _ip(f"route add {pods(number)} via {there} src {address(0)}")


def _bridge(number: int) -> list[str]:
    return [
        "link set lo up",
        "link add lab0 type bridge",
        f"address add {address(number)}/24 dev lab0",
        "link set lab0 up",
        # What goes to a service leaves nowhere: it is turned round here.
        f"route add {SERVICES} dev lab0",
    ]


def _ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True)
