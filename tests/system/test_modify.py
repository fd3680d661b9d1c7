"""What a VolumeAttributesClass changes: metadata, extra specs and QoS specs, of a volume that may be in use."""

import grpc
import pytest

from cinderblock.units import GIB
from csi.client import mounted
from csi.proto import csi_pb2
from tests.ready.driver import DriverProcess

Code = grpc.StatusCode

GOLD = {"metadata/tier": "gold", "extra-specs/vendor:tier": "gold", "qos/total_iops_sec": "500"}
CONFIG = """\
[DEFAULT]
enabled_backends = array, fixed
[array]
volume_driver = tests.fakes.programs.RetypingDriver
local_files_path = {folder}/array
[fixed]
volume_driver = tests.fakes.programs.FixedDriver
local_files_path = {folder}/fixed
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """One driver for all of them: each uses a name of its own."""
    folder = tmp_path_factory.mktemp("modify")
    config = folder / "cinder.conf"
    config.write_text(CONFIG.format(folder=folder))
    process = DriverProcess(folder, config=config)
    client = process.start()
    yield client
    client.close()
    process.end()


@pytest.fixture
def create(client, request):
    def create(mutable=None, *, backend="array", **fixed):
        parameters = {"backend": backend, **{name.replace("_", "/"): value for name, value in fixed.items()}}
        return client.create(request.node.name, GIB, parameters=parameters, mutable=mutable).volume_id

    return create


def refused(call):
    with pytest.raises(grpc.RpcError) as failure:
        call()
    return failure.value.code(), failure.value.details()


def differs(client, volume_id, mutable):
    """Ask the driver whether the volume is what a class says; return what differs, "" when it is."""
    request = csi_pb2.ValidateVolumeCapabilitiesRequest(volume_id=volume_id, mutable_parameters=mutable)
    request.volume_capabilities.append(mounted())
    return client.controller.ValidateVolumeCapabilities(request, timeout=30).message


def test_specs_and_metadata_change_together_also_while_the_volume_is_published(client, create):
    volume_id = create()
    client.publish(volume_id)
    assert "tier None, not 'gold'" in differs(client, volume_id, GOLD)
    client.modify(volume_id, GOLD)
    client.modify(volume_id, GOLD)
    assert differs(client, volume_id, GOLD) == ""
    client.unpublish(volume_id)


def test_what_a_class_does_not_name_stays_and_an_empty_value_takes_a_spec_away(client, create):
    volume_id = create(GOLD)
    client.modify(volume_id, {"qos/total_bytes_sec": "1", "csi.storage.k8s.io/pvc/name": "claim"})
    assert differs(client, volume_id, {**GOLD, "qos/total_bytes_sec": "1"}) == ""
    client.modify(volume_id, {"qos/total_iops_sec": "", "extra-specs/vendor:tier": ""})
    assert differs(client, volume_id, {"qos/total_iops_sec": "", "extra-specs/vendor:tier": ""}) == ""
    assert "has QoS spec total_iops_sec None, not '500'" in differs(client, volume_id, {"qos/total_iops_sec": "500"})
    assert differs(client, volume_id, {"qos/total_bytes_sec": "1", "metadata/tier": "gold"}) == ""


def test_a_class_takes_precedence_when_a_volume_is_made_and_making_it_again_finds_it(client, create):
    def make():
        return create({"qos/a": "class", "qos/b": ""}, qos_a="storage", qos_b="storage", qos_c="storage")

    volume_id = make()
    assert differs(client, volume_id, {"qos/a": "class", "qos/b": "", "qos/c": "storage"}) == ""
    client.modify(volume_id, {"qos/a": "other"})
    assert make() == volume_id
    assert differs(client, volume_id, {"qos/a": "other"}) == ""


@pytest.mark.parametrize(
    ("backend", "mutable", "words"),
    [
        ("array", {"extra-specs/impossible": "1"}, "impossible from None to '1'"),
        ("array", {"extra-specs/multiattach": "<is> True"}, "for several nodes cannot be changed any more"),
        ("fixed", {"qos/total_iops_sec": "500"}, "more than its driver can: no volume of this array changes"),
        ("fixed", {"extra-specs/vendor:tier": "gold"}, "more than its driver can: no volume of this array changes"),
        ("array", {"size": "1"}, "unknown mutable parameter 'size'; the known ones are: extra-specs/NAME, qos/NAME"),
        ("array", {"qos/": "1"}, "lacks a name after the slash"),
    ],
    ids=["refused", "never", "qos", "extra spec", "unknown", "nameless"],
)
def test_what_cannot_be_is_refused_before_anything_changes(client, create, backend, mutable, words):
    volume_id = create(backend=backend)
    code, text = refused(lambda: client.modify(volume_id, {"metadata/tier": "gold", **mutable}))
    assert code is Code.INVALID_ARGUMENT
    assert words in text
    assert "has metadata tier None" in differs(client, volume_id, {"metadata/tier": "gold"})
    # What it can, it still can.
    client.modify(volume_id, {"metadata/tier": "gold"})


def test_a_volume_that_is_not_there_is_not_found(client):
    assert refused(lambda: client.modify("absent", GOLD))[0] is Code.NOT_FOUND
    assert refused(lambda: client.modify("absent", {}))[0] is Code.NOT_FOUND
