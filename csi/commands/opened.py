"""A driver's records and back ends, opened by a command that works beside the driver."""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from cinderblock import config
from cinderblock.errors import ConfigurationError
from cinderblock.leases import Tenure
from cinderblock.library import Library
from cinderblock.opening import open_library
from csi import logs, settings
from csi.commands.progress import progress
from csi.composition import open_records, owner_of
from csi.server import end_after, end_now
from csi.serving import Mode, claimed, open_sealer
from csi.settings import Settings
from persistence.port import Store

#: The exit code of a command whose work somebody else may take over.
_LEASE_LOST = 75
_SQLITE = "sqlite:///"


def chosen(given: argparse.Namespace) -> Settings:
    """Return the driver's settings, as far as a command needs them.

    Raises:
        ConfigurationError: there is no such driver, or its records are in its memory only.
    """
    # Drivers log what they try; what counts of it comes back as an error, once.
    logs.configure(given.log_level)
    logs.catch_the_uncaught()
    found = settings.read(
        given.config,
        environment={},
        state_dir=given.state_dir,
        connection=given.store,
        key_file=given.key_file,
        node_id=getattr(given, "node_id", None),
    )
    if found.connection == "memory:":
        raise ConfigurationError("the driver keeps its records in its own memory; no command can see them there")
    check_there(found.connection)
    return found


def check_there(connection: str) -> None:
    """Refuse the URL of a file that is missing, which opening it would make.

    Raises:
        ConfigurationError: it is.
    """
    store = Path(connection.removeprefix(_SQLITE))
    if connection.startswith(_SQLITE) and not store.is_file():
        raise ConfigurationError(f"there is no store {store}; give the driver's --state-dir, --config or --store")


@contextmanager
def records(found: Settings) -> Iterator[Store]:
    """Give the driver's store.

    Raises:
        ConfigurationError: the key is missing.
        StoreUnusable, StoreUnavailable: it cannot be opened.
    """
    store = open_records(found, open_sealer(Mode.ALL if found.key_file is None else Mode.CONTROLLER, found))
    try:
        yield store
    finally:
        store.close()


@contextmanager
def library(found: Settings, store: Store, *, backend: str) -> Iterator[Library]:
    """Give the driver's library with one back end started; one command of a state folder has it at a time.

    Raises:
        ConfigurationError: the configuration cannot be used, or another command is at work.
        InvalidRequest: there is no such back end.
        BackendUnavailable: it does not start.
    """
    with idle_library(found, store) as opened:
        with progress(f"starting back end {backend}" if backend else "starting the back end"):
            opened.start_only(backend)
        yield opened


@contextmanager
def idle_library(found: Settings, store: Store) -> Iterator[Library]:
    """Give the driver's library, nothing of it started; one command of a state folder has it at a time.

    Raises:
        ConfigurationError: the configuration cannot be used, or another command is at work.
    """
    own = found.state_dir / "command"
    with ExitStack() as stack:
        stack.enter_context(claimed(own))
        # The driver's folder for Cinder, too: its locks keep two processes from one machine's volume at once.
        opened = open_library(
            config.read(found.config_file, state_dir=found.state_dir),
            store=store,
            state_dir=found.state_dir,
            owner=owner_of(own),
            on_lost=partial(end_now, _LEASE_LOST),
            tenure=Tenure(guard=end_after),
            local_topology=found.topology or {f"topology.{found.driver_name}/node": found.node_id},
        )
        stack.callback(opened.close)
        yield opened
