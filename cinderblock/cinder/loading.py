"""Starting Cinder's drivers in this process, and the end of them.

The order of the steps in `Runtime.open` is Cinder's, not ours: a step that is
taken too early fails, or worse, works with defaults.
"""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cinderblock.cinder.guard import uncollected, untouched
from cinderblock.config import BackendConfiguration, Configuration
from cinderblock.driver import Driver
from cinderblock.errors import BackendUnavailable, ConfigurationError
from persistence.port import Store

if TYPE_CHECKING:
    from cinderblock.cinder.adapter import CinderDriver
    from cinderblock.cinder.setup import Started

log = logging.getLogger(__name__)

#: Cinder's configuration, coordinator and database belong to the process, so one runtime is open at a time.
_only_one = threading.Lock()


class Runtime:
    """Cinder, set up in this process over one configuration and one store.

    Starting a back end is not for several threads at once; its driver is.
    """

    @classmethod
    def open(cls, configuration: Configuration, *, state_dir: Path, store: Store) -> Self:
        """Set Cinder up; a runtime may be opened again once the one before is closed.

        Args:
            configuration: the file that Cinder reads, and its back ends.
            state_dir: everything that Cinder writes for itself is written inside.
            store: answers what drivers ask of the database.

        Raises:
            ConfigurationError: Cinder cannot read the file, or a runtime is open already.
        """
        if not _only_one.acquire(blocking=False):
            raise ConfigurationError(
                "Cinder's drivers are running in this process already; close that runtime before another is opened"
            )
        try:
            with untouched(), uncollected():
                from cinderblock.cinder import setup

                started = setup.start(configuration, state_dir=state_dir.absolute(), store=store)
        except BaseException:
            _only_one.release()
            raise
        return cls(started)

    def __init__(self, started: "Started") -> None:
        self._started = started
        self._database = started.database
        self._drivers: list[CinderDriver] = []
        self._sections: set[str] = set()
        self._open = True

    def start(self, backend: BackendConfiguration, *, strict: bool = False) -> Driver:
        """Load and start one back end's driver; its section is in the file, or given with it.

        Args:
            backend: its section.
            strict: refuse options that nobody reads.

        Raises:
            ConfigurationError: the section cannot work as it is written, or something must be installed.
            BackendUnavailable: the driver does not come up now.
        """
        self._require_open(backend)
        from cinderblock.cinder import starting
        from cinderblock.cinder.adapter import CinderDriver
        from cinderblock.cinder.calls import caller_for

        self._sections.add(backend.name)
        if backend.values is not None:
            self._started.given.put(backend.name, backend.values)
        caller = caller_for(backend.name, workers=backend.driver_workers)
        is_new = not self._database.stored.store.volumes.page(where={"backend": backend.name}, limit=1)

        def begin() -> Any:
            driver = starting.start(backend, is_new=is_new)
            unknown = starting.unknown_options(backend) if strict else ()
            if unknown:
                raise ConfigurationError("; ".join(unknown))
            return driver

        try:
            with untouched():
                driver = caller.call(begin)
        except BaseException:
            caller.close()
            if backend.values is not None:
                # The next try may give others, and another driver.
                self._started.given.put(backend.name, {})
                starting.forget_options(backend.name)
            raise
        made = CinderDriver(driver, name=backend.name, database=self._database, caller=caller)
        self._drivers.append(made)
        return made

    def warnings(self, backend: BackendConfiguration) -> Sequence[str]:
        """Return a sentence for each option of the section that nobody reads; empty before the driver was loaded."""
        self._require_open(backend)
        from cinderblock.cinder import starting

        return starting.unknown_options(backend) if backend.name in self._sections else ()

    def close(self) -> None:
        """Close every driver and take Cinder's set-up back; closing twice is not an error."""
        if not self._open:
            return
        self._open = False
        from cinderblock.cinder import setup

        try:
            for driver in self._drivers:
                driver.close()
            for driver in self._drivers:
                driver.let_go()
            setup.stop(self._started, self._sections)
        finally:
            _only_one.release()

    def _require_open(self, backend: BackendConfiguration) -> None:
        if not self._open:
            raise BackendUnavailable(f"back end '{backend.name}' belongs to a runtime that was closed; open one again")
