"""What a page of ListVolumes, and the process itself, cost when there are many volumes."""

import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from csi.client import Client
from csi.proto import csi_pb2
from persistence.opening import open_store
from persistence.port import Store
from persistence.records import ConnectionRecord, Status, VolumeRecord
from persistence.seal import Sealer, sealed
from tests.bench import drivers, servers
from tests.bench.figures import Figure
from tests.bench.footprint import rss_mib
from tests.bench.timing import alternating, side_by_side

_PAGE = 100
_WRITERS = 32
#: Every so-many-th volume is published.
_PUBLISHED = 20


def fill(store: Store, *, volumes: int) -> str:
    """Store volumes, some of them published; return the id of the one in the middle."""
    ids = sorted(str(uuid.uuid4()) for _ in range(volumes))

    def insert(number: int) -> None:
        volume = store.volumes.insert(_volume(ids[number], number))
        if number % _PUBLISHED == 0:
            store.connections.insert(_connection(volume))

    # Together, so that they share commits.
    side_by_side([insert] * _WRITERS, calls=volumes)
    return ids[volumes // 2] if ids else ""


def _volume(volume_id: str, number: int) -> VolumeRecord:
    return VolumeRecord(
        id=volume_id,
        cinder_id=str(uuid.uuid4()),
        name=f"pvc-{uuid.uuid4()}",
        backend="bench",
        host="cinderblock@bench#idle",
        size_gib=1 + number % 100,
        status=Status.AVAILABLE,
        created_at=time.time(),
        access=("mount/SINGLE_NODE_WRITER",),
        driver_data={"provider_location": None},
    )


def _connection(volume: VolumeRecord) -> ConnectionRecord:
    return ConnectionRecord(
        id=str(uuid.uuid4()),
        cinder_id=str(uuid.uuid4()),
        backend=volume.backend,
        volume_id=volume.id,
        volume_cinder_id=volume.cinder_id,
        node_id="node",
        status=Status.AVAILABLE,
        access="mount/SINGLE_NODE_WRITER",
        connector={"host": "node"},
        connection_info={"driver_volume_type": "local", "data": {"device_path": f"/volumes/{volume.cinder_id}"}},
    )


def page(folder: Path, *, few: int = 1000, many: int = 100_000, rounds: int = 200) -> Figure:
    """Compare a page in the middle of many volumes with one in the middle of few."""
    medians, _ = _measured(folder, {"few": few, "many": many}, rounds=rounds)
    return _page_figure(medians, few=few, many=many, rounds=rounds)


def pages(folder: Path, *, few: int = 1000, many: int = 100_000, rounds: int = 200) -> list[Figure]:
    """Compare that over the other kinds of store, and the memory of a controller of many volumes with that of none."""
    volumes = {"none": 0, "few": few, "many": many}
    _, used_mib = _measured(folder / "sqlite", volumes, rounds=rounds)
    found = [_memory_figure(used_mib, many=many, rounds=rounds, records=", SQLite")]
    for kind in servers.KINDS:
        with servers.synced(kind) as database:
            medians, used_mib = _measured(folder / kind, volumes, rounds=rounds, database=database)
        found.append(_page_figure(medians, few=few, many=many, rounds=rounds, records=f", {kind}"))
        found.append(_memory_figure(used_mib, many=many, rounds=rounds, records=f", {kind}"))
    return found


def _measured(
    folder: Path, volumes: Mapping[str, int], *, rounds: int, database: Callable[[], str] = lambda: ""
) -> tuple[dict[str, float], dict[str, float]]:
    """Have a controller with so many volumes under each name; return what a page takes, in s, and its memory, in MiB.

    Args:
        folder: for the drivers.
        volumes: how many volumes there are.
        rounds: how many pages are asked for of each.
        database: makes one for each driver, and returns its URL; "" for SQLite.
    """
    folder.mkdir(exist_ok=True)
    key = drivers.key(folder)
    with ExitStack() as stack:
        calls, memory_mib = {}, {}
        for name, number in volumes.items():
            url = database()
            serving = drivers.serving(folder / name, drivers.IDLE, mode="controller", key_file=key, store=url)
            process = stack.enter_context(serving)
            middle = _prepare(process.state_dir, key, volumes=number, url=url)
            client = stack.enter_context(closing(process.start()))
            # What is published is exported again after a start, which is another matter.
            drivers.settle(process)
            calls[name] = partial(_page, client, middle, entries=min(_PAGE, number))
            memory_mib[name] = partial(rss_mib, process)
        medians = alternating(calls, rounds=rounds, warm_up=rounds // 10)
        return medians, {name: measure() for name, measure in memory_mib.items()}


def _page_figure(medians: Mapping[str, float], *, few: int, many: int, rounds: int, records: str = "") -> Figure:
    took = f"{medians['many'] * 1e3:.1f} ms to {medians['few'] * 1e3:.1f} ms"
    return Figure(
        what=f"a page of {_PAGE} in the middle of {many:,} volumes, to that of {few:,}{records}",
        value=medians["many"] / medians["few"],
        unit="times",
        aim=1.2,
        how=f"{took}, medians of {rounds} calls each, in turn",
    )


def _memory_figure(used_mib: Mapping[str, float], *, many: int, rounds: int, records: str) -> Figure:
    return Figure(
        what=f"memory of a controller with {many:,} volumes, to that with none{records}",
        value=used_mib["many"] / used_mib["none"],
        unit="times",
        aim=1.1,
        how=f"{used_mib['many']:.0f} MiB to {used_mib['none']:.0f} MiB, resident, after {rounds} pages",
    )


def _prepare(state_dir: Path, key: Path, *, volumes: int, url: str) -> str:
    state_dir.mkdir(mode=0o700)
    url = url or f"sqlite:///{state_dir}/cinderblock.db"
    with closing(sealed(open_store(url), Sealer.from_file(key))) as store:
        return fill(store, volumes=volumes)


def _page(client: Client, after: str, *, entries: int) -> None:
    request = csi_pb2.ListVolumesRequest(max_entries=_PAGE, starting_token=after)
    answer = client.controller.ListVolumes(request, timeout=60)
    if len(answer.entries) != entries:
        raise RuntimeError(f"the page has {len(answer.entries)} entries, {entries} wanted")
