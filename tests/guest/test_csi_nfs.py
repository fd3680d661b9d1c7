"""The whole CSI driver in a process of its own, over Cinder's NFS driver and a kernel NFS server."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from cinderblock import nbd
from cinderblock.units import GIB
from csi.client import Client, raw
from csi.driver_process import DriverProcess
from csi.proto import csi_pb2
from tests.guest import nfs
from tests.guest.cluster import started
from tests.system.pods import Pod
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("nothing_left", "as_before")


@pytest.fixture(scope="module")
def nothing_left():
    """The module's tests and fixtures leave nothing behind."""
    with nfs.served():
        yield


@pytest.fixture
def as_before(nothing_left):
    """The test leaves the storage as it was."""
    before = nfs.storage()
    yield
    assert nfs.storage() == before


@pytest.fixture(scope="module")
def cinder_conf(nothing_left, tmp_path_factory):
    return nfs.configured(tmp_path_factory.mktemp("configuration"))


def expand(client, volume_id, size_gib):
    """Expand a volume that is not published, as a CO does before a pod starts."""
    request = csi_pb2.ControllerExpandVolumeRequest(volume_id=volume_id)
    request.capacity_range.required_bytes = size_gib * GIB
    return client.controller.ControllerExpandVolume(request, timeout=120).capacity_bytes


def refused(call, *args, **kwargs):
    """Return in which words a call is refused, finally."""
    with pytest.raises(grpc.RpcError) as refusal:
        call(*args, **kwargs)
    assert refusal.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    return refusal.value.details()


@pytest.fixture(scope="module")
def process(cinder_conf, nothing_left, tmp_path_factory):
    """One driver for all tests: in a guest, its start takes longer than most of them."""
    process = DriverProcess(tmp_path_factory.mktemp("driver"), config=cinder_conf)
    started(process).close()
    yield process
    process.end()
    # Shown where the last test fails.
    print(process.log_tail(20_000))


@pytest.fixture
def client(process):
    client = Client(process.endpoint)
    yield client
    client.close()


def write(pod, data, *, at=0):
    """Write to a block volume, through to its file."""
    with pod.target.open("r+b", buffering=0) as device:
        device.seek(at)
        device.write(data)
        os.fsync(device.fileno())


def read(pod, *, at=0):
    with pod.target.open("rb") as device:
        device.seek(at)
        return device.read(1024)


@pytest.fixture
def without(tmp_path):
    """Makes a PATH that lacks a program."""

    @contextmanager
    def lacking(program):
        tools = tmp_path / f"without-{program}"
        tools.mkdir()
        for folder in reversed(os.get_exec_path()):
            for tool in Path(folder).iterdir():
                link = tools / tool.name
                link.unlink(missing_ok=True)
                link.symlink_to(tool)
        (tools / program).unlink()
        before = os.environ["PATH"]
        os.environ["PATH"] = str(tools)
        try:
            yield
        finally:
            os.environ["PATH"] = before

    return lacking


def modes():
    return {file.name: oct(file.stat().st_mode & 0o777) for file in nfs.FILES.iterdir()}


def test_a_volume_is_restored_cloned_and_grown_with_its_data(client, pods):
    original = pods(client.create("original", GIB).volume_id).start()
    first = original.write()
    original.stop()
    snapshot = client.snapshot("snapshot", original.volume_id)
    original.start()
    assert original.checksum() == first
    second = original.write()
    assert len(nfs.storage()["images"]) == 1

    restored = pods(client.create("restored", 2 * GIB, snapshot_id=snapshot.snapshot_id).volume_id).start()
    assert restored.checksum() == first
    assert restored.size_bytes() > 1.5 * GIB
    assert len(nfs.storage()["images"]) == 1

    original.stop()
    cloned = pods(client.create("cloned", GIB, volume_id=original.volume_id).volume_id).start()
    assert cloned.checksum() == second
    cloned.write("more")
    assert set(modes().values()) == {"0o660"}

    assert expand(client, original.volume_id, 3) == 3 * GIB
    original.start()
    assert original.size_bytes() > 2.5 * GIB
    assert original.checksum() == second
    third = original.write("after")
    original.stop()

    client.delete_snapshot(snapshot.snapshot_id)
    original.start()
    assert nfs.storage()["images"] == set()
    assert (original.checksum(), original.checksum("after")) == (second, third)
    assert original.size_bytes() > 2.5 * GIB


def test_what_a_driver_over_files_cannot_do_is_refused_in_words_and_leaves_nothing(client, pods):
    pod = pods(client.create("volume", GIB).volume_id)
    snapshot = client.snapshot("snapshot", pod.volume_id)
    pod.start()
    before = nfs.storage()

    for call, arguments in (
        (client.snapshot, ("another", pod.volume_id)),
        (client.delete_snapshot, (snapshot.snapshot_id,)),
        (expand, (client, pod.volume_id, 2)),
    ):
        assert "unpublish it first" in refused(call, *arguments)
    assert "unpublish it first" in refused(client.create, "clone", GIB, volume_id=pod.volume_id)

    assert nfs.storage() == before
    pod.stop()
    client.delete_snapshot(snapshot.snapshot_id)


