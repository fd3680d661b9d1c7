"""What a call costs: Probe beside the least that gRPC can do, and CreateVolume on a driver that does nothing."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

from cinderblock.units import GIB
from csi.client import Client
from csi.proto import csi_pb2
from csi.server import INLINE_THREADS
from csi.workers import Workers
from tests.bench import drivers
from tests.bench.figures import Figure
from tests.bench.timing import alternating, side_by_side

_CLIENTS = 64
#: A channel is one connection; sidecars have one each.
_CHANNELS = 8


@contextmanager
def _bare(folder: Path) -> Iterator[Client]:
    endpoint = f"unix://{folder}/bare.sock"
    command = [sys.executable, "-m", "tests.bench.bare_server", endpoint, str(Workers().most + INLINE_THREADS)]
    process = subprocess.Popen(command)
    client = Client(endpoint)
    try:
        ends_at = time.monotonic() + 30
        while not client.ready():
            if process.poll() is not None or time.monotonic() > ends_at:
                raise RuntimeError("the bare server did not come up")
            time.sleep(0.02)
        yield client
    finally:
        client.close()
        process.kill()
        process.wait()


def probe(folder: Path, *, rounds: int = 3000) -> Figure:
    """Compare Probe with that of a bare server, call by call."""
    with drivers.served(folder / "probe", drivers.IDLE) as ours, _bare(folder) as bare:
        request = csi_pb2.ProbeRequest()
        clients = {"ours": ours, "bare": bare}
        calls = {name: partial(client.identity.Probe, request, timeout=20) for name, client in clients.items()}
        medians = alternating(calls, rounds=rounds, warm_up=rounds // 10)
    how = f"{medians['ours'] * 1e6:.0f} µs to {medians['bare'] * 1e6:.0f} µs, medians of {rounds} calls each, in turn"
    return Figure(
        what="Probe, to that of a bare gRPC server in Python",
        value=medians["ours"] / medians["bare"],
        unit="times",
        aim=1.25,
        how=how,
    )


def create(
    folder: Path, *, rounds: int = 500, together: int = 4000, store: str = "", records: str = ""
) -> list[Figure]:
    """Time CreateVolume, one call after the other, and from many clients at once.

    Args:
        folder: for the driver.
        rounds: how many calls there are one after the other.
        together: how many there are at once.
        store: the URL of the store, SQLite without one.
        records: what to say of where the records are.
    """
    with ExitStack() as stack, drivers.serving(folder / "create", drivers.IDLE, store=store) as process:
        clients = [stack.enter_context(closing(process.start()))]
        clients += [stack.enter_context(closing(Client(process.endpoint))) for _ in range(_CHANNELS - 1)]
        numbers = iter(range(10**9))
        one = alternating({"": lambda: clients[0].create(f"one-{next(numbers)}", GIB)}, rounds=rounds, warm_up=50)
        actions = [partial(_create, clients[number % _CHANNELS]) for number in range(_CLIENTS)]
        per_s = side_by_side(actions, calls=together)
    return [
        Figure(
            what=f"CreateVolume on a driver that does nothing{records}",
            value=one[""] * 1000,
            unit="ms",
            aim=5,
            how=f"median of {rounds} calls, one after the other; two synced commits each",
        ),
        Figure(
            what=f"CreateVolume from {_CLIENTS} clients at once{records}",
            value=per_s,
            unit="per s",
            aim=500,
            at_least=True,
            how=f"{together} calls, over {_CHANNELS} connections from one process",
        ),
    ]


def _create(client: Client, number: int) -> None:
    client.create(f"many-{number}", GIB)
