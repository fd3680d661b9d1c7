"""What the processes cost when nobody asks for anything: memory, and the time until they answer."""

from contextlib import closing
from pathlib import Path
from statistics import median

from cinderblock.units import GIB
from csi.driver_process import DriverProcess
from csi.proto import csi_pb2
from tests.bench import drivers
from tests.bench.figures import Figure
from tests.bench.pods import staged
from tests.bench.timing import seconds

_WARM_CALLS = 200


def rss_mib(process: DriverProcess) -> float:
    """Return how much memory a process has in use, in MiB."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


def memory(folder: Path) -> list[Figure]:
    """Measure a controller that has worked, and a node, in a process of its own, that has a volume staged."""
    key = drivers.key(folder)
    backend = drivers.files_at(folder / "volumes")
    with (
        drivers.serving(folder / "controller", backend, mode="controller", key_file=key) as controller,
        drivers.serving(folder / "node", backend, mode="node", key_file=key) as node,
        closing(controller.start()) as of_controller,
        closing(node.start()) as of_node,
    ):
        for number in range(_WARM_CALLS):
            of_controller.delete(of_controller.create(f"warm-{number}", GIB).volume_id)
        with staged(of_controller, of_node, folder / "pod", size_gib=1):
            for _ in range(_WARM_CALLS):
                of_node.identity.Probe(csi_pb2.ProbeRequest(), timeout=20)
            node_mib, controller_mib = rss_mib(node), rss_mib(controller)
    return [
        Figure(
            what="memory of a node's process",
            value=node_mib,
            unit="MiB",
            aim=60,
            how="resident, with a file system staged and published",
        ),
        Figure(
            what="memory of a controller's process",
            value=controller_mib,
            unit="MiB",
            aim=150,
            how=f"resident, one back end, after {_WARM_CALLS} volumes made and deleted",
        ),
    ]


def start(folder: Path, *, rounds: int = 5) -> Figure:
    """Time a controller from its exec to the first Probe that says ready."""
    key = drivers.key(folder)
    backend = drivers.files_at(folder / "volumes")
    with drivers.serving(folder / "starting", backend, mode="controller", key_file=key) as process:
        times = []
        for _ in range(rounds):
            times.append(seconds(lambda: process.start().close()))
            process.stop()
    return Figure(
        what="a controller's start, until Probe says ready",
        value=median(times),
        unit="s",
        aim=2.5,
        how=f"from exec, one back end of files; median of {rounds}",
    )
