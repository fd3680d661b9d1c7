"""A snapshot as programs have it: a record as it was last seen, and what can be done with it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from cinderblock.errors import NotFound
from cinderblock.storage.creation import Wishes, copy
from cinderblock.storage.session import Session, same
from persistence.records import SnapshotRecord, Status

if TYPE_CHECKING:
    from cinderblock.storage.volume import Volume


class Snapshot:
    """A snapshot; as with `Volume`, what it says of itself was so when it was last looked at."""

    def __init__(self, session: Session, record: SnapshotRecord) -> None:
        self._session = session
        self.record = record

    def __repr__(self) -> str:
        return f"<Snapshot {self.id} {self.name!r} of {self.volume_id} {self.status}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Snapshot) and other.record.cinder_id == self.record.cinder_id

    def __hash__(self) -> int:
        return hash(self.record.cinder_id)

    @property
    def id(self) -> str:
        """The id: the caller's, or one that was made up."""
        return self.record.id

    @property
    def name(self) -> str:
        """The name; the id when none was given."""
        return self.record.name

    @property
    def description(self) -> str:
        """The description, "" without one."""
        return self.record.description

    @property
    def volume_id(self) -> str:
        """The id of the volume that it is of, which may be gone."""
        return self.record.volume_id

    @property
    def size_gib(self) -> int:
        """The volume's size when it was taken, in GiB."""
        return self.record.size_gib

    @property
    def status(self) -> Status:
        """Where it is in its life: "available", or what is being done with it."""
        return self.record.status

    @property
    def backend(self) -> str:
        """The name of its back end."""
        return self.record.backend

    @property
    def created_at(self) -> datetime:
        """When it was asked for."""
        return datetime.fromtimestamp(self.record.created_at, UTC)

    def reload(self) -> "Snapshot":
        """Look at the snapshot again; return this object.

        Raises:
            NotFound: it is gone.
        """
        self.record = self._mine()
        return self

    def delete(self) -> None:
        """Remove the snapshot; one that is gone is success.

        Raises:
            InUse: the back end needs it for a volume that was made from it.
        """
        if same(self._session.store.snapshots, self.record) is not None:
            self._session.need(self.backend)
            self._session.ask(partial(self._session.library.snapshots.delete, self.id))

    def create_volume(
        self,
        size_gib: int | None = None,
        *,
        id: str | None = None,
        name: str = "",
        description: str = "",
        pool: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> "Volume":
        """Return a new volume with the snapshot's content, and the specs of the volume that it is of.

        Args:
            size_gib: the snapshot's size, or more; None for the same.
            id: as for `Backend.create_volume`, and all that follows.
            pool: the snapshot's when "".

        Raises: what `Backend.create_volume` does, and
            NotFound: it is gone.
        """
        from cinderblock.storage.volume import Volume  # noqa: PLC0415 - volumes and snapshots make each other

        wishes = Wishes(id=id, name=name, description=description, pool=pool, metadata=metadata)
        return Volume(self._session, copy(self._session, self._mine(), size_gib, wishes))

    def _mine(self) -> SnapshotRecord:
        found = same(self._session.store.snapshots, self.record)
        if found is None or found.status is Status.TOMBSTONE:
            msg = f"there is no snapshot {self.id!r} any more"
            raise NotFound(msg)
        return found
