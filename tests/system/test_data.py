"""Data survives everything that is done to a volume, and to the driver."""

import subprocess

import grpc
import pytest

from cinderblock.units import GIB
from csi.client import Client, mounted, raw
from csi.demo import may_grow_mounted_ext4


@pytest.mark.parametrize("fs_type", ["ext4", "xfs", "btrfs"])
def test_data_survives_snapshot_restore_and_clone(client, pods, fs_type):
    capability = mounted(fs_type)
    original = pods(client.create("original", GIB, capability=capability).volume_id, capability=capability).start()
    first = original.write()
    snapshot = client.snapshot("snapshot", original.volume_id)
    second = original.write()

    restored_id = client.create("restored", 2 * GIB, capability=capability, snapshot_id=snapshot.snapshot_id).volume_id
    restored = pods(restored_id, capability=capability).start()
    cloned_id = client.create("cloned", GIB, capability=capability, volume_id=original.volume_id).volume_id
    cloned = pods(cloned_id, capability=capability).start()

    assert restored.checksum() == first
    assert restored.size_bytes() > 1.5 * GIB
    assert cloned.checksum() == second
    assert original.checksum() == second
    for pod in (original, restored, cloned):
        pod.stop()
        client.delete(pod.volume_id)
    client.delete_snapshot(snapshot.snapshot_id)
    assert client.volumes() == []


@pytest.mark.parametrize("fs_type", ["xfs", "btrfs"])
def test_a_mounted_file_system_grows_with_its_data(client, pods, fs_type):
    capability = mounted(fs_type)
    pod = pods(client.create("volume", GIB, capability=capability).volume_id, capability=capability).start()
    checksum = pod.write()
    client.expand(pod.volume_id, 3 * GIB, pod.target, pod.staging)
    assert pod.size_bytes() > 2.5 * GIB
    assert pod.checksum() == checksum


def test_ext4_grows_mounted_where_the_kernel_lets_it_and_at_the_next_stage_elsewhere(client, pods):
    pod = pods(client.create("volume", GIB).volume_id).start()
    checksum = pod.write()
    if may_grow_mounted_ext4():
        client.expand(pod.volume_id, 3 * GIB, pod.target, pod.staging)
    else:
        with pytest.raises(grpc.RpcError) as failure:
            client.expand(pod.volume_id, 3 * GIB, pod.target, pod.staging)
        assert "CAP_SYS_RESOURCE" in str(failure.value.details())
        pod.stop()
        pod.start()
    assert pod.size_bytes() > 2.5 * GIB
    assert pod.checksum() == checksum


def test_a_raw_device_keeps_its_data_through_clone_and_expansion(client, pods):
    original = pods(client.create("raw", GIB, capability=raw()).volume_id, capability=raw()).start()
    with original.target.open("r+b") as device:
        device.write(b"cinder" * 4096)
    cloned_id = client.create("raw-clone", GIB, capability=raw(), volume_id=original.volume_id).volume_id
    cloned = pods(cloned_id, capability=raw()).start()
    client.expand(original.volume_id, 2 * GIB, original.target, original.staging)
    with cloned.target.open("rb") as device:
        assert device.read(6 * 4096) == b"cinder" * 4096
    with original.target.open("rb") as device:
        assert device.seek(0, 2) == 2 * GIB


def test_data_survives_a_restart_of_the_driver(process, client, pods):
    pod = pods(client.create("volume", GIB).volume_id).start()
    checksum = pod.write()
    assert process.stop() == 0
    assert pod.checksum() == checksum
    again = process.start()
    pod.client = again
    pod.start()
    assert pod.checksum() == checksum
    assert [volume.volume_id for volume in again.volumes()] == [pod.volume_id]


def test_a_mounted_volume_lives_on_when_the_driver_is_killed(process, client, pods):
    pod = pods(client.create("volume", GIB).volume_id).start()
    before = pod.write("before")
    process.kill()
    during = pod.write("during")
    pod.client = process.start()
    pod.start()
    pod.stop()
    pod.start()
    assert (pod.checksum("before"), pod.checksum("during")) == (before, during)


def test_a_killed_driver_unstages_without_its_controllers_help(process, client, pods):
    pod = pods(client.create("volume", GIB).volume_id).start()
    process.kill()
    again = Client(process.endpoint)
    pod.client = process.start()
    again.unmount(pod.volume_id, pod.target)
    again.unstage(pod.volume_id, pod.staging)
    again.close()
    assert not pod.target.exists()


def test_a_volume_is_never_smaller_than_asked(client):
    made = client.create("one-and-a-half", 3 * GIB // 2)
    assert made.capacity_bytes == 2 * GIB
    assert client.create("one-and-a-half", 3 * GIB // 2).volume_id == made.volume_id


def test_a_foreign_device_is_never_formatted(client, pods):
    foreign = pods(client.create("foreign", GIB, capability=raw()).volume_id, capability=raw()).start()
    subprocess.run(["mkswap", foreign.target], check=True, capture_output=True)
    with foreign.target.open("rb") as device:
        content = device.read(64 * 1024)
    foreign.stop()
    pod = pods(foreign.volume_id)
    pod.publish()
    with pytest.raises(grpc.RpcError) as failure:
        pod.stage()
    assert failure.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "swap" in str(failure.value.details())
    pod.stop()
    foreign.start()
    with foreign.target.open("rb") as device:
        assert device.read(64 * 1024) == content
