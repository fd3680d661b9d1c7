"""Intent before effect: how a record goes into work and comes out of it.

`begin` records what is about to happen and who does it; the driver is called;
`finish` records the result. Whatever cuts this short leaves a record that says
what was going on, and `begin` by somebody allowed to (see `leases`) resumes.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from cinderblock.driver import Update
from cinderblock.errors import CinderblockError, OperationPending, UnknownOutcome
from cinderblock.leases import Leases
from persistence.errors import PersistenceError, RecordChanged
from persistence.port import Table
from persistence.records import Json, Record, SnapshotRecord, Status, VolumeRecord

R = TypeVar("R", bound=Record)
Driven = TypeVar("Driven", VolumeRecord, SnapshotRecord)

#: How often `finish` reads again when the driver itself wrote to the record.
_ATTEMPTS = 10


class Intents:
    """Takes records into work and out of it, in the name of this process."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases

    def open(self, table: Table[R], record: R) -> R:
        """Store a new record, already in work.

        Raises:
            RecordExists: somebody was faster.
        """
        return table.insert(replace(record, owner=self._leases.owner))

    def begin(self, table: Table[R], record: R, **changes: Any) -> R:  # noqa: ANN401 -- fields of R
        """Record the intent in `changes` on an existing record.

        Raises:
            OperationPending: a living process works on it.
            RecordChanged: somebody was faster.
        """
        self.check(record)
        return table.replace(replace(record, owner=self._leases.owner, **changes))

    def check(self, record: Record) -> None:
        """Refuse a record that a living process works on.

        Raises:
            OperationPending: with the state that it is in.
        """
        if not self.may_take(record):
            status = getattr(record, "status", "in work")
            msg = f"{record.id} is {status} by process {record.owner!r}; ask again"
            raise OperationPending(msg)

    def may_take(self, record: Record) -> bool:
        """Tell whether no other living process works on the record."""
        return self._leases.may_take(record.owner)

    def finish(
        self,
        table: Table[R],
        record: R,
        result: Callable[[R], Mapping[str, Any]] | None = None,
        **changes: Any,  # noqa: ANN401 -- fields of R
    ) -> R:
        """Record the result and let go of the record.

        The driver may have saved to the record meanwhile, so the stored one is
        read again; only its owner's word counts.

        Args:
            table: where the record is.
            record: what `open` or `begin` returned.
            result: the changes, made from the record as it is stored now.
            changes: changes that do not depend on it.

        Raises:
            RecordChanged: another process has taken the record over.
        """
        for _ in range(_ATTEMPTS):
            stored = table.get(record.id)
            if stored is None or stored.owner != self._leases.owner:
                break
            try:
                return table.replace(replace(stored, owner="", **changes, **(result(stored) if result else {})))
            except RecordChanged:
                continue
        msg = f"{record.id} was changed by somebody else while it was in work; ask again"
        raise RecordChanged(msg)

    def forget(self, table: Table[R], record: R) -> None:
        """Remove a record that this process holds; one that is gone is success.

        Raises:
            RecordChanged: another process has taken the record over.
        """
        for _ in range(_ATTEMPTS):
            stored = table.get(record.id)
            if stored is None:
                return
            if stored.owner != self._leases.owner:
                break
            try:
                table.delete(stored)
            except RecordChanged:
                continue
            return
        msg = f"{record.id} was changed by somebody else while it was in work; ask again"
        raise RecordChanged(msg)

    @contextmanager
    def effect(self, what: str) -> Iterator[None]:
        """Surround a driver call: only known errors pass as they are.

        Raises:
            OperationPending: this process has lost its lease; the driver was not called.
            UnknownOutcome: the driver failed in a way that nobody classified.
        """
        self._leases.held()
        try:
            yield
        except (CinderblockError, PersistenceError, NotImplementedError):
            raise
        except Exception as error:  # a vendor's driver may raise anything
            msg = f"{what} failed and its outcome is not known; the reason is in the driver's log; ask again"
            raise UnknownOutcome(msg) from error


def changed(record: Driven, update: Update) -> dict[str, Any]:
    """Return the record's fields that a driver's update changes, with their new values.

    metadata and admin_metadata replace what was there; keys that the record
    has no field for are merged into `driver_data`; None means "nothing".
    """
    fields: dict[str, Any] = {}
    rest: dict[str, Json] = dict(record.driver_data)
    for key, value in update.items():
        if key == "provider_auth":
            fields[key] = str(value or "")
        elif key in ("metadata", "admin_metadata") and hasattr(record, key):
            fields[key] = {name: str(text) for name, text in value.items()} if isinstance(value, Mapping) else {}
        else:
            rest[key] = value
    return {**fields, "driver_data": rest}


def ready(record: VolumeRecord | SnapshotRecord) -> bool:
    """Tell whether the object was made completely and is not on its way out."""
    return record.status not in (Status.CREATING, Status.DELETING, Status.TOMBSTONE)
