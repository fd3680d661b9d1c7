"""The tables are complete: every error has a status, every RPC a lock or no need of one, every capability its RPCs."""

import pytest

from cinderblock import errors
from csi.controller import capabilities as controller_capabilities
from csi.controller.group_service import GroupController
from csi.controller.service import Controller
from csi.errors import STATUS
from csi.interceptors import INLINE, LOCK_KEY
from csi.node.capabilities import NODE_CAPABILITIES
from csi.node.service import Node
from csi.proto import csi_pb2, csi_pb2_grpc
from persistence import errors as store_errors

SERVICES = csi_pb2.DESCRIPTOR.services_by_name
RPCS = {method.name for service in SERVICES.values() for method in service.methods}
#: Words of an RPC's name that say that it changes nothing.
READS = ("Get", "List", "Validate", "Probe")

CONTROLLER_RPCS = {
    "": {"ControllerGetCapabilities", "ValidateVolumeCapabilities"},
    "CREATE_DELETE_VOLUME": {"CreateVolume", "DeleteVolume"},
    "PUBLISH_UNPUBLISH_VOLUME": {"ControllerPublishVolume", "ControllerUnpublishVolume"},
    "PUBLISH_READONLY": set(),
    "LIST_VOLUMES": {"ListVolumes"},
    "LIST_VOLUMES_PUBLISHED_NODES": set(),
    "GET_VOLUME": {"ControllerGetVolume"},
    "GET_CAPACITY": {"GetCapacity"},
    "CREATE_DELETE_SNAPSHOT": {"CreateSnapshot", "DeleteSnapshot"},
    "LIST_SNAPSHOTS": {"ListSnapshots"},
    "GET_SNAPSHOT": {"GetSnapshot"},
    "CLONE_VOLUME": set(),
    "EXPAND_VOLUME": {"ControllerExpandVolume"},
    "MODIFY_VOLUME": {"ControllerModifyVolume"},
    "SINGLE_NODE_MULTI_WRITER": set(),
    "GET_VOLUME_HEALTH": {"ControllerGetVolumeHealth"},
    "LIST_VOLUME_HEALTH": {"ControllerListVolumeHealth"},
}
GROUP_RPCS = {
    "": {"GroupControllerGetCapabilities"},
    "CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT": {
        "CreateVolumeGroupSnapshot",
        "DeleteVolumeGroupSnapshot",
        "GetVolumeGroupSnapshot",
    },
}
NODE_RPCS = {
    "": {"NodeGetCapabilities", "NodeGetInfo", "NodePublishVolume", "NodeUnpublishVolume"},
    "STAGE_UNSTAGE_VOLUME": {"NodeStageVolume", "NodeUnstageVolume"},
    "GET_VOLUME_STATS": {"NodeGetVolumeStats"},
    "EXPAND_VOLUME": {"NodeExpandVolume"},
    "SINGLE_NODE_MULTI_WRITER": set(),
    "VOLUME_MOUNT_GROUP": set(),
    "GET_VOLUME_HEALTH": {"NodeGetVolumeHealth"},
    "GET_STORAGE_HEALTH": {"NodeGetStorageHealth"},
}


def concrete(*roots):
    """Every class below the roots, which are only there to be caught."""
    found = [cls for root in roots for cls in root.__subclasses__()]
    return found + (concrete(*found) if found else [])


@pytest.mark.parametrize("error", concrete(errors.CinderblockError, store_errors.PersistenceError))
def test_every_error_has_a_status(error):
    assert any(cls in STATUS for cls in error.__mro__)


@pytest.mark.parametrize("rpc", sorted(RPCS))
def test_every_rpc_that_changes_something_takes_a_lock(rpc):
    reads = any(word in rpc for word in READS)
    assert (rpc in LOCK_KEY) is not reads


def test_the_tables_name_rpcs_only():
    assert set(LOCK_KEY) | INLINE <= RPCS


def implemented(servicer, generated):
    names = [method.name for method in SERVICES[generated.__name__.removesuffix("Servicer")].methods]
    return {name for name in names if getattr(servicer, name) is not getattr(generated, name)}


def promised(advertised, table):
    return set().union(table[""], *(table[name] for name in advertised))


def test_the_controller_implements_what_it_advertises_and_no_more():
    name = csi_pb2.ControllerServiceCapability.RPC.Type.Name
    advertised = [name(capability) for capability in controller_capabilities.SUPPORTED]
    assert implemented(Controller, csi_pb2_grpc.ControllerServicer) == promised(advertised, CONTROLLER_RPCS)


def test_the_group_controller_implements_what_it_advertises_and_no_more():
    name = csi_pb2.GroupControllerServiceCapability.RPC.Type.Name
    advertised = [name(capability) for capability in controller_capabilities.GROUP_SUPPORTED]
    assert implemented(GroupController, csi_pb2_grpc.GroupControllerServicer) == promised(advertised, GROUP_RPCS)


def test_the_node_implements_what_it_advertises_and_no_more():
    assert implemented(Node, csi_pb2_grpc.NodeServicer) == promised(NODE_CAPABILITIES, NODE_RPCS)
