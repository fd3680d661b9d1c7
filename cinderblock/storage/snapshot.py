"""A snapshot as programs have it: a record as it was last seen, and what can be done with it."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from cinderblock.driver import Reference
from cinderblock.storage.creation import Wishes, copy
from cinderblock.storage.recorded import Recorded
from cinderblock.storage.session import Session, same
from persistence.records import SnapshotRecord

if TYPE_CHECKING:
    from cinderblock.storage.volume import Volume


class Snapshot(Recorded[SnapshotRecord]):
    """A snapshot; as with `Volume`, what it says of itself was so when it was last looked at."""

    def __init__(self, session: Session, record: SnapshotRecord) -> None:
        super().__init__("snapshot", session, record, session.store.snapshots)

    def __repr__(self) -> str:
        return f"<Snapshot {self.id} {self.name!r} of {self.volume_id} {self.status}>"

    @property
    def volume_id(self) -> str:
        """The id of the volume that it is of, which may be gone."""
        return self.record.volume_id

    def delete(self) -> None:
        """Remove the snapshot; one that is gone is success.

        Raises:
            InUse: the back end needs it for a volume that was made from it.
        """
        if same(self._session.store.snapshots, self.record) is not None:
            self._session.need(self.backend)
            self._session.ask(partial(self._session.library.snapshots.delete, self.id))

    def unmanage(self) -> Reference:
        """Forget the snapshot, which its back end keeps with its content; one that is gone is success.

        Returns:
            Where the back end has it from now on, as `Volume.manage_snapshot` takes it; empty for one that is gone.

        Raises:
            InUse: a volume is on its way back to it, or it is half made or half deleted, or its volume was deleted.
            InvalidRequest: it belongs to a group snapshot, or the driver cannot let go of it.
        """
        if same(self._session.store.snapshots, self.record) is None:
            return {}
        self._session.need(self.backend)
        return self._session.ask(partial(self._session.library.snapshots.unmanage, self.id))

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
