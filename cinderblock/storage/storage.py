"""A storage: a store of records, and the back ends whose volumes they are."""

import atexit
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Self

from cinderblock.errors import NotFound
from cinderblock.grouped import every_group
from cinderblock.storage import group
from cinderblock.storage.backend import Backend
from cinderblock.storage.connection import Connection
from cinderblock.storage.group import GroupSnapshot
from cinderblock.storage.opened import OpenedBackends
from cinderblock.storage.session import Session, listed, matching
from cinderblock.storage.snapshot import Snapshot
from cinderblock.storage.volume import Volume
from persistence.records import Json, Status


class Storage:
    """Volumes of any of Cinder's drivers, remembered in one store; `cinderblock.open` opens one.

    Safe to use from several threads, and, where the store is shared, from several processes. To be closed at the end,
    which leaving a `with` block does.

    Args:
        session: what its objects share.
        opened: its back ends.
        close: releases what all of it rests on.
    """

    def __init__(self, session: Session, opened: OpenedBackends, *, close: Callable[[], None]) -> None:
        self._session = session
        self._opened = opened
        self._close = close
        self._backends: dict[str, Backend] = {}
        self._closing = threading.Lock()
        self._process = os.getpid()
        # A program that ends without closing still says farewell to the others.
        atexit.register(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def backend(self, name: str, /, **options: object) -> Backend:
        """Return a back end, opening it if it is not open; the same object each time.

        Args:
            name: stored with every volume, so the same for ever.
            options: Cinder's own, with `volume_driver` among them; `drivers()` lists them. A list stands for several
                values, a mapping for pairs; secrets among them are written nowhere. None at all: those in the
                configuration, or those that it was opened with.

        Raises:
            AlreadyExists: it is open with other options.
            NotFound: no options are given, and the configuration does not have it.
            ConfigurationError: it cannot work with these options; or something must be installed; or this process has
                another storage open, and Cinder can be in a process only once.
            BackendUnavailable: it does not come up now.
        """
        self._session.check_open()
        self._opened.open(name, options)
        return self._backends.setdefault(name, Backend(self._session, name))

    @property
    def session(self) -> Session:
        """What its objects share; for other faces of the same storage, not for programs."""
        return self._session

    @property
    def backend_names(self) -> Sequence[str]:
        """The back ends that are open, and those that the configuration has."""
        return self._opened.names

    def volume(self, id: str) -> Volume:
        """Return a volume by its id.

        Raises:
            NotFound: there is none.
        """
        found = self._session.store.volumes.get(id)
        if found is None or not listed(found):
            msg = f"there is no volume {id!r}"
            raise NotFound(msg)
        return Volume(self._session, found)

    def volumes(self, *, name: str = "", backend: str = "") -> list[Volume]:
        """Return all volumes, or those of a name or of a back end; what is being made or removed is among them."""
        found = matching(self._session.store.volumes, name=name, backend=backend)
        return [Volume(self._session, one) for one in found if listed(one)]

    def snapshot(self, id: str) -> Snapshot:
        """Return a snapshot by its id.

        Raises:
            NotFound: there is none.
        """
        found = self._session.store.snapshots.get(id)
        if found is None or not listed(found):
            msg = f"there is no snapshot {id!r}"
            raise NotFound(msg)
        return Snapshot(self._session, found)

    def snapshots(self, *, name: str = "", backend: str = "") -> list[Snapshot]:
        """Return all snapshots, or those of a name or of a back end."""
        found = matching(self._session.store.snapshots, name=name, backend=backend)
        return [Snapshot(self._session, one) for one in found if listed(one)]

    def create_group_snapshot(
        self, volumes: Sequence[Volume], name: str = "", *, id: str | None = None
    ) -> GroupSnapshot:
        """Take snapshots of several volumes as they are at one moment: all of them, or none.

        Args:
            volumes: one or more, of any back ends while none is connected.
            name: the id when "".
            id: makes the call repeatable, as that of `Backend.create_volume` does.

        Raises:
            NotFound: a volume is gone.
            InvalidRequest: there is no volume, or one twice.
            AlreadyExists: the id is taken by a group snapshot of other volumes.
            InUse: one is connected, and its back end cannot take several volumes at one moment.
            OutOfSpace: no room.
        """
        records = [volume.reload().record for volume in volumes]
        return GroupSnapshot(self._session, group.create(self._session, records, id=id, name=name))

    def group_snapshot(self, id: str) -> GroupSnapshot:
        """Return a group snapshot by its id.

        Raises:
            NotFound: there is none, or it was not taken completely.
        """
        found, _ = self._session.ask(partial(self._session.library.groups.get, id))
        return GroupSnapshot(self._session, found)

    def group_snapshots(self) -> list[GroupSnapshot]:
        """Return all group snapshots that were taken completely."""
        found = every_group(self._session.store.key_values)
        return [GroupSnapshot(self._session, one) for one in found if one.status is Status.AVAILABLE]

    def connection(self, id: str) -> Connection:
        """Return a connection by its id.

        Raises:
            NotFound: there is none.
        """
        found = self._session.store.connections.get(id)
        if found is None:
            msg = f"there is no connection {id!r}"
            raise NotFound(msg)
        return Connection(self._session, found)

    def connections(self, *, host: str = "", backend: str = "") -> list[Connection]:
        """Return all connections, or those of a host or of a back end."""
        found = matching(self._session.store.connections, node_id=host, backend=backend)
        return [Connection(self._session, one) for one in found]

    def connector_properties(self) -> Mapping[str, Json]:
        """Return os-brick's description of this machine, for `Volume.connect`; asks the machine, so it may be slow."""
        return self._session.host().connector_properties()

    def to_json(self, *, secrets: bool = False) -> str:
        """Return everything that the store has of volumes, for `load_json` of another storage.

        Args:
            secrets: write passwords in clear; else they are sealed with the storage's key.

        Raises:
            InvalidRequest: there are secrets, and the storage's key ends with the process.
        """
        return self._session.documents.dump_all(secrets=secrets)

    def load_json(self, text: str) -> list[Volume]:
        """Remember what `to_json` of a storage or a volume has written; return its volumes.

        What is there already, and the same, is left alone; of the rest all is stored, or nothing.

        Raises:
            InvalidRequest: it is no such text.
            AlreadyExists: something else has the id of something in it.
            StoreUnusable: its secrets were sealed with another key.
        """
        self._session.check_open()
        return [Volume(self._session, one) for one in self._session.documents.load(text) if listed(one)]

    def close(self) -> None:
        """Stop the back ends, and forget what is not stored; closing twice is not an error.

        What is connected or attached stays so. Calls in work on other threads end as they will.
        """
        if os.getpid() != self._process:
            # In a child of the process, which has neither its threads nor its lease.
            return
        atexit.unregister(self.close)
        with self._closing:
            close, self._close = self._close, _nothing
        self._session.close()
        close()


def _nothing() -> None:
    """Do nothing."""
