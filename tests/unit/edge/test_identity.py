"""Who answers, and what it says of itself."""

import grpc

from csi.proto import csi_pb2
from csi.workers import Workers

Service = csi_pb2.PluginCapability.Service


def test_the_name_and_the_version_are_told(served):
    info = served.identity.GetPluginInfo(csi_pb2.GetPluginInfoRequest(), timeout=20)
    assert info.name == "test.cinderblock.io"
    assert info.vendor_version


def test_probe_tells_the_flag(served):
    assert served.identity.Probe(csi_pb2.ProbeRequest(), timeout=20).ready.value
    served.ready = False
    response = served.identity.Probe(csi_pb2.ProbeRequest(), timeout=20)
    assert response.HasField("ready")
    assert not response.ready.value


def test_the_grand_sum_of_capabilities_is_told(served):
    found = served.identity.GetPluginCapabilities(csi_pb2.GetPluginCapabilitiesRequest(), timeout=20).capabilities
    assert {capability.service.type for capability in found if capability.HasField("service")} == {
        Service.CONTROLLER_SERVICE,
        Service.VOLUME_ACCESSIBILITY_CONSTRAINTS,
        Service.GROUP_CONTROLLER_SERVICE,
    }
    (expansion,) = (capability.volume_expansion for capability in found if capability.HasField("volume_expansion"))
    assert expansion.type == csi_pb2.PluginCapability.VolumeExpansion.ONLINE


def test_probe_answers_while_every_worker_hangs(serve, gate, edge_tools):
    served = serve(Workers(most_changes=3))
    served.service.on_delete = lambda request: gate.wait(20)
    for number in range(3):
        served.begin_delete(f"volume-{number}")
    assert edge_tools.refused(served.delete)[0] is grpc.StatusCode.UNAVAILABLE
    assert served.identity.Probe(csi_pb2.ProbeRequest(), timeout=20).ready.value
