"""Identity: who this driver is, what it offers, and whether it is ready."""

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import grpc
from google.protobuf.wrappers_pb2 import BoolValue

from csi.proto import csi_pb2, csi_pb2_grpc

_Service = csi_pb2.PluginCapability.Service
_VolumeExpansion = csi_pb2.PluginCapability.VolumeExpansion


def vendor_version() -> str:
    """Return the version of the installed package."""
    try:
        return version("cinderblock")
    except PackageNotFoundError:
        # Run from a source tree that was never installed; the spec wants some version.
        return "0+source"


class Identity(csi_pb2_grpc.IdentityServicer):
    """Answered alike by the controller's and the node's process."""

    def __init__(self, *, driver_name: str, ready: Callable[[], bool], snapshot_topology: bool = False) -> None:
        """Take who answers.

        Args:
            driver_name: as in CSIDriver and StorageClass.
            ready: a flag that is cheap to read; asked at every Probe.
            snapshot_topology: whether snapshots are promised to be usable where they are asked for.
        """
        self._driver_name = driver_name
        self._snapshot_topology = snapshot_topology
        self._ready = ready

    def GetPluginInfo(
        self, request: csi_pb2.GetPluginInfoRequest, context: grpc.ServicerContext
    ) -> csi_pb2.GetPluginInfoResponse:
        return csi_pb2.GetPluginInfoResponse(name=self._driver_name, vendor_version=vendor_version())

    def GetPluginCapabilities(
        self, request: csi_pb2.GetPluginCapabilitiesRequest, context: grpc.ServicerContext
    ) -> csi_pb2.GetPluginCapabilitiesResponse:
        services = [
            _Service.CONTROLLER_SERVICE,
            _Service.VOLUME_ACCESSIBILITY_CONSTRAINTS,
            _Service.GROUP_CONTROLLER_SERVICE,
        ]
        if self._snapshot_topology:
            services.append(_Service.SNAPSHOT_ACCESSIBILITY_CONSTRAINTS)
        return csi_pb2.GetPluginCapabilitiesResponse(
            capabilities=[
                *(csi_pb2.PluginCapability(service=_Service(type=service)) for service in services),
                csi_pb2.PluginCapability(volume_expansion=_VolumeExpansion(type=_VolumeExpansion.ONLINE)),
            ]
        )

    def Probe(self, request: csi_pb2.ProbeRequest, context: grpc.ServicerContext) -> csi_pb2.ProbeResponse:
        return csi_pb2.ProbeResponse(ready=BoolValue(value=self._ready()))
