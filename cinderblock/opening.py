"""Opens the library over Cinder's drivers: the composition root of every process that calls one."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from cinderblock.backend import Backend, BackendOptions, Backends
from cinderblock.cinder.loading import Runtime
from cinderblock.config import BackendConfiguration, Configuration
from cinderblock.driver import Driver
from cinderblock.leases import UNGUARDED, Leases, Tenure
from cinderblock.library import Library
from persistence.port import Store


def open_library(
    configuration: Configuration,
    *,
    store: Store,
    state_dir: Path,
    owner: str,
    on_lost: Callable[[], None],
    local_topology: Mapping[str, str] | None = None,
    instrument: Callable[[str, Driver], Driver] = lambda _, driver: driver,
    tenure: Tenure = UNGUARDED,
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
        tenure: how long the lease lasts, and what guards it.

    Raises:
        ConfigurationError: Cinder cannot work with the configuration.
    """
    runtime = Runtime.open(configuration, state_dir=state_dir, store=store)

    def start(backend: BackendConfiguration) -> Driver:
        return instrument(backend.name, runtime.start(backend))

    backends = [
        Backend(_options(backend, local_topology or {}), partial(start, backend)) for backend in configuration.backends
    ]
    leases = Leases(store.key_values, owner, tenure=tenure, on_lost=on_lost)
    return Library(store, Backends(backends), leases, close=runtime.close)


def _options(backend: BackendConfiguration, local_topology: Mapping[str, str]) -> BackendOptions:
    return BackendOptions(
        name=backend.name,
        host=backend.cinder_host,
        workers=backend.driver_workers,
        topology=backend.topology,
        local_topology=local_topology,
    )
