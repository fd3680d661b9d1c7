"""The whole life of a volume on a node, for every file system and for raw block."""

import os
import threading
from pathlib import Path

import pytest

from cinderblock.errors import InUse
from csi.node import blocks
from csi.proto import csi_pb2
from tests.node.conftest import MIB, block, mount

FILE_SYSTEMS = ["ext2", "ext3", "ext4", "xfs", "btrfs"]


@pytest.mark.parametrize("fs_type", FILE_SYSTEMS)
def test_a_mounted_volume_keeps_its_data_from_stage_to_stage(lab, fs_type):
    lab.volume()
    lab.stage(capability=mount(fs_type))
    target = lab.publish(capability=mount(fs_type))
    (Path(target) / "hello").write_text("world")
    lab.unpublish()
    assert not Path(target).exists()
    lab.unstage()
    assert lab.loop() is None
    assert lab.journal_files() == []
    lab.stage(capability=mount(fs_type))
    assert (Path(lab.staging("vol")) / "hello").read_text() == "world"
    assert lab.shown(lab.staging("vol")).fs_type == fs_type
    lab.unstage()


def test_a_block_volume_is_its_device(lab):
    lab.volume()
    lab.stage(capability=block())
    target = lab.publish(capability=block())
    assert blocks.number(target) == blocks.number(lab.loop().path)
    with Path(target).open("r+b") as device:
        device.write(b"x" * 4096)
        os.fsync(device.fileno())
    assert lab.file("vol").read_bytes()[:4096] == b"x" * 4096
    lab.unpublish()
    assert not Path(target).exists()
    lab.unstage()
    assert list(Path(lab.staging("vol")).iterdir()) == []


@pytest.mark.parametrize("capability", [mount(), mount("xfs"), block()], ids=["ext4", "xfs", "block"])
def test_every_call_may_be_repeated(lab, capability):
    lab.volume()
    for _ in range(3):
        lab.stage(capability=capability)
    ran = len(lab.runner.ran)
    lab.stage(capability=capability)
    assert lab.runner.ran[ran:] == [], "a live stage is recognised without running anything"
    for _ in range(3):
        lab.publish(capability=capability)
    for _ in range(3):
        lab.unpublish()
    for _ in range(3):
        lab.unstage()


def test_sixteen_volumes_live_side_by_side(lab):
    failures = []

    def live(volume_id: str) -> None:
        capability = block() if int(volume_id[1:]) % 4 == 0 else mount()
        try:
            lab.volume(volume_id, 64)
            lab.stage(volume_id, capability)
            lab.publish(volume_id, capability)
            lab.unpublish(volume_id)
            lab.unstage(volume_id)
        except Exception as error:  # noqa: BLE001  # shown by the assertion below
            failures.append((volume_id, error))

    threads = [threading.Thread(target=live, args=(f"v{number}",)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert failures == []


def may_grow_mounted_ext() -> bool:
    """Whether this process has CAP_SYS_RESOURCE (bit 24), without which the kernel refuses."""
    status = Path("/proc/self/status").read_text()
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff"))
    return bool(int(effective, 16) >> 24 & 1)


GROWN_MOUNTED = FILE_SYSTEMS if may_grow_mounted_ext() else ["xfs", "btrfs"]
REFUSED_MOUNTED = [each for each in FILE_SYSTEMS if each not in GROWN_MOUNTED]


@pytest.mark.parametrize("fs_type", GROWN_MOUNTED)
def test_a_volume_grows_while_it_is_published(lab, fs_type):
    lab.volume()
    lab.stage(capability=mount(fs_type))
    target = lab.publish(capability=mount(fs_type))
    before = os.statvfs(target).f_blocks
    lab.volume(size_mib=800)
    assert lab.expand(target, 800 * MIB) == 800 * MIB
    assert lab.expand(target, 800 * MIB) == 800 * MIB
    assert os.statvfs(target).f_blocks > before * 1.7
    lab.unpublish()
    lab.unstage()


@pytest.mark.parametrize("fs_type", FILE_SYSTEMS)
def test_a_volume_that_grew_elsewhere_is_grown_at_the_next_stage(lab, fs_type):
    lab.volume()
    lab.stage(capability=mount(fs_type))
    before = os.statvfs(lab.staging("vol")).f_blocks
    lab.unstage()
    lab.volume(size_mib=800)
    lab.stage(capability=mount(fs_type))
    assert os.statvfs(lab.staging("vol")).f_blocks > before * 1.7
    lab.unstage()


def test_where_the_kernel_refuses_to_grow_a_mounted_volume_it_grows_at_the_next_stage(lab):
    for fs_type in REFUSED_MOUNTED:
        lab.volume(fs_type)
        lab.stage(fs_type, mount(fs_type))
        before = os.statvfs(lab.staging(fs_type)).f_blocks
        lab.volume(fs_type, size_mib=800)
        with pytest.raises(InUse, match="CAP_SYS_RESOURCE"):
            lab.expand(lab.staging(fs_type), 800 * MIB, fs_type)
        lab.unstage(fs_type)
        lab.stage(fs_type, mount(fs_type))
        assert os.statvfs(lab.staging(fs_type)).f_blocks > before * 1.7
        lab.unstage(fs_type)


def test_a_block_volume_grows_while_it_is_published(lab):
    lab.volume()
    lab.stage(capability=block())
    target = lab.publish(capability=block())
    lab.volume(size_mib=800)
    assert lab.expand(target, 800 * MIB) == 800 * MIB
    assert blocks.size_bytes(target) == 800 * MIB
    lab.unpublish()
    lab.unstage()


def test_stats_count_bytes_and_inodes(lab):
    lab.volume()
    lab.stage()
    target = lab.publish()
    for path in (target, lab.staging("vol")):
        usage = lab.stats(path)
        assert 300 * MIB < usage[csi_pb2.VolumeUsage.BYTES].total <= 400 * MIB
        assert usage[csi_pb2.VolumeUsage.BYTES].available > 0
        assert usage[csi_pb2.VolumeUsage.INODES].total > 0
    lab.unpublish()
    lab.unstage()


def test_stats_of_a_block_volume_count_what_its_sparse_file_holds(lab):
    lab.volume()
    lab.stage(capability=block())
    target = lab.publish(capability=block())
    usage = lab.stats(target)[csi_pb2.VolumeUsage.BYTES]
    assert (usage.total, usage.used) == (400 * MIB, 0)
    lab.unpublish()
    lab.unstage()


def test_a_healthy_volume_has_no_problem(lab):
    lab.volume()
    lab.stage()
    assert lab.health() == []
    lab.unstage()


def test_the_node_describes_itself(lab):
    info = lab.node.NodeGetInfo(csi_pb2.NodeGetInfoRequest(), None)
    assert info.node_id == "node-1"
    assert info.max_volumes_per_node == 128
    assert dict(info.accessible_topology.segments) == {"zone": "a"}
    health = lab.node.NodeGetStorageHealth(csi_pb2.NodeGetStorageHealthRequest(), None)
    assert list(health.backend_health) == []
    assert lab.parts.connector_properties()["host"]
