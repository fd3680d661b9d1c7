"""A driver's process that makes itself known to a kubelet, from its start to its end."""

from contextlib import closing

import pytest

from csi.client import Client
from csi.driver_process import DriverFailed, DriverProcess
from csi.proto import csi_pb2, pluginregistration_pb2
from persistence.seal import new_key_file
from tests.unit.edge import kubelet


@pytest.fixture
def socket(plugins_registry):
    folder = plugins_registry / "registry"
    folder.mkdir()
    return folder / "cinderblock.io-reg.sock"


@pytest.fixture
def process(socket, tmp_path):
    process = DriverProcess(tmp_path, mode="node", arguments=("--registration-dir", str(socket.parent), *key(tmp_path)))
    yield process
    process.end()


def key(folder):
    new_key_file(folder / "key")
    return ("--key-file", str(folder / "key"))


def info(socket):
    return pluginregistration_pb2.PluginInfo.FromString(kubelet.call(socket, "GetInfo", b""))


def test_who_is_known_to_the_kubelet_answers_it_until_the_end(process, socket):
    client = process.start()
    client.close()
    with closing(Client(f"unix://{info(socket).endpoint}")) as kubelets:
        assert kubelets.node.NodeGetInfo(csi_pb2.NodeGetInfoRequest(), timeout=20).node_id
    process.kill()
    assert socket.exists()
    process.start().close()
    assert info(socket).name == "cinderblock.io"
    assert process.stop() == 0
    assert list(socket.parent.iterdir()) == []


def test_a_folder_that_is_not_the_kubelets_ends_the_start_in_words(process, socket):
    socket.parent.rmdir()
    with pytest.raises(DriverFailed, match="registry, is not there"):
        process.start()
