"""The node recognises what is there: a kubelet, the driver or its journal may come and go under live mounts."""

import json
import os
import subprocess

import grpc
import pytest

from cinderblock.units import GIB
from csi.client import mounted, raw
from csi.node import mounts
from csi.proto import csi_pb2
from tests.ready.driver import DriverProcess
from tests.system.conftest import left_below

KINDS = {"ext4": mounted("ext4"), "xfs": mounted("xfs"), "btrfs": mounted("btrfs"), "block": raw()}


@pytest.fixture
def process(tmp_path):
    process = DriverProcess(tmp_path, arguments=("--log-level", "debug"))
    yield process
    process.end()
    assert left_below(tmp_path) == []


@pytest.fixture(params=KINDS)
def pod(request, client, pods):
    """A pod with a running volume of each kind."""
    capability = KINDS[request.param]
    return pods(client.create("volume", GIB, capability=capability).volume_id, capability=capability).start()


def commands(process):
    """What the driver has run so far, as argv lists; what only looks is not counted."""
    lines = (line for line in process.log_file.read_text().splitlines() if '"command"' in line)
    return [record["argv"] for record in map(json.loads, lines) if record["message"] == "command"]


def mount_ids(folder):
    """The kernel's numbers of the mounts below a folder; a mount that is made anew gets another one."""
    with open("/proc/self/mountinfo") as table:  # noqa: PTH123  # the kernel's own file
        lines = [line.split(" ") for line in table]
    return sorted((int(fields[0]), fields[4]) for fields in lines if fields[4].startswith(str(folder)))


def stats(pod):
    """NodeGetVolumeStats as a kubelet calls it: by the pod's path only."""
    request = csi_pb2.NodeGetVolumeStatsRequest(volume_id=pod.volume_id, volume_path=str(pod.target))
    return pod.client.node.NodeGetVolumeStats(request, timeout=30).usage


def lose_journal(process):
    files = list((process.state_dir / "node" / "journal").glob("*.json"))
    assert files
    for file in files:
        file.unlink()


def test_a_kubelet_that_restarts_finds_everything_as_it_was(process, pod, tmp_path):
    before, ran = mount_ids(tmp_path), commands(process)
    assert ran
    pod.stage()
    pod.mount()
    assert mount_ids(tmp_path) == before
    assert commands(process) == ran


def test_a_killed_driver_finds_everything_as_it_was(process, pod, tmp_path):
    before, ran = mount_ids(tmp_path), commands(process)
    process.kill()
    pod.client = process.start()
    assert stats(pod)
    pod.stage()
    pod.mount()
    assert mount_ids(tmp_path) == before
    assert commands(process) == ran
    pod.stop()


def test_what_a_pod_writes_while_the_driver_is_killed_is_written(process, client, pods):
    pod = pods(client.create("volume", GIB).volume_id).start()
    with (pod.target / "open").open("wb", buffering=0) as file:
        file.write(b"before ")
        process.kill()
        file.write(b"between ")
        pod.client = process.start()
        pod.stage()
        pod.mount()
        file.write(b"after")
        os.fsync(file.fileno())
    pod.stop()
    pod.start()
    assert (pod.target / "open").read_bytes() == b"before between after"


def test_a_lost_journal_loses_nothing_else(process, pod, tmp_path):
    before = mount_ids(tmp_path)
    process.kill()
    lose_journal(process)
    pod.client = process.start()
    assert stats(pod)
    pod.mount()
    pod.stage()
    pod.mount()
    assert mount_ids(tmp_path) == before
    lose_journal(process)
    with pytest.raises(grpc.RpcError) as failure:
        pod.client.unstage(pod.volume_id, pod.staging)
    assert failure.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    pod.client.unmount(pod.volume_id, pod.target)
    pod.client.unstage(pod.volume_id, pod.staging)
    assert mount_ids(tmp_path) == []


def test_a_lost_journal_and_a_lost_key_do_not_keep_a_volume(process, pod, tmp_path):
    process.kill()
    (process.state_dir / "node" / "journal").rename(tmp_path / "elsewhere")
    pod.client = process.start()
    pod.stop()
    assert left_below(tmp_path) == []


def test_a_final_refusal_leaves_nothing_that_somebody_would_have_to_unstage(process, client, pods, tmp_path):
    volume_id = client.create("volume", GIB, capability=raw()).volume_id
    first = pods(volume_id, capability=raw()).start()
    subprocess.run(["mkfs.xfs", "-q", first.target], check=True)
    first.stop()
    pod = pods(volume_id)
    pod.publish()
    with pytest.raises(grpc.RpcError) as failure:
        pod.stage()
    assert failure.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert left_below(tmp_path) == []
    assert list((process.state_dir / "node" / "journal").glob("*.json")) == []
    client.unpublish(volume_id)
    client.delete(volume_id)
    assert client.volumes() == []


@pytest.mark.parametrize("fs_type", ["xfs", "btrfs"])
def test_a_kubelets_order_of_calls(client, pods, fs_type):
    capability = mounted(fs_type)
    pod = pods(client.create("volume", GIB, capability=capability).volume_id, capability=capability).start()
    # fsGroup: the kubelet gives the pod's group everything that it finds at the target.
    os.chown(pod.target, -1, 4711)
    pod.target.chmod(0o2770)
    checksum = pod.write()
    client.expand(pod.volume_id, 2 * GIB, pod.target, pod.staging)
    found = pod.target.stat()
    assert (found.st_gid, found.st_mode & 0o7777) == (4711, 0o2770)
    assert pod.size_bytes() > 1.5 * GIB
    assert pod.checksum() == checksum
    pod.stage()
    pod.mount()


def test_a_kubelets_loop_device_over_a_published_device(client, pods, tmp_path):
    pod = pods(client.create("volume", GIB, capability=raw()).volume_id, capability=raw()).start()
    mapped = tmp_path / "map"
    mapped.touch()
    subprocess.run(["mount", "--bind", pod.target, mapped], check=True)
    over = subprocess.run(["losetup", "-f", "--show", mapped], check=True, capture_output=True, text=True).stdout
    pod.stage()
    pod.mount()
    client.expand(pod.volume_id, 2 * GIB, pod.target, pod.staging)
    assert [usage.total for usage in stats(pod)] == [2 * GIB]
    subprocess.run(["losetup", "-d", over.strip()], check=True)
    subprocess.run(["umount", mapped], check=True)
    pod.stop()
    assert left_below(tmp_path) == []


def test_a_selinux_context_is_kept_when_staging_and_left_out_when_publishing(process, client, pods):
    context = 'context="system_u:object_r:container_file_t:s0:c1,c2"'
    capability = mounted("xfs", flags=("noatime", context))
    pod = pods(client.create("volume", GIB, capability=capability).volume_id, capability=capability).start()
    pod.stage()
    pod.mount()
    ran = [argv for argv in commands(process) if argv[0] == "mount"]
    assert len(ran) == 2
    staged, published = ran
    assert context in staged[staged.index("-o") + 1]
    assert published == ["mount", "--bind", mounts.resolved(str(pod.staging)), mounts.resolved(str(pod.target))]
