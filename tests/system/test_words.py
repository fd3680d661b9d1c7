"""Every error says what is wrong, with both values, and what to do."""

import grpc
import pytest

from cinderblock.units import GIB
from csi.client import mounted
from csi.driver_process import DriverProcess
from csi.proto import csi_pb2

Code = grpc.StatusCode


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """One driver for all of them: each uses a name of its own."""
    process = DriverProcess(tmp_path_factory.mktemp("words"))
    client = process.start()
    yield client
    client.close()
    process.end()


@pytest.fixture
def name(request):
    return request.node.name


def refused(call):
    with pytest.raises(grpc.RpcError) as failure:
        call()
    return failure.value.code(), failure.value.details()


def test_an_unknown_parameter_is_refused_with_the_known_ones(client, name):
    code, text = refused(lambda: client.create(name, GIB, parameters={"bakend": "local"}))
    assert code is Code.INVALID_ARGUMENT
    assert "'bakend'" in text
    assert "backend, pool, extra-specs/NAME, qos/NAME" in text
    assert text.endswith("; delete the StorageClass and create it again with these only")


@pytest.mark.parametrize("parameters", [{"bakend": "local"}, {"backend": "lokal"}, {"pool": "ssd"}])
def test_a_class_that_is_wrong_is_not_taken_for_one_without_room(client, parameters):
    # A scheduler would say so, and nobody would ever ask for the volume.
    asked = csi_pb2.GetCapacityRequest(parameters=parameters)
    assert client.controller.GetCapacity(asked).available_capacity > 2**20 * GIB
    code, _ = refused(lambda: client.create("wrong", GIB, parameters=parameters))
    assert code is Code.INVALID_ARGUMENT


def test_an_unknown_back_end_is_refused_with_the_known_ones(client, name):
    code, text = refused(lambda: client.create(name, GIB, parameters={"backend": "lokal"}))
    assert (code, "'lokal'" in text, "one of: local" in text) == (Code.INVALID_ARGUMENT, True, True)


def test_the_sidecars_own_parameters_are_understood(client, name):
    assert client.create(name, GIB, parameters={"csi.storage.k8s.io/pvc/name": "claim"}).volume_id


def test_a_name_that_is_taken_is_refused_with_both_sizes(client, name):
    client.create(name, GIB)
    code, text = refused(lambda: client.create(name, 3 * GIB))
    assert code is Code.ALREADY_EXISTS
    assert "has 1 GiB" in text
    assert f"{3 * GIB} bytes wanted" in text


def test_a_volume_that_no_pool_can_hold_is_refused_with_what_there_is(client, name):
    code, text = refused(lambda: client.create(name, 2**20 * GIB))
    assert (code, "the largest has" in text) == (Code.RESOURCE_EXHAUSTED, True)
    assert text.endswith(" GiB; ask for less, or make room there")


def test_a_published_volume_is_not_deleted(client, name):
    volume_id = client.create(name, GIB).volume_id
    client.publish(volume_id)
    code, text = refused(lambda: client.delete(volume_id))
    client.unpublish(volume_id)
    assert (code, "unpublish it first" in text) == (Code.FAILED_PRECONDITION, True)


def test_an_unknown_file_system_is_refused_with_the_known_ones(client, name):
    code, text = refused(lambda: client.create(name, GIB, capability=mounted("ntfs")))
    assert (code, "ext4" in text) == (Code.INVALID_ARGUMENT, True)


def test_a_file_system_that_several_nodes_write_is_refused(client, name):
    capability = mounted()
    capability.access_mode.mode = csi_pb2.VolumeCapability.AccessMode.MULTI_NODE_MULTI_WRITER
    code, text = refused(lambda: client.create(name, GIB, capability=capability))
    assert (code, "raw block" in text) == (Code.INVALID_ARGUMENT, True)


def test_another_node_is_not_known(client, name):
    volume_id = client.create(name, GIB).volume_id
    request = csi_pb2.ControllerPublishVolumeRequest(volume_id=volume_id, node_id="elsewhere")
    request.volume_capability.CopyFrom(mounted())
    code, text = refused(lambda: client.controller.ControllerPublishVolume(request))
    assert (code, "'elsewhere'" in text) == (Code.NOT_FOUND, True)


def test_a_limit_between_two_sizes_is_refused_with_what_is_possible(client, name):
    request = csi_pb2.CreateVolumeRequest(name=name, volume_capabilities=[mounted()])
    request.capacity_range.required_bytes = GIB + 1
    request.capacity_range.limit_bytes = GIB + 2
    code, text = refused(lambda: client.controller.CreateVolume(request))
    assert (code, "sizes are whole GiB" in text) == (Code.OUT_OF_RANGE, True)
