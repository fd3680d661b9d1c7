"""What a page of ListVolumes costs when there are many volumes."""

import time
import uuid
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from csi.client import Client
from csi.proto import csi_pb2
from persistence.port import Store
from persistence.records import ConnectionRecord, Status, VolumeRecord
from persistence.seal import Sealer, sealed
from persistence.sql import open_store
from tests.bench import drivers
from tests.bench.figures import Figure
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
    return ids[volumes // 2]


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
    with ExitStack() as stack:
        calls = {}
        for name, volumes in (("few", few), ("many", many)):
            process = stack.enter_context(drivers.serving(folder / name, drivers.IDLE, key_file=drivers.key(folder)))
            middle = _prepare(process.state_dir, drivers.key(folder), volumes=volumes)
            client = stack.enter_context(closing(process.start()))
            # What is published is exported again after a start, which is another matter.
            drivers.settle(process)
            calls[name] = partial(_page, client, middle)
        medians = alternating(calls, rounds=rounds, warm_up=rounds // 10)
    return Figure(
        what=f"a page of {_PAGE} in the middle of {many:,} volumes, to that of {few:,}",
        value=medians["many"] / medians["few"],
        unit="times",
        aim=1.2,
        how=f"{medians['many'] * 1e3:.1f} ms to {medians['few'] * 1e3:.1f} ms, medians of {rounds} calls each, in turn",
    )


def _prepare(state_dir: Path, key: Path, *, volumes: int) -> str:
    state_dir.mkdir(mode=0o700)
    with closing(sealed(open_store(f"sqlite:///{state_dir}/cinderblock.db"), Sealer.from_file(key))) as store:
        return fill(store, volumes=volumes)


def _page(client: Client, after: str) -> None:
    request = csi_pb2.ListVolumesRequest(max_entries=_PAGE, starting_token=after)
    answer = client.controller.ListVolumes(request, timeout=60)
    if len(answer.entries) != _PAGE:
        raise RuntimeError(f"the page has {len(answer.entries)} entries, {_PAGE} wanted")
