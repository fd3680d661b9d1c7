"""PORT: what Cinderblock asks of whatever remembers its records."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from persistence.keys import Where
from persistence.records import (
    ConnectionRecord,
    KeyValueRecord,
    NodeRecord,
    Record,
    SnapshotRecord,
    VolumeRecord,
)

R = TypeVar("R", bound=Record)


class Table(Protocol[R]):
    """Records of one kind, keyed by id, guarded by revision.

    Safe to use from several threads, and from several processes where the
    store is shared. What was returned from a verb survives a power cut.
    Every verb may raise `StoreUnavailable`, and `StoreUnusable` where what is stored is not what we stored.
    After `StoreUnavailable` it is not known whether a write was done, but it is settled: the next verb that
    is answered sees it, or nobody ever will. `RecordExists` and `RecordChanged` are never said of one's own write.
    """

    def get(self, record_id: str) -> R | None:
        """Return the record, or None."""

    def insert(self, record: R) -> R:
        """Store a new record and return it with its first revision.

        Raises:
            RecordExists: a record with this id is stored already.
            ValueError: the record cannot be stored as it is (`persistence.codec.encode`).
        """

    def replace(self, record: R) -> R:
        """Store a changed record and return it with its next revision.

        Raises:
            RecordChanged: the stored revision is not `record.revision`, or the record is gone.
            ValueError: the record cannot be stored as it is.
        """

    def delete(self, record: R) -> None:
        """Forget the record; what is gone already is not an error.

        Raises:
            RecordChanged: the stored revision is not `record.revision`.
        """

    def page(self, *, after: str = "", limit: int = 100, where: Where | None = None) -> Sequence[R]:
        """Return up to `limit` records with id > `after`, ordered by id.

        Args:
            after: the id of the last record of the page before, "" to begin.
            limit: how many at most, > 0.
            where: wanted values of fields in `R.INDEXED`; all must be there. Of several values for one field, given as
                a frozenset, one must; of none, nothing has one. A few thousand at most.

        Raises:
            ValueError: `limit` is not positive, `after` can be no id, or a field of `where` is not indexed.
        """


class Store(Protocol):
    """The five tables, and the way to close them."""

    @property
    def volumes(self) -> Table[VolumeRecord]:
        """Volumes, tombstones among them."""

    @property
    def snapshots(self) -> Table[SnapshotRecord]:
        """Snapshots."""

    @property
    def connections(self) -> Table[ConnectionRecord]:
        """Volumes published to nodes."""

    @property
    def nodes(self) -> Table[NodeRecord]:
        """Nodes that described themselves."""

    @property
    def key_values(self) -> Table[KeyValueRecord]:
        """Small facts of Cinderblock's own, leases among them."""

    def close(self) -> None:
        """Release files and connections; closing twice is not an error."""