def test_a_block_volume_keeps_its_bytes_through_snapshots(client, pods):
    pod = pods(client.create("block", GIB, capability=raw()).volume_id, capability=raw()).start()
    # As somebody has it who keeps an image on a whole volume.
    write(pod, b"QFI\xfb" + b"1" * 1020)
    pod.stop()
    snapshot = client.snapshot("snapshot", pod.volume_id)
    pod.start()
    write(pod, b"2" * 1024, at=GIB - 1024)
    restored = pods(
        client.create("restored", GIB, capability=raw(), snapshot_id=snapshot.snapshot_id).volume_id, capability=raw()
    ).start()
    assert (read(pod)[:4], read(pod, at=GIB - 1024)) == (b"QFI\xfb", b"2" * 1024)
    assert (read(restored)[:4], read(restored, at=GIB - 1024)) == (b"QFI\xfb", bytes(1024))
    pod.stop()
    client.delete_snapshot(snapshot.snapshot_id)
    pod.start()
    assert (read(pod)[:4], read(pod, at=GIB - 1024)) == (b"QFI\xfb", b"2" * 1024)


def test_a_mounted_image_outlives_the_driver_but_not_its_server(process, client, pods):
    pod = pods(client.create("volume", GIB).volume_id)
    snapshot = client.snapshot("snapshot", pod.volume_id)
    pod.start()
    before = pod.write("before")
    process.kill()
    during = pod.write("during")
    pod.client = client = started(process)
    (server,) = nbd.servers()
    os.kill(server.process_id, signal.SIGKILL)
    eventually(lambda: not list(nbd.servers()))
    # What was fsynced is in the image, for whoever stages it again.
    pod.client.unmount(pod.volume_id, pod.target)
    pod.client.unstage(pod.volume_id, pod.staging)
    pod.stage()
    pod.mount()
    assert [pod.checksum(name) for name in ("before", "during")] == [before, during]
    pod.stop()
    client.delete_snapshot(snapshot.snapshot_id)


def test_a_volume_that_is_withdrawn_from_under_its_node_leaves_nothing(client, pods):
    plain, imaged = pods(client.create("plain", GIB).volume_id), pods(client.create("imaged", GIB).volume_id)
    snapshot = client.snapshot("snapshot", imaged.volume_id)
    for pod in (plain, imaged):
        pod.start().write()
        client.unpublish(pod.volume_id)
        client.delete(pod.volume_id)
    # The node still has it open, whatever the records say.
    assert "another process" in refused(client.delete_snapshot, snapshot.snapshot_id)
    for pod in (plain, imaged):
        client.unmount(pod.volume_id, pod.target)
        client.unstage(pod.volume_id, pod.staging)
    client.delete_snapshot(snapshot.snapshot_id)


def test_a_share_is_mounted_with_its_first_volume_and_unmounted_with_its_last(process, client, pods):
    on_node = str(process.state_dir / "node")
    first, second = pods(client.create("first", GIB).volume_id), pods(client.create("second", GIB).volume_id)
    shares = [len([path for path in nfs.storage()["mounts"] if path.startswith(on_node)])]
    for step in (first.start, second.start, first.stop, second.stop):
        step()
        shares.append(len([path for path in nfs.storage()["mounts"] if path.startswith(on_node)]))
    assert shares == [0, 1, 1, 1, 0]


def test_a_node_without_the_tool_for_images_says_which(cinder_conf, nothing_left, tmp_path, without):
    process = DriverProcess(tmp_path, config=cinder_conf)
    with without("qemu-nbd"):
        client = started(process)
    try:
        pod = Pod(client, tmp_path / "pod", client.create("volume", GIB).volume_id)
        snapshot = client.snapshot("snapshot", pod.volume_id)
        pod.publish()
        words = refused(pod.stage)
        assert "'qemu-nbd'" in words
        assert "delete the volume's snapshots" in words
        pod.stop()
        client.delete_snapshot(snapshot.snapshot_id)
        pod.start().stop()
        client.delete(pod.volume_id)
    finally:
        client.close()
        process.end()


def test_checking_the_configuration_leaves_the_share_alone_and_names_what_is_missing(cinder_conf, client, without):
    volume_id = client.create("volume", GIB).volume_id
    before = nfs.storage()
    command = [sys.executable, "-m", "csi.cli", "check", "--config", str(cinder_conf)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    with without("qemu-img"):
        lacking = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.returncode, lacking.returncode) == (0, 1), checked.stdout + checked.stderr
    assert "'qemu-img'" in lacking.stdout
    assert nfs.storage() == before
    client.delete(volume_id)
