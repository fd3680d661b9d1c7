"""A real gRPC server on a real socket, with tiny services behind the real edge."""

import io
import json
import logging
import threading
import time
from types import SimpleNamespace

import grpc
import pytest

from csi import logs
from csi.identity.service import Identity
from csi.interceptors import Edge
from csi.proto import csi_pb2, csi_pb2_grpc
from csi.server import Server
from csi.workers import Workers

DEADLINE_S = 20.0


class Scripted(csi_pb2_grpc.ControllerServicer):
    """Calls `on_delete` and `on_create`; what they raise is what the back end did."""

    def __init__(self):
        self.on_delete = lambda request: None
        self.on_create = lambda request: None
        self.on_capacity = lambda request: None
        self.entered = threading.Semaphore(0)

    def CreateVolume(self, request, context):
        self.entered.release()
        self.on_create(request)
        return csi_pb2.CreateVolumeResponse(volume=csi_pb2.Volume(volume_id=request.name))

    def DeleteVolume(self, request, context):
        self.entered.release()
        self.on_delete(request)
        return csi_pb2.DeleteVolumeResponse()

    def GetCapacity(self, request, context):
        self.entered.release()
        self.on_capacity(request)
        return csi_pb2.GetCapacityResponse(available_capacity=1)

    def ListVolumes(self, request, context):
        return None


class Served:
    """The server, what is behind it, and ways to call it."""

    def __init__(self, path, workers, ended):
        self.service = Scripted()  # type: ignore[abstract] # RPCs that no test calls
        self.edge = Edge(workers, ended=ended)
        self.path = path
        self.ready = True
        identity = Identity(driver_name="test.cinderblock.io", ready=lambda: self.ready)
        self.server = Server(
            f"unix://{path}",
            edge=self.edge,
            register=[
                lambda server: csi_pb2_grpc.add_ControllerServicer_to_server(self.service, server),
                lambda server: csi_pb2_grpc.add_IdentityServicer_to_server(identity, server),
            ],
        )
        self.server.start()
        self.channel = grpc.insecure_channel(f"unix://{path}", options=[("grpc.default_authority", "localhost")])
        self.identity = csi_pb2_grpc.IdentityStub(self.channel)
        self.controller = csi_pb2_grpc.ControllerStub(self.channel)

    def delete(self, volume_id="volume-1", timeout_s=DEADLINE_S):
        return self.controller.DeleteVolume(csi_pb2.DeleteVolumeRequest(volume_id=volume_id), timeout=timeout_s)

    def begin_delete(self, volume_id="volume-1", timeout_s=DEADLINE_S):
        future = self.controller.DeleteVolume.future(
            csi_pb2.DeleteVolumeRequest(volume_id=volume_id), timeout=timeout_s
        )
        assert self.service.entered.acquire(timeout=DEADLINE_S)
        return future


class Lines(io.StringIO):
    """What was logged, readable while others write."""

    def records(self):
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def of(self, message):
        return [record for record in self.records() if record["message"] == message]


def refused(call):
    """Return the status and the text that a call fails with."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), caught.value.details()


def eventually(condition):
    """Wait until the condition holds."""
    ends_at = time.monotonic() + DEADLINE_S
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < ends_at, "the condition never held"
        pause.wait(0.01)


@pytest.fixture
def edge_tools():
    """What tests call by name: modules of tests cannot be imported from each other."""

    return SimpleNamespace(refused=refused, eventually=eventually)


@pytest.fixture
def lines():
    before = logging.getLogger()
    level, handlers = before.level, [*before.handlers]
    stream = Lines()
    handler = logs.configure("debug", stream=stream)
    yield stream
    before.removeHandler(handler)
    before.setLevel(level)
    for other in handlers:
        before.addHandler(other)
    logging.captureWarnings(False)


@pytest.fixture
def serve(tmp_path):
    running: list[Served] = []

    def start(workers=None, *, ended=None):
        served = Served(tmp_path / f"{len(running)}.sock", workers or Workers(), ended)
        running.append(served)
        return served

    yield start
    for served in running:
        served.channel.close()
        served.server.stop(5.0)


@pytest.fixture
def served(serve):
    return serve()


@pytest.fixture
def gate():
    """An event that a back end waits for; opened at the end, so that no thread is left behind."""
    event = threading.Event()
    yield event
    event.set()
