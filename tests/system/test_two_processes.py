"""Controller and node as processes of their own that share a key, and nothing else."""

import os

import grpc
import pytest

from cinderblock.units import GIB
from csi import driver_process
from csi.client import Client, mounted, raw
from csi.driver_process import DriverFailed
from csi.proto import csi_pb2
from tests.ready import driver
from tests.system.conftest import left_below
from tests.system.pods import Pod
from tests.system.two import BothSockets, key_file


def process_of(folder, mode, key):
    (folder / mode).mkdir()
    arguments = ("--key-file", str(key), "--node-id", "node-1") if key else ()
    # A node is not forked: half of what it is lies in what it has not imported.
    kind = driver_process if mode == "node" else driver
    return kind.DriverProcess(folder / mode, mode=mode, arguments=arguments)


@pytest.fixture
def both(tmp_path):
    """A controller and a node, started."""
    key = key_file(tmp_path)
    started = [process_of(tmp_path, mode, key) for mode in ("controller", "node")]
    for process in started:
        process.start().close()
    yield started
    for process in started:
        process.end()
    assert left_below(tmp_path) == []


@pytest.fixture
def client(both):
    client = BothSockets(*both)
    yield client
    client.close()


def test_a_volumes_life_over_two_sockets(client, tmp_path):
    pods = []
    for name, capability in (("file-system", mounted("xfs")), ("raw", raw())):
        made = client.create(name, GIB, capability=capability)
        pods.append(Pod(client, tmp_path / name, made.volume_id, capability=capability).start())
    files, device = pods
    checksum = files.write()
    with device.target.open("r+b") as opened:
        opened.write(b"cinder" * 1000)
        os.fsync(opened.fileno())
    snapshot = client.snapshot("snapshot", files.volume_id)
    client.expand(files.volume_id, 2 * GIB, files.target, files.staging)
    client.expand(device.volume_id, 2 * GIB, device.target, device.staging)
    assert files.size_bytes() > 1.5 * GIB
    with device.target.open("rb") as opened:
        assert opened.seek(0, os.SEEK_END) == 2 * GIB

    restored_id = client.create("restored", GIB, capability=mounted("xfs"), snapshot_id=snapshot.snapshot_id).volume_id
    restored = Pod(client, tmp_path / "restored", restored_id, capability=mounted("xfs")).start()
    assert restored.checksum() == files.checksum() == checksum

    for pod in (*pods, restored):
        pod.stop()
        client.delete(pod.volume_id)
    client.delete_snapshot(snapshot.snapshot_id)
    assert client.volumes() == []


def test_each_process_may_be_killed_and_come_back(both, client, tmp_path):
    controller, node = both
    pod = Pod(client, tmp_path / "pod", client.create("volume", GIB).volume_id).start()
    checksum = pod.write()
    for process in (controller, node):
        process.kill()
        process.start().close()
    pod.start()
    assert pod.checksum() == checksum
    controller.kill()
    # A node takes a volume down with no controller there.
    client.unmount(pod.volume_id, pod.target)
    client.unstage(pod.volume_id, pod.staging)
    controller.start().close()
    pod.stop()
    client.delete(pod.volume_id)


def test_the_node_id_says_how_to_reach_the_node(client):
    node_id = client.node.NodeGetInfo(csi_pb2.NodeGetInfoRequest(), timeout=30).node_id
    assert node_id.startswith("node-1;")
    assert len(node_id.encode()) <= 256
    volume_id = client.create("volume", GIB).volume_id
    request = csi_pb2.ControllerPublishVolumeRequest(volume_id=volume_id, node_id="somebody")
    request.volume_capability.CopyFrom(mounted())
    with pytest.raises(grpc.RpcError) as failure:
        client.controller.ControllerPublishVolume(request, timeout=30)
    assert failure.value.code() is grpc.StatusCode.NOT_FOUND
    client.delete(volume_id)


def test_a_node_of_its_own_says_where_it_is(client):
    """As long as the driver says that it matters where a volume is, a provisioner refuses a node that does not."""
    info = client.node.NodeGetInfo(csi_pb2.NodeGetInfoRequest(), timeout=30)
    name = client.identity.GetPluginInfo(csi_pb2.GetPluginInfoRequest(), timeout=30).name
    assert dict(info.accessible_topology.segments) == {f"topology.{name}/node": "node-1"}
    # Where the controller is says nothing about what a node reaches.
    volume = client.create("volume", GIB)
    assert list(volume.accessible_topology) == []
    client.delete(volume.volume_id)


def test_each_process_serves_only_what_is_its_own(both, client):
    for process, stub in zip(both, ("node", "controller"), strict=True):
        alone = Client(process.endpoint)
        call = {
            "node": lambda: alone.node.NodeGetInfo(csi_pb2.NodeGetInfoRequest(), timeout=30),  # noqa: B023  # called in this turn of the loop
            "controller": lambda: alone.controller.ListVolumes(csi_pb2.ListVolumesRequest(), timeout=30),  # noqa: B023  # called in this turn of the loop
        }[stub]
        with pytest.raises(grpc.RpcError) as failure:
            call()
        assert failure.value.code() is grpc.StatusCode.UNIMPLEMENTED
        alone.close()


def test_what_another_key_sealed_does_not_open(both, client, tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    stranger = process_of(folder, "node", key_file(folder))
    stranger.start().close()
    mixed = BothSockets(both[0], stranger)
    pod = Pod(mixed, tmp_path / "pod", client.create("volume", GIB).volume_id)
    pod.publish()
    with pytest.raises(grpc.RpcError) as failure:
        pod.stage()
    assert failure.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "key_file" in str(failure.value.details())
    client.unpublish(pod.volume_id)
    client.delete(pod.volume_id)
    mixed.close()
    stranger.end()


@pytest.mark.parametrize("mode", ["controller", "node"])
def test_separate_processes_do_not_start_without_a_common_key(tmp_path, mode):
    with pytest.raises(DriverFailed, match="key"):
        process_of(tmp_path, mode, None).start()


def test_a_node_holds_no_store(both):
    _, node = both
    with open(f"/proc/{node.pid}/maps", encoding="utf-8") as maps:  # noqa: PTH123  # the kernel's own file
        loaded = maps.read()
    assert "sqlite" not in loaded
    assert "sqlalchemy" not in loaded
    assert not (node.state_dir / "cinderblock.db").exists()
