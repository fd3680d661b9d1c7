"""What the controller can do; tests prove that it is what the service implements."""

from csi.proto import csi_pb2

_Rpc = csi_pb2.ControllerServiceCapability.RPC

SUPPORTED = (
    _Rpc.CREATE_DELETE_VOLUME,
    _Rpc.PUBLISH_UNPUBLISH_VOLUME,
    _Rpc.PUBLISH_READONLY,
    _Rpc.LIST_VOLUMES,
    _Rpc.LIST_VOLUMES_PUBLISHED_NODES,
    _Rpc.GET_VOLUME,
    _Rpc.GET_CAPACITY,
    _Rpc.CREATE_DELETE_SNAPSHOT,
    _Rpc.LIST_SNAPSHOTS,
    _Rpc.GET_SNAPSHOT,
    _Rpc.CLONE_VOLUME,
    _Rpc.EXPAND_VOLUME,
    _Rpc.MODIFY_VOLUME,
    _Rpc.SINGLE_NODE_MULTI_WRITER,
    _Rpc.GET_VOLUME_HEALTH,
    _Rpc.LIST_VOLUME_HEALTH,
)


GROUP_SUPPORTED = (csi_pb2.GroupControllerServiceCapability.RPC.CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT,)


def supported() -> csi_pb2.ControllerGetCapabilitiesResponse:
    """Answer ControllerGetCapabilities."""
    answer = csi_pb2.ControllerGetCapabilitiesResponse()
    for rpc in SUPPORTED:
        answer.capabilities.add().rpc.type = rpc
    return answer


def supported_for_groups() -> csi_pb2.GroupControllerGetCapabilitiesResponse:
    """Answer GroupControllerGetCapabilities."""
    answer = csi_pb2.GroupControllerGetCapabilitiesResponse()
    for rpc in GROUP_SUPPORTED:
        answer.capabilities.add().rpc.type = rpc
    return answer
