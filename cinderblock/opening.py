"""Opens the library over Cinder's drivers: the composition root of every process that calls one.

What a process may not need is imported when it does.
"""

import os
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cinderblock import config, given
from cinderblock.backend import Backend, BackendOptions, Backends
from cinderblock.cinder.guard import untouched
from cinderblock.cinder.loading import Runtime
from cinderblock.config import BackendConfiguration, Configuration
from cinderblock.driver import Driver
from cinderblock.errors import ConfigurationError
from cinderblock.host import Host
from cinderblock.leases import TTL_S, Leases
from cinderblock.library import Library
from cinderblock.storage.documents import Documents
from cinderblock.storage.opened import OpenedBackends
from cinderblock.storage.session import Session
from cinderblock.storage.storage import Storage
from persistence.memory import MemoryStore
from persistence.port import Store
from persistence.records import Json
from persistence.seal import Sealer, new_key_file, sealed

if TYPE_CHECKING:
    from cinderblock.cinder.listing import DriverDescription

#: The store that is gone with the process.
_MEMORY = "memory:"
#: How long a call waits for another one; longer than a lease, so that it outlasts a process that was killed.
_PATIENCE_S = 60.0


def open_library(
    configuration: Configuration,
    *,
    store: Store,
    state_dir: Path,
    owner: str,
    on_lost: Callable[[], None],
    local_topology: Mapping[str, str] | None = None,
    instrument: Callable[[str, Driver], Driver] = lambda _, driver: driver,
) -> Library:
    """Return the library over the configured back ends, not started yet.

    Args:
        configuration: the back ends.
        store: where records are kept; stays the caller's.
        state_dir: for Cinder's locks and state, nobody else's.
        owner: this process's name in records, the same after a restart.
        on_lost: ends the process; called when its lease has run out.
        local_topology: where this machine is, for back ends whose volumes are files or devices of it.
        instrument: returns what is called in a driver's place, for a back end's name and its driver.

    Raises:
        ConfigurationError: Cinder cannot work with the configuration.
    """
    runtime = Runtime.open(configuration, state_dir=state_dir, store=store)

    def start(backend: BackendConfiguration) -> Driver:
        return instrument(backend.name, runtime.start(backend))

    backends = [
        Backend(_options(backend, local_topology or {}), partial(start, backend)) for backend in configuration.backends
    ]
    return Library(store, Backends(backends), Leases(store.key_values, owner, on_lost=on_lost), close=runtime.close)


def _options(backend: BackendConfiguration, local_topology: Mapping[str, str]) -> BackendOptions:
    return BackendOptions(
        name=backend.name,
        host=f"{backend.backend_host}@{backend.name}",
        workers=backend.driver_workers,
        topology=backend.topology,
        local_topology=local_topology,
    )


def open_storage(  # noqa: PLR0913 - all by name, and none is needed
    store: str | Store = _MEMORY,
    *,
    state_dir: str | os.PathLike[str] | None = None,
    config_file: str | os.PathLike[str] | None = None,
    cinder_options: Mapping[str, object] | None = None,
    host: str = config.DEFAULT_HOST,
    key_file: str | os.PathLike[str] | None = None,
    strict: bool = True,
    patience_s: float = _PATIENCE_S,
    lease_s: float = TTL_S,
) -> Storage:
    """Open a storage; nothing of Cinder is imported before its first back end is opened.

    Args:
        store: where records are kept: "sqlite:///PATH" (four slashes for an absolute path), "memory:" for as long as
            the storage is open, or a store of the caller's, which stays open.
        state_dir: a folder for Cinder's locks, mounted shares and the key; made where it is missing. All processes of
            this machine that share the store give the same. Without one, only "memory:" works.
        config_file: a cinder.conf; the back ends in it are opened by their names alone.
        cinder_options: without a file, options of Cinder's [DEFAULT] section.
        host: without a file, Cinder's host: stored with every volume, so the same on every machine.
        key_file: the key that seals passwords in the store and in JSON; in `state_dir` without it, made where it is
            missing. Several machines over one store need the same.
        strict: an option that a driver does not know is an error; else a line in the log.
        patience_s: how long a call waits for another one that is at work on the same object.
        lease_s: after how many seconds of silence a process counts as dead, and others take over what it was doing;
            the same for all that share the store.

    Raises:
        ConfigurationError: an argument, the file or the folder cannot be used.
        StoreUnusable: the store or the key is not ours, or does not fit, or is damaged.
        StoreUnavailable: the store does not answer now.
    """
    with ExitStack() as undo:
        kept, is_ours = (_open_store(store), True) if isinstance(store, str) else (store, False)
        if is_ours:
            undo.callback(kept.close)
        folder = _folder(state_dir, store, undo)
        sealer = _sealer(kept, folder, key_file) if store != _MEMORY or key_file or state_dir else None
        kept = sealed(kept, sealer) if sealer else kept
        configuration = _configuration(folder, config_file, cinder_options, host)
        owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        lost = threading.Event()
        leases = Leases(kept.key_values, owner, ttl_s=lease_s, on_lost=lost.set)
        library = Library(kept, Backends([]), leases, close=lambda: opened.close())  # noqa: PLW0108 - made below
        runtime = partial(Runtime.open, configuration, state_dir=folder, store=kept)
        opened = OpenedBackends(configuration, runtime, library, strict=strict)
        undo.callback(library.close)
        session = Session(
            store=kept,
            library=library,
            host=_once(partial(_brick_host, folder)),
            documents=Documents(kept, sealer),
            need=opened.need,
            lost=lost,
            patience_s=patience_s,
        )
        return Storage(session, opened, close=undo.pop_all().close)


