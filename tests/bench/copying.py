"""What a snapshot and a clone cost where the file system shares blocks: the same, however large the volume is."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from cinderblock.units import GIB
from csi.client import Client
from tests.bench import drivers
from tests.bench.figures import Figure
from tests.bench.timing import seconds

#: What is written into each volume before it is copied.
_DATA_BYTES = 64 * 2**20


@contextmanager
def reflinking(folder: Path, *, size_gib: int) -> Iterator[Path]:
    """Have an xfs, which shares blocks, on a sparse file; it is gone when the block ends."""
    image, mountpoint = folder / "xfs.img", folder / "xfs"
    mountpoint.mkdir()
    with image.open("wb") as file:
        file.truncate(size_gib * GIB)
    subprocess.run(["mkfs.xfs", "-q", "-m", "reflink=1", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, mountpoint], check=True)
    try:
        yield mountpoint
    finally:
        subprocess.run(["umount", mountpoint], check=True)
        image.unlink()


def copies(folder: Path, *, small_gib: int = 1, large_gib: int = 100, rounds: int = 15) -> list[Figure]:
    """Compare snapshot and clone of a large volume with those of a small one, in turn."""
    with (
        reflinking(folder, size_gib=2 * large_gib) as disk,
        drivers.served(folder / "copying", drivers.files_at(disk / "volumes")) as client,
    ):
        volumes = {
            size_gib: client.create(f"of-{size_gib}", size_gib * GIB).volume_id for size_gib in (small_gib, large_gib)
        }
        for file in (disk / "volumes").iterdir():
            _write(file)
        figures = []
        for what, copy in (("snapshot", _snapshot), ("clone", _clone)):
            times: dict[int, list[float]] = {size_gib: [] for size_gib in volumes}
            for number in range(-1, rounds):
                for size_gib, volume_id in volumes.items():
                    took_s = copy(client, f"{what}-{size_gib}-{number}", volume_id, size_gib)
                    # The first one of each warms up.
                    times[size_gib] += [took_s] * (number >= 0)
            small_s, large_s = median(times[small_gib]), median(times[large_gib])
            figures.append(_figure(what, small_s, large_s, small_gib=small_gib, large_gib=large_gib, rounds=rounds))
    return figures


def _figure(what: str, small_s: float, large_s: float, *, small_gib: int, large_gib: int, rounds: int) -> Figure:
    return Figure(
        what=f"a {what} of {large_gib} GiB with shared blocks, to that of {small_gib} GiB",
        value=large_s / small_s,
        unit="times",
        aim=1.2,
        how=f"{large_s * 1e3:.1f} ms to {small_s * 1e3:.1f} ms on xfs, medians of {rounds} calls each, in turn",
    )


def _write(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.write(os.urandom(_DATA_BYTES))
        stream.flush()
        os.fsync(stream.fileno())


def _snapshot(client: Client, name: str, volume_id: str, size_gib: int) -> float:
    made: list[str] = []
    took_s = seconds(lambda: made.append(client.snapshot(name, volume_id).snapshot_id))
    client.delete_snapshot(made[0])
    return took_s


def _clone(client: Client, name: str, volume_id: str, size_gib: int) -> float:
    made: list[str] = []
    took_s = seconds(lambda: made.append(client.create(name, size_gib * GIB, volume_id=volume_id).volume_id))
    client.delete(made[0])
    return took_s
