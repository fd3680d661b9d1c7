"""Measures, prints the table, and writes it to docs/benchmarks.md: `make bench`.

    python -m tests.bench [PART …]

With parts, only these are measured, and nothing is written.
"""

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import grpc

from tests.bench import calls, commands, conformance, copying, footprint, listing, servers, throughput
from tests.bench.figures import Figure, table

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "benchmarks.md"

_HEAD = """\
# Benchmarks

`make bench` measures this, as root, and writes this page. Every figure comes from a driver's own process, over its Unix
socket, with logging on and SQLite syncing each commit. Where two things are compared they had their turns one after the
other within one run, so the ratio means something even where the machine does not.

"""

_TAIL = """
What to make of it:

- A node's process is mostly what it imports: gRPC and the OpenSSL of Python 20 MiB, oslo.config, oslo.log and
  oslo.privsep under os-brick 12. It loads neither Cinder nor SQL nor eventlet.
- A loop device does a small request on another thread of the kernel. A disk that answers 100,000 of them a second, as
  this one does from its host's memory, makes that a matter of processor time, and the two cores run short of it; on
  disks that are slower than the processor, and for large requests, the device is as fast as its file.
"""


def _sanity() -> str:
    built = subprocess.run([ROOT / "tests/lab/csi-sanity.sh"], capture_output=True, text=True, check=True)
    return built.stdout.strip()


#: What there is to measure, in the order of the table.
PARTS: Mapping[str, Callable[[Path], Sequence[Figure]]] = {
    "probe": lambda folder: [calls.probe(folder)],
    "create": calls.create,
    "create-servers": servers.creates,
    "listing": lambda folder: [listing.page(folder)],
    "listing-stores": listing.pages,
    "memory": footprint.memory,
    "start": lambda folder: [footprint.start(folder)],
    "command": lambda folder: [commands.whole(folder)],
    "copying": copying.copies,
    "throughput": throughput.ratios,
    "sanity": lambda folder: [conformance.block(folder, _sanity())],
}


def machine() -> str:
    """Return what the figures depend on, in one line; nothing in it names the machine."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    cores = sum(line.startswith("processor") for line in _lines("/proc/cpuinfo"))
    (memory,) = [int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal:")]
    return (
        f"Measured on {cores} cores ({model}), {memory / 2**20:.0f} GiB of memory, Linux {platform.release()}, "
        f"Python {platform.python_version()}, gRPC {grpc.__version__}."
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def main(names: Sequence[str]) -> None:
    figures: list[Figure] = []
    conditions = f"{machine()} The load average before was {os.getloadavg()[0]:.1f}."
    for name in names or PARTS:
        with tempfile.TemporaryDirectory(prefix="cinderblock-bench-") as folder:
            found = PARTS[name](Path(folder))
        figures += found
        print("".join(table(found).splitlines(keepends=True)[2:]), end="", flush=True)
    print(f"\n{table(figures)}\n{conditions}")
    if not names:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(f"{_HEAD}{table(figures)}\n{conditions}\n{_TAIL}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
