"""The back ends that are open: each once, whatever is asked for how often."""

import logging
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from cinderblock import given
from cinderblock.backend import Backend, BackendOptions
from cinderblock.boot import boot_id
from cinderblock.config import BackendConfiguration, Configuration
from cinderblock.driver import Driver
from cinderblock.errors import AlreadyExists, BackendUnavailable, ConfigurationError, NotFound
from cinderblock.library import Library
from persistence.errors import RecordChanged, RecordExists
from persistence.records import KeyValueRecord

log = logging.getLogger(__name__)

#: How long a back end may take to start before the next one is begun.
_PATIENCE_S = 5.0


class Drivers(Protocol):
    """Where drivers are started."""

    def start(self, backend: BackendConfiguration, *, strict: bool = False) -> Driver:
        """Start one; see `cinderblock.cinder.loading.Runtime.start`."""

    def warnings(self, backend: BackendConfiguration) -> Sequence[str]:
        """Return a sentence for each option that nobody reads."""

    def close(self) -> None:
        """Close all of them."""


class OpenedBackends:
    """The back ends of one storage; safe to use from several threads.

    Args:
        configuration: the back ends that need no options, and what all share.
        drivers: gives the place where drivers are started; called when the first one is.
        library: gets every back end that is opened; is started with the first one.
        strict: an option that nobody reads is an error.
    """

    def __init__(
        self, configuration: Configuration, drivers: Callable[[], Drivers], library: Library, *, strict: bool
    ) -> None:
        self._configuration = configuration
        self._make_drivers = drivers
        self._drivers: Drivers | None = None
        self._library = library
        self._strict = strict
        self._open: dict[str, BackendConfiguration] = {}
        self._closed = False
        self._lock = threading.Lock()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._starting = threading.Lock()

    @property
    def names(self) -> Sequence[str]:
        """The back ends that are open, or can be by their name alone."""
        return sorted({*self._open, *(backend.name for backend in self._configuration.backends)})

    def need(self, name: str) -> None:
        """Open a back end by its name alone, if it is not open.

        Raises:
            BackendUnavailable: it is not open, and nobody has said how to open it.
        """
        if name in self._open:
            return
        try:
            self.open(name, {})
        except NotFound as error:
            msg = f"back end {name!r} is not open; open it with its options first"
            raise BackendUnavailable(msg) from error

    def open(self, name: str, options: Mapping[str, object]) -> None:
        """Open a back end, if it is not open with the same options.

        Raises:
            AlreadyExists: it is open with other options; which differ.
            NotFound: no options are given, and the configuration does not have it.
            ConfigurationError: it cannot work with these options, or something must be installed.
            BackendUnavailable: it does not come up now.
        """
        with self._lock:
            lock = self._locks[name]
        with lock:
            found, wanted = self._open.get(name), self._wanted(name, options)
            if found is None:
                self._start(wanted)
            elif options:
                _check_same(found, wanted)

    def close(self) -> None:
        """Open no more."""
        with self._lock:
            self._closed = True
            if self._drivers is not None:
                self._drivers.close()

    def _wanted(self, name: str, options: Mapping[str, object]) -> BackendConfiguration:
        in_file = {backend.name: backend for backend in self._configuration.backends}
        if options:
            if name in self._configuration.sections:
                msg = f"back end '{name}' has its options in {self._configuration.file}; open it by its name alone"
                raise ConfigurationError(msg)
            return given.backend(name, options, host=self._configuration.host)
        found = self._open.get(name) or in_file.get(name)
        if found is None:
            msg = f"there is no back end {name!r} yet; give its options, or one of: {', '.join(self.names) or 'none'}"
            raise NotFound(msg)
        return found

    def _start(self, wanted: BackendConfiguration) -> None:
        drivers = self._ready_drivers()
        with self._one_by_one():
            driver = drivers.start(wanted, strict=self._strict and wanted.values is not None)
        for warning in drivers.warnings(wanted):
            log.warning(warning)
        options = BackendOptions(
            name=wanted.name,
            host=wanted.cinder_host,
            workers=wanted.driver_workers,
            topology=wanted.topology,
        )
        backend = Backend(options, lambda: driver)
        backend.start()
        self._library.add(backend)
        self._open = {**self._open, wanted.name: wanted}
        self._recover_after_boot(wanted.name)

    def _ready_drivers(self) -> Drivers:
        with self._lock:
            if self._closed:
                msg = "the storage is closed; open it again"
                raise BackendUnavailable(msg)
            if self._drivers is None:
                drivers = self._make_drivers()
                try:
                    self._library.start()
                except BaseException:
                    drivers.close()
                    raise
                self._drivers = drivers
            return self._drivers

    @contextmanager
    def _one_by_one(self) -> Iterator[None]:
        """Start one after the other, because drivers change what is the process's; but not behind one that hangs."""
        alone = self._starting.acquire(timeout=_PATIENCE_S)
        try:
            yield
        finally:
            if alone:
                self._starting.release()

    def _recover_after_boot(self, name: str) -> None:
        """Mend what the machine's going down has left, once in each boot: exports of this machine went with it."""
        table, key = self._library.store.key_values, f"recovered/{socket.gethostname()}/{name}"
        left = table.get(key)
        if left is not None and left.value == boot_id():
            return
        self._library.recovery.run(name)
        try:
            if left is None:
                table.insert(KeyValueRecord(id=key, value=boot_id()))
            else:
                table.replace(replace(left, value=boot_id()))
        except (RecordChanged, RecordExists):
            log.debug("another process has recovered the same back end", extra={"backend": name})


def _check_same(found: BackendConfiguration, wanted: BackendConfiguration) -> None:
    if found == wanted:
        return
    # Names only: the values may be passwords.
    names = sorted({*found.options, *wanted.options})
    differing = [name for name in names if found.options.get(name) != wanted.options.get(name)]
    msg = f"back end '{found.name}' is open with other options, which differ in {', '.join(differing)}"
    raise AlreadyExists(f"{msg}; use another name, or the same options")
