"""The persistence that comes with the library: memory, a database, and any plugin, as programs ask for it."""

from contextlib import ExitStack
from typing import Any

from cinderblock.cinderlib.kept import key_value_id
from cinderblock.compat.cinderlib import finding
from cinderblock.compat.cinderlib.object import KeyValue, Object
from cinderblock.compat.cinderlib.persistence.plugin import PersistenceDriverBase
from cinderblock.compat.cinderlib.process import current, temporary_folder
from cinderblock.engine import every
from persistence.port import R, Store, Table
from persistence.records import KeyValueRecord


class Persistence(PersistenceDriverBase):
    """What the storage of this process has stored, as cinderlib's objects."""

    def open_store(self, undo: ExitStack) -> str | Store:
        """Return where records are kept, as `open_storage` takes it; what must be taken back goes on the stack."""
        raise NotImplementedError

    def get_volumes(
        self, volume_id: str | None = None, volume_name: str | None = None, backend_name: str | None = None
    ) -> list[Any]:
        found = finding.volumes(
            current().session, volume_id=volume_id or "", name=volume_name or "", backend=backend_name or ""
        )
        return [Object.volume_class.of(one) for one in found]

    def get_snapshots(
        self, snapshot_id: str | None = None, snapshot_name: str | None = None, volume_id: str | None = None
    ) -> list[Any]:
        found = finding.snapshots(
            current().session, snapshot_id=snapshot_id or "", name=snapshot_name or "", volume_id=volume_id or ""
        )
        return [Object.snapshot_class.of(one) for one in found]

    def get_connections(self, connection_id: str | None = None, volume_id: str | None = None) -> list[Any]:
        found = finding.connections(current().session, connection_id=connection_id or "", volume_id=volume_id or "")
        return [Object.connection_class.of(one) for one in found]

    def get_key_values(self, key: str | None = None) -> list[KeyValue]:
        table = current().session.store.key_values
        if key is not None:
            found = table.get(key_value_id(key))
            return [] if found is None else [KeyValue(key, found.value)]
        own = key_value_id("")
        return [KeyValue(one.id.removeprefix(own), one.value) for one in every(table) if one.id.startswith(own)]

    def set_volume(self, volume: Any) -> None:
        volume.save()

    def set_snapshot(self, snapshot: Any) -> None:
        snapshot.save()

    def set_connection(self, connection: Any) -> None:
        connection.save()

    def set_key_value(self, key_value: Any) -> None:
        table = current().session.store.key_values

        def write() -> None:
            found = table.get(key_value_id(key_value.key))
            if found is None:
                table.insert(KeyValueRecord(id=key_value_id(key_value.key), value=key_value.value or ""))
            else:
                table.replace(KeyValueRecord(id=found.id, revision=found.revision, value=key_value.value or ""))

        current().session.ask(write)

    def delete_volume(self, volume: Any) -> None:
        _forget(current().session.store.volumes, volume)

    def delete_snapshot(self, snapshot: Any) -> None:
        _forget(current().session.store.snapshots, snapshot)

    def delete_connection(self, connection: Any) -> None:
        _forget(current().session.store.connections, connection)

    def delete_key_value(self, key: Any) -> None:
        table, name = current().session.store.key_values, getattr(key, "key", key)

        def forget() -> None:
            found = table.get(key_value_id(str(name)))
            if found is not None:
                table.delete(found)

        current().session.ask(forget)


class MemoryPersistence(Persistence):
    """Gone with the process."""

    def open_store(self, undo: ExitStack) -> str:  # noqa: ARG002 - nothing needs to be taken back
        return "memory:"


class DBPersistence(Persistence):
    """A database.

    Args:
        connection: its URL.
        sqlite_synchronous: taken for compatibility; what is stored is always on the disk.
        soft_deletes: taken for compatibility; what is deleted is gone.
    """

    def __init__(self, connection: str, sqlite_synchronous: bool = True, soft_deletes: bool = False) -> None:  # noqa: ARG002 - cinderlib's signature
        super().__init__()
        self._connection = connection

    def open_store(self, undo: ExitStack) -> str:  # noqa: ARG002 - the storage closes it
        return self._connection


class MemoryDBPersistence(Persistence):
    """A database that is gone with the process."""

    def open_store(self, undo: ExitStack) -> str:
        return f"sqlite:///{temporary_folder(undo)}/volumes.db"


def _forget(table: Table[R], resource: Any) -> None:
    """Remove what is stored of an object, and nothing else: the back end is not asked."""
    session = current().session

    def forget() -> None:
        found = table.get(resource.stored.id) if resource.stored is not None else None
        if found is not None:
            session.library.engine.intents.check(found)
            table.delete(found)

    session.ask(forget)
    resource.gone()
