"""What a published raw volume can carry, beside the file that it lies on: direct I/O on both, in turn."""

import json
import os
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from csi.client import raw
from tests.bench import drivers
from tests.bench.figures import Figure
from tests.bench.pods import staged


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """How fio reads or writes: its name for it, a block's size, and how many are under way."""

    what: str
    rw: str
    block: str
    depth: int


PATTERNS = (
    Pattern(what="sequential reads", rw="read", block="1m", depth=4),
    Pattern(what="sequential writes", rw="write", block="1m", depth=4),
    Pattern(what="random reads", rw="randread", block="4k", depth=16),
    Pattern(what="random writes", rw="randwrite", block="4k", depth=16),
)


def ratios(folder: Path, *, rounds: int = 5, runtime_s: int = 2, span_mib: int = 1024) -> list[Figure]:
    """Compare a published volume with the file behind it.

    Args:
        folder: where the volume lies.
        rounds: how often each of the two has its turn.
        runtime_s: how long a turn lasts.
        span_mib: how much of the volume is used; all of it is written once, before anything is measured.
    """
    volumes = folder / "volumes"
    with (
        drivers.serving(folder / "throughput", drivers.files_at(volumes)) as process,
        closing(process.start()) as client,
        staged(client, client, folder / "pod", size_gib=max(1, span_mib // 1024), capability=raw()) as device,
    ):
        (file,) = volumes.iterdir()
        _fill(file, span_mib)
        places = {"volume": device, "file": file}
        return [
            _compare(places, pattern, rounds=rounds, runtime_s=runtime_s, span_mib=span_mib) for pattern in PATTERNS
        ]


def _compare(places: dict[str, Path], pattern: Pattern, *, rounds: int, runtime_s: int, span_mib: int) -> Figure:
    rates: dict[str, list[float]] = {name: [] for name in places}
    for number in range(rounds):
        for name in sorted(places, reverse=bool(number % 2)):
            rates[name].append(_rate(places[name], pattern, runtime_s=runtime_s, span_mib=span_mib))
    volume, file = median(rates["volume"]), median(rates["file"])
    return Figure(
        what=f"{pattern.what} of a published raw volume, to its file's",
        value=volume / file,
        unit="times",
        aim=0.95,
        at_least=True,
        how=f"{volume:,.0f} to {file:,.0f} per s of {pattern.block}, {pattern.depth} under way, direct I/O, "
        f"medians of {rounds} turns",
    )


def _rate(path: Path, pattern: Pattern, *, runtime_s: int, span_mib: int) -> float:
    """Return operations per second."""
    command = [
        "fio",
        "--name=bench",
        f"--filename={path}",
        f"--rw={pattern.rw}",
        f"--bs={pattern.block}",
        f"--iodepth={pattern.depth}",
        f"--size={span_mib}m",
        f"--runtime={runtime_s}",
        "--time_based",
        "--ioengine=libaio",
        "--direct=1",
        "--output-format=json",
    ]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    (job,) = json.loads(said[said.index("{") :])["jobs"]
    return float(job["read"]["iops"] + job["write"]["iops"])


def _fill(file: Path, span_mib: int) -> None:
    with file.open("r+b") as stream:
        for _ in range(span_mib):
            stream.write(os.urandom(2**20))
        os.fsync(stream.fileno())
