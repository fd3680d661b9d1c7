"""The whole CSI driver in a process of its own, over Cinder's NFS driver and a kernel NFS server."""

import grpc
import pytest

from cinderblock.units import GIB
from csi.proto import csi_pb2
from tests.guest import nfs

pytestmark = pytest.mark.usefixtures("nothing_left", "as_before")


_CINDER_CONF = f"""\
[DEFAULT]
enabled_backends = nfs

[nfs]
volume_driver = cinder.volume.drivers.nfs.NfsDriver
nas_host = {nfs.HOST}
nas_share_path = {nfs.SHARE_PATH}
nas_mount_options = vers=4.2
nas_secure_file_operations = false
nas_secure_file_permissions = true
nfs_snapshot_support = true
"""


@pytest.fixture(scope="module")
def nothing_left():
    """The module's tests and fixtures leave nothing behind."""
    with nfs.served():
        yield
        assert nfs.storage() == nfs.NOTHING


@pytest.fixture
def as_before(nothing_left):
    """The test leaves the storage as it was."""
    before = nfs.storage()
    yield
    assert nfs.storage() == before


@pytest.fixture(scope="module")
def cinder_conf(nothing_left, tmp_path_factory):
    file = tmp_path_factory.mktemp("configuration") / "cinder.conf"
    file.write_text(_CINDER_CONF, encoding="utf-8")
    return file


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
