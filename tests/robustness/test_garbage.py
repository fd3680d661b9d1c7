"""Whatever a request holds: a clear answer in time, a driver that lives, and nothing lost or touched."""

import grpc
import pytest

from csi.proto import csi_pb2
from tests.robustness import garbage, requests
from tests.robustness.caller import Caller
from tests.robustness.witness import mounted_below

pytestmark = pytest.mark.slow

Code = grpc.StatusCode

#: What right requests are answered by a driver of files, which has neither groups nor lists of changed blocks.
ANSWERS = {
    "CreateVolumeGroupSnapshot": (Code.FAILED_PRECONDITION,),
    "GetVolumeGroupSnapshot": (Code.NOT_FOUND,),
    "GetMetadataAllocated": (Code.UNIMPLEMENTED,),
    "GetMetadataDelta": (Code.UNIMPLEMENTED,),
}

METHODS = [
    (service.name, method.name)
    for service in csi_pb2.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]


def message_of(service, rpc):
    described = csi_pb2.DESCRIPTOR.services_by_name[service].methods_by_name[rpc]
    return getattr(csi_pb2, described.input_type.name)


@pytest.mark.parametrize(("service", "rpc"), METHODS, ids=[rpc for _, rpc in METHODS])
def test_every_wrong_field_is_borne(world, service, rpc):
    caller = Caller(world, service, rpc)
    made = 0
    for number, right in enumerate(requests.valid(rpc, message_of(service, rpc), world)):
        # What is already right must work, or nothing would be known about what is not.
        code = caller.send(right, "as it should be")
        assert code in ANSWERS.get(rpc, (Code.OK,)), caller.wrong
        for case in garbage.cases(right):
            caller.send(case.request, f"request {number}, {case.what}")
            made += 1
    print(f"{rpc}: {made} cases; {caller}")
    assert not caller.wrong, "\n".join(caller.wrong)
    assert made > 0 or not message_of(service, rpc).DESCRIPTOR.fields
    assert world.client.ready()
    assert world.changes() == []


def test_every_mount_flag_is_borne_by_a_volume_that_is_not_mounted_yet(world):
    caller = Caller(world, "Node", "NodeStageVolume")
    (right,) = requests.valid("NodeStageVolume", csi_pb2.NodeStageVolumeRequest, world)
    assert isinstance(right, csi_pb2.NodeStageVolumeRequest)
    for name, text in garbage.TEXTS.items():
        world.put_spare_away()
        right.volume_capability.mount.mount_flags[:] = [text]
        code = caller.send(right, name)
        if code is not Code.OK:
            assert str(world.staging) not in mounted_below(world.given), name
            assert world.spare_id not in "".join(journal.name for journal in world.journal()), name
    world.put_spare_away()
    world.use_spare()
    print(caller)
    assert not caller.wrong, "\n".join(caller.wrong)
    assert world.changes() == []
