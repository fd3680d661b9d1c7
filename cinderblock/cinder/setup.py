"""The set-up of Cinder that belongs to the whole process, and its end."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# isort: off
from cinderblock.cinder import first  # noqa: F401 - the imports whose order matters

# isort: on
import os_brick
import os_brick.privileged
from cinder import coordination, privsep
from cinder.volume import volume_utils
from oslo_config import cfg

from cinderblock.cinder import database as databases
from cinderblock.cinder import programs, starting
from cinderblock.cinder.database import Database
from cinderblock.cinder.given import Given
from cinderblock.concealment import conceal
from cinderblock.config import Configuration
from cinderblock.errors import ConfigurationError
from persistence.port import Store

log = logging.getLogger(__name__)

_PRIVILEGES = (os_brick.privileged.default, os_brick.privileged.brick_privsep_hide_output, privsep.sys_admin_pctxt)
_generate_password = volume_utils.generate_password


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What drivers share."""

    database: Database
    given: Given


def start(configuration: Configuration, *, state_dir: Path, store: Store) -> Started:
    """Set up everything that drivers share.

    Raises:
        ConfigurationError: Cinder's parser refuses the file, or the folder cannot be written.
    """
    _read(configuration)
    locks = state_dir / "locks"
    try:
        locks.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"the state folder {state_dir} cannot be used: {error.strerror}") from error
    _override(configuration, state_dir=state_dir, locks=locks)
    # After lock_path is set: os-brick takes its own from it.
    os_brick.setup(cfg.CONF)
    for privileges in _PRIVILEGES:
        # Privileged calls run in this process, as whoever it is; there is no daemon, and never sudo.
        privileges.set_client_mode(False)
    coordination.COORDINATOR.start()
    # A generated CHAP secret goes straight to a command line, so it must be known before it is used.
    volume_utils.generate_password = _generate_concealed
    started = Started(database=Database(store), given=Given(configuration.defaults))
    databases.install(started.database)
    started.given.install()
    return started


def stop(started: Started, sections: Iterable[str]) -> None:
    """Take the set-up back; `sections` are those that drivers registered options in."""
    started.given.remove()
    databases.install(None)
    programs.remove()
    volume_utils.generate_password = _generate_password
    coordination.COORDINATOR.stop()
    cfg.CONF.reset()
    for section in sections:
        starting.forget_options(section)


def _read(configuration: Configuration) -> None:
    try:
        cfg.CONF(
            [],
            project="cinder",
            default_config_files=[str(configuration.file)],
            default_config_dirs=[],
            use_env=False,
        )
    except cfg.Error as error:
        cfg.CONF.reset()
        raise ConfigurationError(f"{configuration.file}: {error}") from error


def _override(configuration: Configuration, *, state_dir: Path, locks: Path) -> None:
    """Keep everything that Cinder writes for itself inside of the state folder, whatever the file says."""
    conf = cfg.CONF
    conf.set_override("state_path", _literal(state_dir))
    conf.set_override("lock_path", _literal(locks), group="oslo_concurrency")
    conf.set_override("backend_url", f"file://{_literal(locks)}", group="coordination")
    conf.set_override("host", configuration.host)


def _literal(path: Path) -> str:
    # oslo.config substitutes $NAME in values; `$$` is a plain dollar sign.
    return str(path).replace("$", "$$")


def _generate_concealed(*args: Any, **kwargs: Any) -> str:
    password = str(_generate_password(*args, **kwargs))
    conceal(password)
    return password
