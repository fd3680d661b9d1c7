"""Group snapshots over CSI of volumes that pods write to, on a back end with Cinder's consistent groups."""

import os
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from cinderblock.units import GIB
from csi.proto import csi_pb2
from tests.contract.drivers import mounted
from tests.ready.driver import DriverProcess
from tests.system.conftest import left_below
from tests.system.test_groups import groups, taken  # noqa: F401 -- `groups` is a fixture
from tests.waiting import eventually

_CONFIG = """
[DEFAULT]
enabled_backends = array
[array]
volume_driver = tests.fakes.grouping.GroupingDriver
local_files_path = {volumes}
slow = true
"""


@pytest.fixture
def volumes(tmp_path):
    """The folder of an array that takes all of its volumes at one moment: a btrfs subvolume."""
    with mounted(tmp_path, file_system="btrfs", size_mib=1024) as mount:
        folder = mount / "volumes"
        subprocess.run(["btrfs", "subvolume", "create", folder], check=True, capture_output=True)
        yield folder


@pytest.fixture
def process(tmp_path, volumes):
    config = tmp_path / "cinder.conf"
    config.write_text(_CONFIG.format(volumes=volumes))
    process = DriverProcess(tmp_path, config=config)
    yield process
    process.end()
    assert [left for left in left_below(tmp_path) if Path(left).name not in ("btrfs", "btrfs.img")] == []


class Writer:
    """Writes one number after the other, each to the first file and then to the second, and to disk before the next."""

    def __init__(self, first, second):
        self.number = 0
        self._ended = threading.Event()
        self._files = [os.open(file, os.O_WRONLY | os.O_CREAT | os.O_SYNC) for file in (first, second)]
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def _write(self):
        while not self._ended.is_set():
            for file in self._files:
                os.pwrite(file, f"{self.number:020}".encode(), 0)
            self.number += 1

    def end(self):
        self._ended.set()
        self._thread.join()
        for file in self._files:
            os.close(file)


def everything(folder):
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*"))


def number_in(pod):
    return int((pod.target / "number").read_bytes())


def test_volumes_that_are_written_to_are_taken_at_one_moment(client, groups, pods, volumes):  # noqa: F811 -- the fixture
    users = [pods(client.create(name, GIB).volume_id).start() for name in ("first", "second")]
    ids = [user.volume_id for user in users]
    before = everything(volumes)
    with ExitStack() as stack:
        writer = Writer(*(user.target / "number" for user in users))
        stack.callback(writer.end)
        eventually(lambda: writer.number > 20)
        taken_groups = [taken(groups, f"group-{number}", *ids) for number in range(2)]
        seen = writer.number
        eventually(lambda: writer.number > seen + 20)
    for group in taken_groups:
        restored = {}
        for snapshot in group.snapshots:
            volume_id = client.create(f"of-{snapshot.snapshot_id}", GIB, snapshot_id=snapshot.snapshot_id).volume_id
            restored[snapshot.source_volume_id] = pods(volume_id).start()
        first, second = (number_in(restored[volume_id]) for volume_id in ids)
        assert first - second in (0, 1)
        assert 0 < second < writer.number
        for pod in restored.values():
            pod.stop()
            client.delete(pod.volume_id)
    for group in taken_groups:
        groups.DeleteVolumeGroupSnapshot(
            csi_pb2.DeleteVolumeGroupSnapshotRequest(group_snapshot_id=group.group_snapshot_id)
        )
    assert everything(volumes) == before
    assert everything(volumes.with_name("volumes-groups")) == []
    # Neither their users nor their end was touched by all that.
    assert [number_in(user) for user in users] == [writer.number - 1] * 2
    for user in users:
        user.stop()
        client.delete(user.volume_id)
    assert everything(volumes) == everything(volumes.with_name("volumes-groups")) == []
