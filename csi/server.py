"""A gRPC server on a Unix socket that stops in order: no new calls, what is in work finishes, within a limit."""

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NoReturn

# Before gRPC is imported, because it looks once. Drivers fork, and gRPC's own handling of that can hang them.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"
# gRPC's core would write lines of its own to standard error, which are no JSON; what matters comes as exceptions.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc

from cinderblock.errors import ConfigurationError
from csi.endpoint import make_way, socket_path
from csi.interceptors import Edge
from csi.signals import Signals

log = logging.getLogger(__name__)

#: Threads for calls that wait for nothing, on top of those that wait for a worker.
INLINE_THREADS = 32
#: How long the parts may take to close once nothing is in work, before the process ends without them.
_CLOSING_S = 5.0
#: How long gRPC may take to cut off the calls that are left at the limit.
_ANSWERING_S = 1.0

Register = Callable[[grpc.Server], None]


class Server:
    """CSI's services on one socket."""

    def __init__(self, endpoint: str, *, edge: Edge, register: Sequence[Register]) -> None:
        """Prepare to serve.

        Args:
            endpoint: unix:///PATH.
            edge: what surrounds every call.
            register: each adds one service to the gRPC server.

        Raises:
            ConfigurationError: the endpoint cannot be used.
        """
        self.path = socket_path(endpoint)
        self._edge = edge
        self._pool = ThreadPoolExecutor(edge.workers.most + INLINE_THREADS, thread_name_prefix="rpc")
        self._server = grpc.server(self._pool, interceptors=[edge], options=[("grpc.so_reuseport", 0)])
        for add in register:
            add(self._server)

    def start(self) -> None:
        """Bind the socket, mode 0600, and answer.

        Raises:
            ConfigurationError: the socket cannot be bound, or somebody else answers on it.
        """
        bind(self._server, self.path)
        self._server.start()

    def in_work(self) -> list[str]:
        """Return what is in work and since when, in words."""
        return self._edge.workers.in_work()

    def stop(self, limit_s: float) -> list[str]:
        """Accept no more calls, let those in work finish, and remove the socket; stopping twice is not an error.

        Returns:
            What was still in work when the limit was reached, in words.
        """
        ends_at = time.monotonic() + limit_s
        inode = _inode(self.path)
        self._edge.workers.close()
        # Calls that wait for work are answered as long as there is time; the work is waited for even without a call.
        answered = self._server.stop(limit_s)
        self._edge.workers.drain(max(0.0, ends_at - time.monotonic()))
        answered.wait(max(0.0, ends_at - time.monotonic()) + _ANSWERING_S)
        left = self.in_work()
        if inode is not None and _inode(self.path) == inode:
            self.path.unlink(missing_ok=True)
        self._pool.shutdown(wait=False)
        return left


def bind(server: grpc.Server, path: Path) -> None:
    """Let the server answer on a socket of mode 0600, in place of one that nobody answers on any more.

    Raises:
        ConfigurationError: the socket cannot be bound, or somebody else answers on it.
    """
    make_way(path)
    # The socket must not be open to others even for a moment, so its mode is not set after the bind.
    before = os.umask(0o177)
    try:
        server.add_insecure_port(f"unix://{path}")
    except RuntimeError as error:
        raise ConfigurationError(f"the endpoint {path} cannot be bound: {error}") from error
    finally:
        os.umask(before)


def _inode(path: Path) -> int | None:
    try:
        return path.lstat().st_ino
    except OSError:
        return None


def run(
    server: Server,
    signals: Signals,
    *,
    drain_s: float,
    close: Callable[[], None],
    ready: Callable[[], None],
    beside: AbstractContextManager[object],
) -> None:
    """Serve until SIGTERM or SIGINT, then stop in order.

    When something hangs, the process ends in here, with 0: the records say what
    was in work, and the next start goes on with it.

    Args:
        server: what to serve.
        signals: entered before anything was built.
        drain_s: how long calls in work may take to finish.
        close: closes what the services rest on; not called while something is in work.
        ready: called once, when calls are answered.
        beside: what is served beside CSI; entered when calls are answered, left before they are not any more.

    Raises:
        ConfigurationError: the socket, or what is beside it, cannot be bound.
    """
    try:
        signals.serve()
        server.start()
        with beside:
            ready()
            signals.wait()
    except BaseException:
        server.stop(0.0)
        close()
        raise
    log.info("stopping", extra={"in_work": server.in_work(), "limit_s": drain_s})
    left = server.stop(drain_s)
    if left:
        log.warning("stopped, leaving work unfinished; the next start goes on with it", extra={"in_work": left})
        end_now(0)
    _close_in_time(close)
    log.info("stopped")


def _close_in_time(close: Callable[[], None]) -> None:
    # A driver's close may hang, too.
    watchdog = threading.Timer(_CLOSING_S, _cut_short)
    watchdog.daemon = True
    watchdog.start()
    close()
    watchdog.cancel()


def _cut_short() -> None:
    log.warning("stopped, although closing did not finish", extra={"limit_s": _CLOSING_S})
    end_now(0)


def end_now(code: int) -> NoReturn:
    """End the process without waiting for any thread; what was logged is written."""
    with contextlib.suppress(Exception):
        logging.shutdown()
    os._exit(code)


def end_after(timeout_s: float) -> None:
    """Have the kernel end the process when so many seconds are over, unless this is called again; 0 takes that back.

    It does so even to a process that stands still, before any thread of it does another thing (SIGALRM, which nobody
    handles).

    Source: setitimer(2), ITIMER_REAL; signal(7), on what becomes of a signal while the process is stopped.
    """
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