def connector_properties(*, ip: str = "", multipath: bool | None = None) -> Mapping[str, Json]:
    """Return os-brick's description of this machine, for `Volume.connect`; asks the machine, so it may be slow.

    Args:
        ip: this machine's address in the storage network; found out when "".
        multipath: whether to use several paths; where multipathd runs when None.
    """
    with untouched():
        from cinderblock.brick import connectors

        connectors.without_daemon()
        running = connectors.multipath_running() if multipath is None else multipath
        return connectors.properties(ip=ip, multipath=running)


def drivers() -> "Sequence[DriverDescription]":
    """Describe all of Cinder's drivers with their options; imports them all, which costs a second and 150 MiB."""
    from cinderblock.cinder.listing import list_drivers

    return list_drivers()


def _open_store(url: str) -> Store:
    if url == _MEMORY:
        return MemoryStore()
    with untouched():
        from persistence.sql import open_store
    return open_store(url)


def _folder(state_dir: str | os.PathLike[str] | None, store: str | Store, undo: ExitStack) -> Path:
    if state_dir is None:
        if store != _MEMORY:
            raise ConfigurationError("a store that lasts needs a state_dir, the same one for all who share it")
        made = tempfile.mkdtemp(prefix="cinderblock-")
        undo.callback(shutil.rmtree, made, ignore_errors=True)
        return Path(made)
    folder = Path(state_dir).absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"the state folder {folder} cannot be used: {error.strerror}") from error
    return folder


def _sealer(store: Store, folder: Path, key_file: str | os.PathLike[str] | None) -> Sealer:
    if key_file is not None:
        return Sealer.from_file(Path(key_file))
    own = folder / "key"
    if not own.exists():
        # A new key would open none of the secrets that are stored, and every volume with one would fail, much later.
        if store.volumes.page(limit=1) or store.connections.page(limit=1):
            raise ConfigurationError(f"the store is in use, but {own} is not there; restore it, or give its key_file")
        try:
            new_key_file(own)
        except FileExistsError:
            pass  # Another process was faster.
        except OSError as error:
            raise ConfigurationError(f"the key file {own} cannot be written: {error.strerror}") from error
    return Sealer.from_file(own)


def _configuration(
    folder: Path,
    config_file: str | os.PathLike[str] | None,
    cinder_options: Mapping[str, object] | None,
    host: str,
) -> Configuration:
    if config_file is None:
        defaults = given.plain_options("cinder_options", cinder_options or {})
        return Configuration(file=config.NO_FILE, host=host, defaults=defaults)
    if cinder_options:
        raise ConfigurationError(f"cinder_options belong into [DEFAULT] of {os.fspath(config_file)}; give one of both")
    return config.read(Path(config_file).absolute(), state_dir=folder)


def _brick_host(folder: Path) -> Host:
    with untouched():
        from cinderblock.brick.host import BrickHost

        return BrickHost(folder)


def _once(make: Callable[[], Host]) -> Callable[[], Host]:
    lock, made = threading.Lock(), list[Host]()

    def host() -> Host:
        with lock:
            if not made:
                made.append(make())
            return made[0]

    return host
