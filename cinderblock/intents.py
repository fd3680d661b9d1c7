"""Intent before effect: how a record goes into work and comes out of it.

`opened` or `taken` records what is about to happen and who does it; the driver
is called; `finish` or `forget` records the result. When the block ends in any
other way the record is let go as it is: it says what was going on, and whoever
asks again resumes. Only the end of the process leaves an owner behind, and
then `leases` says when another may resume.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from cinderblock.driver import Update
from cinderblock.errors import OperationPending, UnknownOutcome
from cinderblock.leases import Leases, process_of
from cinderblock.leftovers import Leftovers
from cinderblock.outcome import classified
from persistence.errors import PersistenceError, RecordChanged
from persistence.port import Table
from persistence.records import Json, Record, SnapshotRecord, Status, VolumeRecord

log = logging.getLogger(__name__)

R = TypeVar("R", bound=Record)
W = TypeVar("W")
Driven = TypeVar("Driven", bound=VolumeRecord | SnapshotRecord)

#: The parameter of an object whose id was made up for one call.
MADE_UP = "made-up-id"

#: How often a write reads again when the driver itself wrote to the record.
_ATTEMPTS = 10


class Intents:
    """Takes records into work and out of it, in the name of this process."""

    def __init__(self, leases: Leases, leftovers: Leftovers) -> None:
        self._leases = leases
        self._leftovers = leftovers

    @contextmanager
    def opened(self, table: Table[R], record: R) -> Iterator[R]:
        """Store a new record that is in work while the block runs.

        Raises:
            RecordExists: somebody was faster.
            OperationPending: this process has lost its lease.
        """
        self._leases.held()
        wanted = self._owned(record)
        with self._let_go(table, wanted):
            yield table.insert(wanted)

    @contextmanager
    def taken(self, table: Table[R], record: R, **changes: Any) -> Iterator[R]:  # noqa: ANN401 -- fields of R
        """Record the intent in `changes` on an existing record, which is in work while the block runs.

        Raises:
            OperationPending: a living process works on it, or this one has lost its lease.
            RecordChanged: somebody was faster.
        """
        self._leases.held()
        self.check(record)
        wanted = replace(self._owned(record), **changes)
        with self._let_go(table, wanted):
            yield table.replace(wanted)

    def check(self, record: Record) -> None:
        """Refuse a record that a living process works on.

        Raises:
            OperationPending: with the state that it is in.
        """
        if not self.may_take(record):
            status = getattr(record, "status", "stored")
            msg = f"process {process_of(record.owner)!r} is at work on {record.id} ({status}); ask again"
            raise OperationPending(msg)

    def may_take(self, record: Record) -> bool:
        """Tell whether no other living process works on the record."""
        return self._leases.may_take(record.owner)

    def confirm(self, table: Table[R], held: R) -> R:
        """Return the record as it is stored now, still in this piece of work.

        Raises:
            RecordChanged: another process has taken the record over.
        """
        stored = table.get(held.id)
        if stored is None or stored.owner != held.owner:
            msg = f"{held.id} was taken over by another process while it was in work; ask again"
            raise RecordChanged(msg)
        return stored

    def note(
        self,
        table: Table[R],
        held: R,
        result: Callable[[R], Mapping[str, Any]] | None = None,
        **changes: Any,  # noqa: ANN401 -- fields of R
    ) -> R:
        """Record how far the work has come, and stay at it; return the record that is held from now on.

        Takes and raises what `finish` does.
        """
        return self._recorded(table, held, result, changes)

    def finish(
        self,
        table: Table[R],
        held: R,
        result: Callable[[R], Mapping[str, Any]] | None = None,
        **changes: Any,  # noqa: ANN401 -- fields of R
    ) -> R:
        """Record the result and let go of the record.

        The driver may have saved to the record meanwhile: then the stored one is
        read again, and only its owner's word counts.

        Args:
            table: where the record is.
            held: what `opened` or `taken` gave.
            result: the changes, made from the record as it is stored now.
            changes: changes that do not depend on it.

        Raises:
            RecordChanged: another process has taken the record over.
            UnknownOutcome: the driver's answer cannot be stored.
        """
        return self._recorded(table, held, result, {"owner": "", **changes})

    def forget(self, table: Table[R], held: R) -> None:
        """Remove a record that this piece of work holds.

        Raises:
            RecordChanged: another process has taken the record over.
        """
        self._written(table, held, table.delete)

    @contextmanager
    def effect(self, what: str) -> Iterator[None]:
        """Surround a driver call: only known errors pass as they are.

        Raises:
            OperationPending: this process has lost its lease; the driver was not called.
            UnknownOutcome: the driver failed in a way that nobody classified.
        """
        self._leases.held()
        with classified(what):
            yield

    def _recorded(
        self, table: Table[R], held: R, result: Callable[[R], Mapping[str, Any]] | None, changes: Mapping[str, Any]
    ) -> R:
        def write(stored: R) -> R:
            try:
                return table.replace(replace(stored, **changes, **(result(stored) if result else {})))
            except PersistenceError:
                raise
            except Exception as error:  # what exists is real, whatever the driver said of it
                raise UnknownOutcome(f"what the driver said of {held.id} cannot be stored; ask again") from error

        return self._written(table, held, write)

    def _owned(self, record: R) -> R:
        return replace(record, owner=self._leases.new_work())

    @contextmanager
    def _let_go(self, table: Table[R], wanted: R) -> Iterator[None]:
        try:
            yield
        except BaseException:
            # An answer of the store may have been lost, too, so it is asked even when taking the record failed.
            self._leftovers.attempt(f"letting go of {wanted.id}", partial(self._release, table, wanted))
            raise

    def _release(self, table: Table[R], wanted: R) -> None:
        stored = table.get(wanted.id)
        if stored is not None and stored.owner == wanted.owner:
            self._written(table, stored, lambda stored: table.replace(replace(stored, owner="")))

    def _written(self, table: Table[R], held: R, write: Callable[[R], W]) -> W:
        stored = held
        for _ in range(_ATTEMPTS):
            try:
                return write(stored)
            except RecordChanged:
                log.debug("a record changed under a write; trying again", extra={"record": held.id})
                stored = self.confirm(table, held)
        msg = f"{held.id} changed {_ATTEMPTS} times while a result of work on it waited; ask again"
        raise RecordChanged(msg)


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


def exists(record: VolumeRecord | SnapshotRecord) -> bool:
    """Tell whether there is the object, for whoever only looks: it is there until its deletion is through.

    A tombstone has its Cinder id for its id, whatever is done with it.
    """
    beginning = (Status.CREATING, Status.MANAGING)
    return record.status not in (*beginning, Status.TOMBSTONE) and record.id != record.cinder_id


def ready(record: VolumeRecord | SnapshotRecord) -> bool:
    """Tell whether the object was made completely and is not on its way out."""
    beginning, going = (Status.CREATING, Status.MANAGING), (Status.DELETING, Status.UNMANAGING)
    return record.status not in (*beginning, *going, Status.TOMBSTONE)


def abandoned(record: VolumeRecord | SnapshotRecord) -> bool:
    """Tell whether nobody will ever ask again for what is being made, should the one who makes it die."""
    return record.status is Status.CREATING and MADE_UP in record.parameters
