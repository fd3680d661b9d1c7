"""Opens a storage for a program: the composition root of every process that is not the CSI driver.

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
from cinderblock.backend import Backends
from cinderblock.cinder.guard import untouched
from cinderblock.cinder.loading import Runtime
from cinderblock.concealment import conceal
from cinderblock.config import Configuration
from cinderblock.copying import check_whole
from cinderblock.errors import ConfigurationError
from cinderblock.folder import make_private
from cinderblock.host import Host
from cinderblock.leases import TTL_S, Leases, Tenure
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

AnyPath = str | os.PathLike[str]

#: The store that is gone with the process.
_MEMORY = "memory:"
#: How long a call waits for another one; longer than a lease, so that it outlasts a process that was killed.
_PATIENCE_S = 60.0


def open_storage(  # noqa: PLR0913 - all by name, and none is needed
    store: str | Store = _MEMORY,
    *,
    state_dir: AnyPath | None = None,
    config_file: AnyPath | None = None,
    cinder_options: Mapping[str, object] | None = None,
    host: str = config.DEFAULT_HOST,
    key_file: AnyPath | None = None,
    strict: bool = True,
    patience_s: float = _PATIENCE_S,
    lease_s: float = TTL_S,
) -> Storage:
    """Open a storage; nothing of Cinder is imported before its first back end is opened.

    Args:
        store: where records are kept: "sqlite:///PATH" (four slashes for an absolute path), a database on a server,
            "postgresql://USER:PASSWORD@HOST/DATABASE" or "mariadb://…", a cluster, "kubernetes://NAMESPACE", "memory:",
            which is gone with the storage, or a store of the caller's, which stays open.
        state_dir: a folder, made where it is missing, for locks, mounted shares and the key: the same for all processes
            of this machine over one store. Only "memory:" does without.
        config_file: a cinder.conf; its back ends are opened by their names alone.
        cinder_options: without a file, options of Cinder's [DEFAULT] section.
        host: without a file, Cinder's host, which is stored with every volume: the same on every machine.
        key_file: the key that seals passwords in the store and in JSON; one in `state_dir` without it. Machines over
            one store share it.
        strict: an option that a driver does not know is an error; else a line in the log.
        patience_s: how long a call waits for another one that is at work on the same object.
        lease_s: how long a process may be silent before others take over its work; the same for all over one store.

    Raises:
        ConfigurationError: an argument, the file or the folder cannot be used.
        StoreUnusable: the store or the key is not ours, does not fit, or is damaged.
        StoreUnavailable: the store does not answer now.
    """
    with ExitStack() as undo:
        folder = _folder(state_dir, store, undo)
        kept = _store(store, undo)
        sealer = None if (store, state_dir, key_file) == (_MEMORY, None, None) else _sealer(kept, folder, key_file)
        kept = sealed(kept, sealer) if sealer else kept
        configuration = _configuration(folder, config_file, cinder_options, host)
        leases = partial(Leases, kept.key_values, _owner(), tenure=Tenure(ttl_s=lease_s))
        return _compose(kept, folder, configuration, leases, sealer, strict=strict, patience_s=patience_s, undo=undo)


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


def _compose(
    store: Store,
    folder: Path,
    configuration: Configuration,
    leases: Callable[..., Leases],
    sealer: Sealer | None,
    *,
    strict: bool,
    patience_s: float,
    undo: ExitStack,
) -> Storage:
    lost = threading.Event()
    library = Library(store, Backends([]), leases(on_lost=lost.set), close=lambda: opened.close())  # noqa: PLW0108 - it is made below
    runtime = partial(Runtime.open, configuration, state_dir=folder, store=store)
    opened = OpenedBackends(configuration, runtime, library, strict=strict)
    undo.callback(library.close)
    session = Session(
        store=store,
        library=library,
        host=_once(partial(_brick_host, folder)),
        documents=Documents(store, sealer),
        need=opened.need,
        lost=lost,
        patience_s=patience_s,
    )
    return Storage(session, opened, close=undo.pop_all().close)


def _owner() -> str:
    """Return this storage's name in records, which no other has or had."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def _store(wanted: str | Store, undo: ExitStack) -> Store:
    if not isinstance(wanted, str):
        return wanted
    if wanted == _MEMORY:
        return MemoryStore()
    with untouched():
        from persistence.opening import open_store, password_of

        # What the store needs is imported by these.
        conceal(password_of(wanted), lasting=True)
        store = open_store(wanted)
    undo.callback(store.close)
    check_whole(store)
    return store


def _folder(state_dir: AnyPath | None, store: str | Store, undo: ExitStack) -> Path:
    if state_dir is None:
        if store != _MEMORY:
            raise ConfigurationError("a store that lasts needs a state_dir, the same one for all who share it")
        made = tempfile.mkdtemp(prefix="cinderblock-")
        undo.callback(shutil.rmtree, made, ignore_errors=True)
        return Path(made)
    folder = Path(state_dir).absolute()
    make_private(folder)
    return folder


def _sealer(store: Store, folder: Path, key_file: AnyPath | None) -> Sealer:
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
    config_file: AnyPath | None,
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
