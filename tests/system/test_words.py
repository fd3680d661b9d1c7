"""Every error says what is wrong, with both values, and what to do."""

import grpc
import pytest

from cinderblock.units import GIB
from csi.client import mounted
from csi.proto import csi_pb2

Code = grpc.StatusCode


def refused(call):
    with pytest.raises(grpc.RpcError) as failure:
        call()
    return failure.value.code(), failure.value.details()


def test_an_unknown_parameter_is_refused_with_the_known_ones(client):
    code, text = refused(lambda: client.create("volume", GIB, parameters={"bakend": "local"}))
    assert code is Code.INVALID_ARGUMENT
    assert "'bakend'" in text
    assert "backend, pool, extra-specs/NAME, qos/NAME" in text


def test_an_unknown_back_end_is_refused_with_the_known_ones(client):
    code, text = refused(lambda: client.create("volume", GIB, parameters={"backend": "lokal"}))
    assert (code, "'lokal'" in text, "one of: local" in text) == (Code.INVALID_ARGUMENT, True, True)


def test_the_sidecars_own_parameters_are_understood(client):
    assert client.create("volume", GIB, parameters={"csi.storage.k8s.io/pvc/name": "claim"}).volume_id


def test_a_name_that_is_taken_is_refused_with_both_sizes(client):
    client.create("volume", GIB)
    code, text = refused(lambda: client.create("volume", 3 * GIB))
    assert code is Code.ALREADY_EXISTS
    assert "has 1 GiB" in text
    assert f"{3 * GIB} bytes wanted" in text


def test_a_volume_that_no_pool_can_hold_is_refused_with_what_there_is(client):
    code, text = refused(lambda: client.create("volume", 2**20 * GIB))
    assert (code, "the largest has" in text) == (Code.RESOURCE_EXHAUSTED, True)


def test_a_published_volume_is_not_deleted(client, pods):
    pod = pods(client.create("volume", GIB).volume_id)
    pod.publish()
    code, text = refused(lambda: client.delete(pod.volume_id))
    assert (code, "unpublish it first" in text) == (Code.FAILED_PRECONDITION, True)


def test_an_unknown_file_system_is_refused_with_the_known_ones(client):
    code, text = refused(lambda: client.create("volume", GIB, capability=mounted("ntfs")))
    assert (code, "ext4" in text) == (Code.INVALID_ARGUMENT, True)


def test_a_file_system_that_several_nodes_write_is_refused(client):
    capability = mounted()
    capability.access_mode.mode = csi_pb2.VolumeCapability.AccessMode.MULTI_NODE_MULTI_WRITER
    code, text = refused(lambda: client.create("volume", GIB, capability=capability))
    assert (code, "raw block" in text) == (Code.INVALID_ARGUMENT, True)


def test_another_node_is_not_known(client):
    volume_id = client.create("volume", GIB).volume_id
    request = csi_pb2.ControllerPublishVolumeRequest(volume_id=volume_id, node_id="elsewhere")
    request.volume_capability.CopyFrom(mounted())
    code, text = refused(lambda: client.controller.ControllerPublishVolume(request))
    assert (code, "'elsewhere'" in text) == (Code.NOT_FOUND, True)


def test_a_limit_between_two_sizes_is_refused_with_what_is_possible(client):
    request = csi_pb2.CreateVolumeRequest(name="volume", volume_capabilities=[mounted()])
    request.capacity_range.required_bytes = GIB + 1
    request.capacity_range.limit_bytes = GIB + 2
    code, text = refused(lambda: client.controller.CreateVolume(request))
    assert (code, "sizes are whole GiB" in text) == (Code.OUT_OF_RANGE, True)
