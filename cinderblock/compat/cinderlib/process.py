"""What a process that works with cinderlib's interface has once: its storage, and the objects that programs hold."""

import os
import tempfile
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from cinderblock.config import DEFAULT_HOST
from cinderblock.errors import BackendUnavailable
from cinderblock.storage.opening import open_storage
from cinderblock.storage.session import Session
from persistence.port import Store
from persistence.seal import Sealer

if TYPE_CHECKING:
    from cinderblock.compat.cinderlib.object import Object


class Process:
    """A storage that is open; there is one at a time.

    Args:
        store: its URL, or a store.
        folder: for locks, the key and mounted shares.
        key_file: the key that seals secrets, another than the one in the folder.
        host: Cinder's host, "" for the usual one.
        options: options of Cinder's [DEFAULT] section.
        owner: `user_id` and `project_id` that new objects are said to be of, where they are not the usual ones.
        clear_json: write passwords in JSON as they are.
        undo: what is taken back at the end.
    """

    def __init__(
        self,
        store: str | Store,
        *,
        folder: Path,
        key_file: str | None,
        host: str,
        options: Mapping[str, object],
        owner: Mapping[str, str],
        clear_json: bool,
        undo: ExitStack,
    ) -> None:
        self.folder = folder
        self.objects: WeakValueDictionary[tuple[str, str], Object] = WeakValueDictionary()
        self.lock = threading.RLock()
        self.options = options
        self.owner = owner
        self.clear_json = clear_json
        self._key_file = Path(key_file) if key_file else folder / "key"
        self._undo = ExitStack()
        self._storage = undo.enter_context(
            open_storage(
                store,
                state_dir=folder,
                key_file=key_file,
                cinder_options=dict(options),
                strict=False,
                host=host or DEFAULT_HOST,
            )
        )

    @property
    def session(self) -> Session:
        """What the library's objects share."""
        return self._storage.session

    @property
    def sealer(self) -> Sealer:
        """What seals secrets in JSON."""
        return Sealer.from_file(self._key_file)

    def open_backend(self, name: str, options: Mapping[str, object]) -> Any:
        """Open a back end; return it as the library has it."""
        return self._storage.backend(name, **options)

    def driver(self, name: str) -> Any:
        """Return the vendor's object of a back end that is open."""
        return getattr(self.session.library.backends.get(name).driver(), "driver", None)

    def keep(self, undo: ExitStack) -> None:
        """Take back at the end what is on the stack."""
        self._undo = undo

    def close(self) -> None:
        """Close the storage; closing twice is not an error."""
        self._undo.close()


#: Set while a plugin is asked: the objects that it makes are those that it keeps.
inside_plugin: ContextVar[bool] = ContextVar("inside_plugin", default=False)


class _Current:
    def __init__(self) -> None:
        self.process: Process | None = None


_now = _Current()


def current() -> Process:
    """Return the process's storage.

    Raises:
        BackendUnavailable: `setup` was not called, or everything was closed.
    """
    if _now.process is None:
        raise BackendUnavailable("nothing is set up in this process; call setup, or open a Backend, first")
    return _now.process


def replace_current(process: Process | None) -> None:
    """Have another storage from now on, or none; the one before is closed by whoever opened it."""
    _now.process = process


def is_set_up() -> bool:
    """Tell whether there is a storage."""
    return _now.process is not None


def default_folder() -> Path:
    """Return where state is kept that no program has chosen a folder for; the same for each run."""
    chosen = os.environ.get("XDG_STATE_HOME")
    if chosen:
        return Path(chosen) / "cinderblock"
    return Path("/var/lib/cinderblock/library") if os.geteuid() == 0 else Path.home() / ".local/state/cinderblock"


def temporary_folder(undo: ExitStack) -> Path:
    """Return a new folder that goes with the storage."""
    return Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="cinderblock-")))
