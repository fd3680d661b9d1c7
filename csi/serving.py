"""`cinderblock serve`: what a process must have before it serves, and serving itself.

The state folder belongs to one process at a time, the key that seals secrets is
there, and only then are the parts composed and the socket opened.
"""

import fcntl
import gc
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cinderblock.errors import ConfigurationError
from cinderblock.folder import make_private
from csi import logs, readings
from csi.endpoint import make_way, socket_path
from csi.identity.service import Identity, vendor_version
from csi.interceptors import Edge
from csi.observing import Observer, Source
from csi.proto import csi_pb2_grpc
from csi.server import Register, Server, run
from csi.settings import Settings
from csi.signals import Signals
from persistence.seal import Sealer, new_key_file

log = logging.getLogger(__name__)

#: New objects between two collections: what a dozen calls leave behind.
_COLLECTED_AT_ONCE = 5_000


class Mode(StrEnum):
    """Which of CSI's services a process has; Identity is always there."""

    ALL = "all"
    CONTROLLER = "controller"
    NODE = "node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a composition root made.

    Each of `register` adds one service to a gRPC server. `ready` is what Probe
    answers. `close` is called once, when no call is in work any more. Each of
    `beside` is entered while CSI is served. `sources` read what there is to tell
    in figures.
    """

    register: Sequence[Register]
    ready: Callable[[], bool]
    close: Callable[[], None]
    beside: Sequence[AbstractContextManager[object]] = ()
    sources: Sequence[Source] = ()


Compose = Callable[[Mode, Settings, Sealer], Parts]


def serve(mode: Mode, settings: Settings, *, compose: Compose, observer: Observer | None = None) -> None:
    """Serve until SIGTERM or SIGINT; the main thread only. The observer gets the figures, where somebody wants them.

    Raises:
        ConfigurationError: the state folder, the key, the endpoint or the configuration cannot be used.
        StoreUnusable: the store or the key does not fit.
    """
    # First, because composing takes seconds.
    path = socket_path(settings.endpoint)
    logs.configure(settings.log_level)
    logs.catch_the_uncaught()
    with Signals() as signals, claimed(settings.state_dir):
        make_way(path)
        sealer = open_sealer(mode, settings)
        parts = compose(mode, settings, sealer)
        _spare_the_collector()
        identity = Identity(
            driver_name=settings.driver_name, ready=parts.ready, snapshot_topology=settings.snapshot_topology
        )

        def add_identity(server: object) -> None:
            csi_pb2_grpc.add_IdentityServicer_to_server(identity, server)  # type: ignore[arg-type] # as gRPC calls it

        edge = Edge(ended=observer.rpc_ended if observer else None)
        server = Server(settings.endpoint, edge=edge, register=[add_identity, *parts.register])
        beside = [*parts.beside]
        if observer:
            sources = [lambda: readings.of_process(mode, parts.ready, edge.workers), *parts.sources]
            beside.insert(0, observer.served(sources, ready=parts.ready))
        run(
            server,
            signals,
            drain_s=settings.drain_s,
            close=parts.close,
            ready=lambda: _tell(mode, settings),
            beside=_all_of(beside),
        )


@contextmanager
def _all_of(several: Sequence[AbstractContextManager[object]]) -> Iterator[None]:
    """Enter one after the other, and leave them in reverse."""
    with ExitStack() as stack:
        for each in several:
            stack.enter_context(each)
        yield


def _spare_the_collector() -> None:
    """Let the garbage collector look at what calls leave behind, and not at half a million objects that stay."""
    gc.freeze()
    gc.set_threshold(_COLLECTED_AT_ONCE)


def _tell(mode: Mode, settings: Settings) -> None:
    facts = {"mode": mode.value, "endpoint": settings.endpoint, "version": vendor_version()}
    log.info("ready", extra=facts)
    print(f"cinderblock {vendor_version()} serves {mode.value} on {settings.endpoint}", flush=True)  # noqa: T201 -- the ready line, for people and scripts


@contextmanager
def claimed(state_dir: Path) -> Iterator[None]:
    """Have the state folder, mode 0700, for this process alone.

    Raises:
        ConfigurationError: it cannot be made, others may write to it, or another process has it.
    """
    make_private(state_dir)
    try:
        lock = os.open(state_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConfigurationError(f"the state folder {state_dir} cannot be used: {error.strerror}") from error
    try:
        _lock(lock, state_dir)
        yield
    finally:
        # Closing lets go of the lock; a process that is killed lets go of it, too.
        os.close(lock)


def _lock(lock: int, state_dir: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
        raise ConfigurationError(
            f"the state folder {state_dir} is in use by process {holder}; stop it, or give each its own --state-dir"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


def open_sealer(mode: Mode, settings: Settings) -> Sealer:
    """Return what seals secrets: the configured key, or, for a process that is all, one of its own.

    Raises:
        ConfigurationError: separate processes have no common key, or the own one is lost.
        StoreUnusable: the key file cannot be read.
    """
    if settings.key_file is not None:
        return Sealer.from_file(settings.key_file)
    if mode is not Mode.ALL:
        raise ConfigurationError(
            f"serve {mode.value} needs a key that the other processes have as well: set --key-file, or [csi] key_file; "
            "`openssl rand -base64 32` makes one"
        )
    own = settings.state_dir / "key"
    if not own.exists():
        _check_not_lost(own)
        try:
            new_key_file(own)
        except OSError as error:
            raise ConfigurationError(f"the key file {own} cannot be written: {error.strerror}") from error
    return Sealer.from_file(own)


def _check_not_lost(own: Path) -> None:
    # A new key would open none of the secrets that are stored, and every volume with one would fail, much later.
    store = own.with_name("cinderblock.db")
    if store.exists():
        raise ConfigurationError(f"the key file {own} is gone, but {store} is there; restore the key file")
