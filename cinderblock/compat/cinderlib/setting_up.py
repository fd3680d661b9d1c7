"""The set-up of a process for cinderlib's interface, its change and its end."""

import atexit
import logging
import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cinderblock.compat.cinderlib import persistence as persistences
from cinderblock.compat.cinderlib.persistence.stored import Persistence
from cinderblock.compat.cinderlib.process import Process, current, default_folder, is_set_up, replace_current

if TYPE_CHECKING:
    from cinderblock.compat.cinderlib.backend import Backend

#: Whose logs `disable_logs` is about; the program's own are its own.
_LOGGERS = ("cinder", "os_brick", "oslo_concurrency", "cinderblock", "persistence")
_SILENT = logging.CRITICAL + 1


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `setup` takes; `rest` are Cinder's options.

    `root_helper` is taken for compatibility: as root, nothing is asked of sudo. Any text can be an id; `non_uuid_ids`
    keeps Cinder's objects from warning of it. `secrets_in_json` and `key_file` are Cinderblock's: whether JSON has
    passwords in clear, and the key that seals them elsewhere.
    """

    file_locks_path: str | None = None
    root_helper: str = "sudo"
    suppress_requests_ssl_warnings: bool = True
    disable_logs: bool = True
    non_uuid_ids: bool = False
    output_all_backend_info: bool = False
    project_id: str | None = None
    user_id: str | None = None
    persistence_config: Mapping[str, Any] | None = None
    fail_on_missing_backend: bool = True
    host: str | None = None
    secrets_in_json: bool = False
    key_file: str | None = None
    rest: Mapping[str, Any] = field(default_factory=dict)


class _Latest:
    options = Options()


_ORDER = tuple(Options.__dataclass_fields__)


def options(*arguments: Any, **named: Any) -> Options:
    """Return what a program gives to `setup`, by position or by name."""
    said = {**dict(zip(_ORDER, arguments, strict=False)), **named}
    known = {name: value for name, value in said.items() if name in _ORDER and name != "rest"}
    return Options(**known, rest={name: value for name, value in said.items() if name not in known})


def set_up(backends: "type[Backend]", wanted: Options) -> None:
    """Open the storage; back ends that are open are opened in it."""
    _Latest.options = wanted
    backends.fail_on_missing_backend = wanted.fail_on_missing_backend
    backends.output_all_backend_info = wanted.output_all_backend_info
    backends.non_uuid_ids = wanted.non_uuid_ids
    backends.project_id, backends.user_id = wanted.project_id, wanted.user_id
    _quiet(disable=wanted.disable_logs)
    if wanted.non_uuid_ids:
        warnings.filterwarnings("ignore", message=".* is an invalid UUID", category=FutureWarning)
    if wanted.suppress_requests_ssl_warnings:
        _trust_certificates()
    with ExitStack() as undo:
        undo.callback(_quiet, disable=False)
        _open(backends, persistences.setup(wanted.persistence_config))
        undo.pop_all()
    backends.global_initialization = True


def change_persistence(backends: "type[Backend]", config: Mapping[str, Any] | None) -> None:
    """Open the storage anew with another persistence."""
    _Latest.options = replace(_Latest.options, persistence_config=config)
    _open(backends, persistences.setup(config))


def close(backends: "type[Backend]") -> None:
    """Close everything; it may be set up again. What is attached or connected stays so."""
    backends.backends.clear()
    backends.global_initialization = False
    _quiet(disable=False)
    if is_set_up():
        process = current()
        replace_current(None)
        process.close()


def _open(backends: "type[Backend]", persistence: Persistence) -> None:
    wanted = _Latest.options
    if is_set_up():
        current().close()
        replace_current(None)
    rest = dict(wanted.rest)
    chosen = wanted.file_locks_path or rest.pop("state_path", None)
    owner = {"user_id": wanted.user_id, "project_id": wanted.project_id}
    with ExitStack() as undo:
        process = Process(
            persistence.open_store(undo),
            # A folder of its own, because the one that is given may be anybody's.
            folder=Path(chosen) / "cinderblock" if chosen else default_folder(),
            key_file=wanted.key_file,
            host=wanted.host or "",
            options=rest,
            owner={name: value for name, value in owner.items() if value},
            clear_json=wanted.secrets_in_json,
            undo=undo,
        )
        process.keep(undo.pop_all())
    replace_current(process)
    backends.persistence = persistence
    for backend in backends.backends.values():
        backend.open()
    # A short program withdraws its lease at its end, and not after it has run out.
    atexit.unregister(close)
    atexit.register(close, backends)


def _quiet(*, disable: bool) -> None:
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if disable:
            logger.setLevel(_SILENT)
        elif logger.level == _SILENT:
            logger.setLevel(logging.NOTSET)


def _trust_certificates() -> None:
    import urllib3.exceptions  # noqa: PLC0415 - only where it was asked for

    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
