"""Makes the driver known to this machine's kubelet, which finds its socket in a folder and asks who is there."""

import contextlib
import logging
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from csi.server import bind  # isort: skip # first of all, because it sets up gRPC's environment

import grpc

from cinderblock.errors import ConfigurationError
from csi.endpoint import make_way, socket_path
from csi.observing import NODE_REGISTERED, Reading
from csi.proto import pluginregistration_pb2 as messages
from csi.proto import pluginregistration_pb2_grpc as services

log = logging.getLogger(__name__)

#: The kubelet takes any 1.x.
_CSI_VERSIONS = ("1.13.0",)
#: How long after a refusal the kubelet is asked again; doubled by each one that follows, up to the longest.
_AGAIN_S = 10.0
_LONGEST_S = 300.0
#: The kubelet calls from one thread, one call after the other.
_THREADS = 2


class Registration(services.RegistrationServicer):
    """Served while it is entered, which is to happen once CSI is served: the kubelet comes at once.

    The kubelet never asks the same socket again after it has refused, so the
    socket is taken away and put there anew, later and later: what the kubelet
    could not do may work then, and mounted volumes need this process meanwhile.

    Args:
        folder: the kubelet's `plugins_registry`.
        driver_name: as in CSIDriver.
        endpoint: CSI's socket, as the kubelet sees it.
        again_s: how long after a first refusal it is asked again.

    Raises:
        ConfigurationError: the paths cannot be those of sockets.
    """

    def __init__(self, folder: Path, *, driver_name: str, endpoint: str, again_s: float = _AGAIN_S) -> None:
        self.path = socket_path(f"unix://{folder}/{driver_name}-reg.sock")
        #: Bound here, and linked to where the kubelet looks: it passes over names that begin with a dot.
        self._bound = socket_path(f"unix://{folder}/.{driver_name}-reg.sock")
        self._info = messages.PluginInfo(
            type="CSIPlugin",
            name=driver_name,
            endpoint=str(socket_path(endpoint)),
            supported_versions=_CSI_VERSIONS,
        )
        self._first_s = again_s
        self._again_s = again_s
        #: Held to put the socket there or take it away: after `__exit__` nothing may put it there.
        self._lock = threading.Lock()
        self._closed = False
        self._registered = False
        self._timer: threading.Timer | None = None
        self._server: grpc.Server | None = None

    def __enter__(self) -> Self:
        """Raises ConfigurationError when the folder is absent, or another process answers there."""
        make_way(self.path)
        server = grpc.server(ThreadPoolExecutor(_THREADS, thread_name_prefix="registration"))
        services.add_RegistrationServicer_to_server(self, server)
        bind(server, self._bound)
        self._server = server
        server.start()
        try:
            self._put()
        except OSError as error:
            self.__exit__()
            raise ConfigurationError(f"the kubelet's folder {self.path.parent}: {error.strerror}") from error
        log.info("waiting for the kubelet", extra={"socket": str(self.path), "endpoint": self._info.endpoint})
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()
            # Only what is ours: another process may have replaced it.
            if _is_same(self.path, self._bound):
                self.path.unlink(missing_ok=True)
            self._bound.unlink(missing_ok=True)
        if self._server is not None:
            self._server.stop(None).wait()

    def readings(self) -> Iterable[Reading]:
        """Read whether the kubelet said, when it spoke last, that it has registered the driver."""
        yield Reading(NODE_REGISTERED, float(self._registered))

    def GetInfo(self, request: messages.InfoRequest, context: grpc.ServicerContext) -> messages.PluginInfo:
        log.debug("the kubelet asks who is there")
        return self._info

    def NotifyRegistrationStatus(
        self, request: messages.RegistrationStatus, context: grpc.ServicerContext
    ) -> messages.RegistrationStatusResponse:
        self._registered = request.plugin_registered
        if request.plugin_registered:
            self._again_s = self._first_s
            log.info("registered with the kubelet", extra={"driver_name": self._info.name})
        else:
            facts = {"reason": request.error, "again_in_s": self._again_s}
            log.error("the kubelet refused the registration", extra=facts)
            self._ask_again()
        return messages.RegistrationStatusResponse()

    def _ask_again(self) -> None:
        with self._lock:
            if self._closed:
                return
            self.path.unlink(missing_ok=True)
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(self._again_s, self._put_again)
            self._timer.daemon = True
            self._timer.start()
            self._again_s = min(2 * self._again_s, _LONGEST_S)

    def _put_again(self) -> None:
        try:
            self._put()
        except OSError as error:
            log.error("the kubelet cannot be asked again", extra={"socket": str(self.path), "reason": str(error)})  # noqa: TRY400 -- the reason says all of it
            self._ask_again()

    def _put(self) -> None:
        with self._lock:
            if not self._closed:
                # A link to what answers already, so that the kubelet never finds a socket that does not.
                self.path.hardlink_to(self._bound)


def _is_same(path: Path, other: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.lstat().st_ino == other.lstat().st_ino
    return False
