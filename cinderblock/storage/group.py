"""A group snapshot as programs have it: several volumes as they were at one moment."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from cinderblock import ids
from cinderblock.errors import BackendUnavailable, InvalidRequest, OperationPending
from cinderblock.grouped import PREFIX, Group
from cinderblock.storage import checks
from cinderblock.storage.session import Session
from cinderblock.storage.snapshot import Snapshot
from cinderblock.wanted import WantedGroup, WantedSnapshot
from persistence.errors import PersistenceError
from persistence.records import VolumeRecord


class GroupSnapshot:
    """A group snapshot: one snapshot of each of its volumes, which come and go together."""

    def __init__(self, session: Session, group: Group) -> None:
        self._session = session
        self._group = group

    def __repr__(self) -> str:
        return f"<GroupSnapshot {self.id} {self.name!r} of {len(self._group.members)}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GroupSnapshot) and (other.id, other.created_at) == (self.id, self.created_at)

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def id(self) -> str:
        """The id: the caller's, or one that was made up."""
        return self._group.id

    @property
    def name(self) -> str:
        """The name; the id when none was given."""
        return self._group.name

    @property
    def created_at(self) -> datetime:
        """When it was asked for."""
        return datetime.fromtimestamp(self._group.created_at, UTC)

    @property
    def volume_ids(self) -> Sequence[str]:
        """The ids of its volumes, which may be gone."""
        return sorted(self._group.members)

    def snapshots(self) -> list[Snapshot]:
        """Return its snapshots, in the order of `volume_ids`; each can be restored by itself.

        Raises:
            NotFound: it is gone.
        """
        _, records = self._session.ask(partial(self._session.library.groups.get, self.id))
        by_volume = {record.volume_id: record for record in records}
        return [Snapshot(self._session, by_volume[volume_id]) for volume_id in self.volume_ids]

    def delete(self) -> None:
        """Remove it with all of its snapshots; one that is gone is success.

        Raises:
            InUse: the back end needs one of them for a volume that was made from it.
        """
        stored = self._session.store.key_values.get(PREFIX + self.id)
        if stored is None or stored.created_at != self._group.created_at:
            return
        found = (self._session.store.snapshots.get(snapshot_id) for snapshot_id in self._group.members.values())
        for backend in {self._group.backend, *(snapshot.backend for snapshot in found if snapshot)} - {""}:
            self._session.need(backend)
        self._session.ask(partial(self._session.library.groups.delete, self.id))


def create(session: Session, volumes: Sequence[VolumeRecord], *, id: str | None, name: str) -> Group:
    """Take a group snapshot, or return the one that has the id and is of these volumes.

    Raises: what `cinderblock.group.Groups.create` does, and
        InvalidRequest: there is no volume, or one twice.
    """
    volume_ids = sorted({volume.id for volume in volumes})
    if not volume_ids or len(volume_ids) != len(volumes):
        msg = f"a group snapshot is of one volume or more, each once, not of {[volume.id for volume in volumes]}"
        raise InvalidRequest(msg)
    group_id = str(uuid.uuid4()) if id is None else checks.identifier(id)
    wanted_name = checks.text("name", name) or group_id
    wanted = WantedGroup(
        id=group_id,
        name=wanted_name,
        members=tuple(
            WantedSnapshot(
                id=ids.derived(f"group-member/{group_id}/{volume_id}"),
                name=f"{wanted_name}/{number}",
                volume_id=volume_id,
                group_id=group_id,
            )
            for number, volume_id in enumerate(volume_ids)
        ),
    )
    for volume in volumes:
        session.need(volume.backend)
    groups = session.library.groups
    try:
        made, _ = session.ask(partial(groups.create, wanted))
    except (BackendUnavailable, OperationPending, PersistenceError) as error:
        if id is None:
            # Nobody can ask for it again, so what may be there goes, now or when it can.
            undo = partial(groups.delete, group_id)
            lane = volumes[0].backend
            session.library.leftovers.attempt(f"undoing group snapshot {group_id}", undo, lane=lane)
        else:
            error.add_note(f"ask again for {group_id!r}: what was begun is then finished, or begun anew")
        raise
    return made
