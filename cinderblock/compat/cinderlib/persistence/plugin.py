"""What a persistence plugin of cinderlib's kind is: a program's own place for volumes, snapshots and connections."""

import datetime as dt
from typing import Any


class PersistenceDriverBase:
    """The base class of plugins; each keeps objects and gives them back, as they were.

    A plugin may keep the objects themselves, or their `jsons`, which `cinderlib.load` reads.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Take options that nobody else has taken."""

    @property
    def db(self) -> Any:
        """What drivers once asked; the library answers them by itself."""
        return None

    def get_volumes(
        self, volume_id: str | None = None, volume_name: str | None = None, backend_name: str | None = None
    ) -> list[Any]:
        """Return the volumes that have all of these."""
        raise NotImplementedError

    def get_snapshots(
        self, snapshot_id: str | None = None, snapshot_name: str | None = None, volume_id: str | None = None
    ) -> list[Any]:
        """Return the snapshots that have all of these."""
        raise NotImplementedError

    def get_connections(self, connection_id: str | None = None, volume_id: str | None = None) -> list[Any]:
        """Return the connections that have all of these."""
        raise NotImplementedError

    def get_key_values(self, key: str | None = None) -> list[Any]:
        """Return the program's own facts, or the one of a key."""
        raise NotImplementedError

    def set_volume(self, volume: Any) -> None:
        """Keep a volume, new or not."""
        self.reset_change_tracker(volume)

    def set_snapshot(self, snapshot: Any) -> None:
        """Keep a snapshot, new or not."""
        self.reset_change_tracker(snapshot)

    def set_connection(self, connection: Any) -> None:
        """Keep a connection, new or not."""
        self.reset_change_tracker(connection)

    def set_key_value(self, key_value: Any) -> None:
        """Keep a fact, new or not."""

    def delete_volume(self, volume: Any) -> None:
        """Forget a volume; one that is gone is success."""
        self._set_deleted(volume)

    def delete_snapshot(self, snapshot: Any) -> None:
        """Forget a snapshot; one that is gone is success."""
        self._set_deleted(snapshot)

    def delete_connection(self, connection: Any) -> None:
        """Forget a connection; one that is gone is success."""
        self._set_deleted(connection)

    def delete_key_value(self, key: Any) -> None:
        """Forget a fact; one that is gone is success."""

    def get_fields(self, resource: Any) -> dict[str, Any]:
        """Return an object's fields by Cinder's names."""
        return dict(vars(resource._ovo))  # noqa: SLF001 - cinderlib's name of them

    def get_changed_fields(self, resource: Any) -> dict[str, Any]:
        """Return the fields that are to be kept: all of them."""
        return self.get_fields(resource)

    def reset_change_tracker(self, resource: Any, fields: object = None) -> None:
        """Do what plugins call after they have kept an object."""
        resource._ovo.obj_reset_changes(fields)  # noqa: SLF001 - cinderlib's name of it

    def _set_deleted(self, resource: Any) -> None:
        resource._ovo.deleted = True  # noqa: SLF001 - cinderlib's name of it
        resource._ovo.deleted_at = dt.datetime.now(dt.UTC)  # noqa: SLF001 - cinderlib's name of it
        resource._ovo.status = "deleted"  # noqa: SLF001 - cinderlib's name of it


class DB:
    """What plugins gave to drivers; the library answers them by itself."""

    def __init__(self, persistence_driver: PersistenceDriverBase) -> None:
        self.persistence = persistence_driver
