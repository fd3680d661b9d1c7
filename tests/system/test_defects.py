"""What went wrong in the CSI driver before this one; each test is named after what it prevents."""

import subprocess

import grpc
import pytest

from cinderblock.units import GIB
from csi.client import mounted, raw
from csi.node import mounts
from csi.proto import csi_pb2
from tests.ready.driver import DriverProcess
from tests.system.conftest import left_below

Code = grpc.StatusCode

CONFIG = """\
[DEFAULT]
enabled_backends = files, pools, array
[files]
volume_driver = cinderblock.cinder.local_files.LocalFilesDriver
local_files_path = {folder}/files
[pools]
volume_driver = tests.fakes.programs.PoolsDriver
local_files_path = {folder}/pools
[array]
volume_driver = tests.fakes.vendor.ArrayDriver
local_files_path = {folder}/array
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("defects")


@pytest.fixture(scope="module")
def client(folder):
    """One driver for all of them: each uses names of its own."""
    config = folder / "cinder.conf"
    config.write_text(CONFIG.format(folder=folder))
    process = DriverProcess(folder, config=config)
    client = process.start()
    yield client
    client.close()
    process.end()
    assert left_below(folder) == []


@pytest.fixture
def make(client, request):
    """Makes a volume on the back end of files."""

    def make(name="volume", size_bytes=GIB, **how):
        return client.create(f"{request.node.name}/{name}", size_bytes, **{"parameters": {"backend": "files"}, **how})

    return make


def code_of(call):
    with pytest.raises(grpc.RpcError) as failure:
        call()
    return failure.value.code()


def options(path):
    """Return the options of the mount at a path."""
    (found,) = [mount for mount in mounts.table() if mount.path == str(path)]
    return found.options


def capacity(client, **parameters):
    """Return what is free, and the largest volume that fits, in GiB."""
    answer = client.controller.GetCapacity(csi_pb2.GetCapacityRequest(parameters=parameters), timeout=30)
    return answer.available_capacity / GIB, answer.maximum_volume_size.value / GIB


def grow(client, volume_id, size_bytes):
    """Grow a volume; return the size that it has by the answer."""
    request = csi_pb2.ControllerExpandVolumeRequest(volume_id=volume_id)
    request.capacity_range.required_bytes = size_bytes
    return client.controller.ControllerExpandVolume(request, timeout=30).capacity_bytes


def test_a_node_that_is_gone_does_not_keep_a_volume(client, make):
    volume_id = make().volume_id
    client.publish(volume_id)
    gone = csi_pb2.ControllerUnpublishVolumeRequest(volume_id=volume_id, node_id="gone")
    client.controller.ControllerUnpublishVolume(gone, timeout=30)
    # What another node has is not taken from it.
    assert code_of(lambda: client.delete(volume_id)) is Code.FAILED_PRECONDITION
    client.unpublish(volume_id)
    client.delete(volume_id)
    client.unpublish(volume_id)


def test_the_mount_flags_of_one_claim_do_not_leak_into_the_next(client, make, pods):
    strict = mounted("xfs", flags=("noatime", "nodiratime"))
    first = pods(make("first", capability=strict).volume_id, capability=strict).start()
    plain = mounted("xfs")
    second = pods(make("second", capability=plain).volume_id, capability=plain).start()
    assert {"noatime", "nodiratime"} <= set(options(first.staging))
    assert not {"noatime", "nodiratime"} & set(options(second.staging))


@pytest.mark.parametrize("what", ["parameters", "source", "access", "backend"])
def test_a_name_is_not_taken_for_a_volume_that_differs_in_more_than_its_size(client, make, what):
    source = make("source").volume_id
    made, there = make(), len(client.volumes())
    differing = {
        "parameters": {"parameters": {"backend": "files", "extra-specs/tier": "gold"}},
        "source": {"volume_id": source},
        "access": {"capability": raw()},
        "backend": {"parameters": {"backend": "pools"}},
    }
    assert code_of(lambda: make(**differing[what])) is Code.ALREADY_EXISTS
    assert make().volume_id == made.volume_id
    assert len(client.volumes()) == there


def test_capacity_is_not_that_of_the_first_pool_only(client):
    # 50 and 90 GiB, promised 20 times over.
    assert capacity(client, backend="pools") == (2800, 1800)
    assert capacity(client, backend="pools", pool="small") == (1000, 1000)


def test_infinite_is_not_nothing_and_what_may_be_promised_counts(client):
    most, largest = capacity(client, backend="array", pool="fast")
    assert most == largest > 2**30
    # 100 GiB, promised 20 times over, 10 % of the 100 held back.
    assert capacity(client, backend="array", pool="slow") == (1990, 1990)


def test_what_is_wrong_in_a_file_system_is_repaired_before_it_is_mounted(folder, make, pods):
    there = {*(folder / "files").iterdir()}
    pod = pods(make().volume_id).start()
    checksum = pod.write()
    (pod.target / "lost").write_text("soon")
    inode = (pod.target / "lost").stat().st_ino
    pod.stop()
    (image,) = {*(folder / "files").iterdir()} - there
    # A name without a file, and the mark that a kernel leaves where it met an error.
    for change in (f"clri <{inode}>", "ssv state 2"):
        subprocess.run(["debugfs", "-w", "-R", change, image], check=True, capture_output=True)
    assert subprocess.run(["e2fsck", "-fn", image], capture_output=True, check=False).returncode
    pod.start()
    assert not (pod.target / "lost").is_symlink()
    assert "lost" not in {path.name for path in pod.target.iterdir()}
    assert pod.checksum() == checksum
    pod.stop()
    subprocess.run(["e2fsck", "-fn", image], check=True, capture_output=True)


def test_growing_does_not_answer_the_wanted_size_but_the_real_one(client, make):
    volume_id = make().volume_id
    for wanted in (3 * GIB // 2, 3 * GIB // 2, GIB):
        assert grow(client, volume_id, wanted) == 2 * GIB


def test_no_snapshot_is_without_its_size(client, make):
    taken = client.snapshot("sized", make(size_bytes=2 * GIB).volume_id)
    request = csi_pb2.ListSnapshotsRequest(source_volume_id=taken.source_volume_id)
    listed = client.controller.ListSnapshots(request, timeout=30).entries[0].snapshot
    looked = client.controller.GetSnapshot(csi_pb2.GetSnapshotRequest(snapshot_id=taken.snapshot_id), timeout=30)
    assert [one.size_bytes for one in (taken, listed, looked.snapshot)] == [2 * GIB] * 3
    # Growing the volume does not change what its snapshot holds.
    grow(client, taken.source_volume_id, 3 * GIB)
    assert client.snapshot("sized", taken.source_volume_id).size_bytes == 2 * GIB
