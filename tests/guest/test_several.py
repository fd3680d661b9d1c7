"""Local files, LVM over iSCSI and NFS in one process, one of them down: the others go on."""

import grpc
import pytest

from cinderblock.units import GIB
from csi.client import Client
from csi.driver_process import DriverProcess
from csi.proto import csi_pb2
from tests.guest import nfs
from tests.system.pods import Pod
from tests.waiting import eventually

#: A back end that is down is tried again every half minute.
_UP_S = 120.0


@pytest.fixture
def config(cinder_conf, tmp_path):
    lvm = cinder_conf.read_text(encoding="utf-8").partition("[lvm]")[2]
    # With its default, mount waits two minutes for a server that is down.
    text = nfs.configured(tmp_path).read_text(encoding="utf-8").replace("vers=4.2", "vers=4.2,retry=0")
    text = text.replace("enabled_backends = nfs", "enabled_backends = local, lvm, nfs")
    local = "volume_driver = cinderblock.cinder.local_files.LocalFilesDriver"
    file = tmp_path / "several.conf"
    file.write_text(f"{text}\n[lvm]{lvm}\n[local]\n{local}\nlocal_files_path = {tmp_path}/volumes\n", encoding="utf-8")
    return file


@pytest.fixture
def process(config, nothing_left, tmp_path):
    with nfs.served():
        nfs.stop()
        process = DriverProcess(tmp_path, config=config)
        process.start(timeout_s=_UP_S).close()
        yield process
        process.end()
        print(process.log_tail(20_000))


def has_room(client, backend):
    request = csi_pb2.GetCapacityRequest(parameters={"backend": backend})
    try:
        return client.controller.GetCapacity(request, timeout=5).available_capacity > 0
    except grpc.RpcError:
        return False


def used(client, folder, backend):
    """Go through a volume's whole life."""
    volume_id = client.create(f"volume-{folder.name}", GIB, parameters={"backend": backend}).volume_id
    pod = Pod(client, folder, volume_id).start()
    checksum = pod.write()
    pod.stop()
    pod.start()
    assert pod.checksum() == checksum
    pod.stop()
    client.delete(volume_id)


def test_a_back_end_that_is_down_stops_none_of_the_others(process, tmp_path):
    client = Client(process.endpoint)
    eventually(lambda: has_room(client, "lvm"), timeout_s=_UP_S, poll_s=1.0)
    for backend in ("local", "lvm"):
        used(client, tmp_path / f"{backend}-1", backend)
    with pytest.raises(grpc.RpcError) as refused:
        client.create("volume", GIB, parameters={"backend": "nfs"})
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "'nfs' is down" in str(refused.value.details())

    nfs.start()
    eventually(lambda: has_room(client, "nfs"), timeout_s=_UP_S, poll_s=1.0)
    used(client, tmp_path / "nfs-1", "nfs")

    # What hangs in the kernel now, hangs until the server is back.
    nfs.stop()
    assert not has_room(client, "nfs")
    for backend in ("local", "lvm"):
        used(client, tmp_path / f"{backend}-2", backend)
    nfs.start()
    eventually(lambda: has_room(client, "nfs"), timeout_s=_UP_S, poll_s=1.0)
    used(client, tmp_path / "nfs-2", "nfs")
    client.close()
