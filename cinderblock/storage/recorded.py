"""What volumes and snapshots have in common for a program: a record as it was last seen."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Generic, Self

from cinderblock.errors import NotFound
from cinderblock.storage.session import Kept, Session, same
from persistence.port import Table
from persistence.records import Status


class Recorded(Generic[Kept]):
    """A volume or a snapshot; what it says of itself was so when it was last looked at, or changed through it.

    Args:
        kind: what it is, in a word.
        session: what all objects of the storage share.
        record: as it was last seen.
        table: where it is kept.
    """

    def __init__(self, kind: str, session: Session, record: Kept, table: Table[Kept]) -> None:
        self._kind = kind
        self._session = session
        self._table: Table[Kept] = table
        self.record: Kept = record

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and other.record.cinder_id == self.record.cinder_id

    def __hash__(self) -> int:
        return hash(self.record.cinder_id)

    @property
    def id(self) -> str:
        """The id: the caller's, or one that was made up."""
        return self.record.id

    @property
    def name(self) -> str:
        """The name; the id when none was given. Several may have the same."""
        return self.record.name

    @property
    def description(self) -> str:
        """The description, "" without one."""
        return self.record.description

    @property
    def size_gib(self) -> int:
        """The size in GiB; a snapshot's is that of its volume when it was taken."""
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
        """When it was asked for, or taken over."""
        return datetime.fromtimestamp(self.record.created_at, UTC)

    @property
    def metadata(self) -> Mapping[str, str]:
        """Cinder's metadata."""
        return MappingProxyType(dict(self.record.metadata))

    def reload(self) -> Self:
        """Look again; return this object.

        Raises:
            NotFound: it is gone.
        """
        self.record = self._mine()
        return self

    def _mine(self) -> Kept:
        found = same(self._table, self.record)
        if found is None or found.status is Status.TOMBSTONE:
            msg = f"there is no {self._kind} {self.id!r} any more"
            raise NotFound(msg)
        return found
