"""Calls as many callers make them: with a deadline, side by side, and measured."""

import statistics
import time

import grpc

from cinderblock.units import GIB
from csi.client import mounted
from csi.proto import csi_pb2

Code = grpc.StatusCode


def code_of(call):
    """Make a call and return the code of its answer."""
    try:
        call()
    except grpc.RpcError as error:
        return error.code()
    return Code.OK


def create(client, name, backend, *, timeout_s, size_gib=1, source_id=""):
    request = csi_pb2.CreateVolumeRequest(name=name, parameters={"backend": backend})
    request.capacity_range.required_bytes = size_gib * GIB
    request.volume_capabilities.append(mounted())
    if source_id:
        request.volume_content_source.volume.volume_id = source_id
    return client.controller.CreateVolume(request, timeout=timeout_s).volume.volume_id


def delete(client, volume_id, *, timeout_s):
    client.controller.DeleteVolume(csi_pb2.DeleteVolumeRequest(volume_id=volume_id), timeout=timeout_s)


def publish(client, volume_id, node_id, *, timeout_s=30):
    request = csi_pb2.ControllerPublishVolumeRequest(volume_id=volume_id, node_id=node_id)
    request.volume_capability.CopyFrom(mounted())
    client.controller.ControllerPublishVolume(request, timeout=timeout_s)


def grow(client, volume_id, size_gib, *, timeout_s=30):
    request = csi_pb2.ControllerExpandVolumeRequest(volume_id=volume_id)
    request.capacity_range.required_bytes = size_gib * GIB
    client.controller.ControllerExpandVolume(request, timeout=timeout_s)


def capacity(client, backend, *, timeout_s):
    request = csi_pb2.GetCapacityRequest(parameters={"backend": backend})
    return client.controller.GetCapacity(request, timeout=timeout_s).available_capacity


def median_s(call, *, times=21):
    """Return the median of how long a call takes."""
    taken = []
    for _ in range(times):
        began = time.monotonic()
        call()
        taken.append(time.monotonic() - began)
    return statistics.median(taken)
