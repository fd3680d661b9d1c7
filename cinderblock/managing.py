"""How what a back end has already becomes ours, and how it is given back: volumes and snapshots alike.

Most back ends rename what they hand over, so a call that was cut off cannot
simply be repeated: the name that was given may be gone. It is looked for under
both names then, and what was renamed already is taken over from its new name,
under another Cinder id. Nothing here ever deletes anything on a back end.
"""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Generic

from cinderblock.driver import Driver, Reference
from cinderblock.engine import Engine, every
from cinderblock.errors import (
    AlreadyExists,
    BackendUnavailable,
    CinderblockError,
    InUse,
    InvalidRequest,
    NotFound,
    OperationPending,
)
from cinderblock.ids import UUID
from cinderblock.intents import Driven, changed
from cinderblock.outcome import able, never_final
from persistence.port import Table
from persistence.records import SnapshotRecord, Status, VolumeRecord

Check = Callable[[Driven], None]


class Managing(Generic[Driven]):
    """Takes over and gives back what is recorded in one table; the caller holds the record's id."""

    def __init__(self, engine: Engine, table: Table[Driven]) -> None:
        self._engine = engine
        self._table = table

    def begin(self, driver: Driver, fresh: Driven, check: Check[Driven]) -> Driven:
        """Take over what `fresh.wanted_reference` says.

        Args:
            driver: the back end's.
            fresh: the new record, in MANAGING.
            check: refuses what is found, with its size; called before anything is changed.

        Raises:
            AlreadyExists: it is ours already.
            InvalidRequest: there is no such thing on the back end, or it cannot be taken over.
        """
        with self._engine.intents.opened(self._table, fresh) as held:
            return self._take(driver, self._untouched(driver, held, check))

    def resume(self, driver: Driver, left: Driven, check: Check[Driven] = lambda _: None) -> Driven:
        """Go on with what was cut off.

        Raises:
            NotFound: the back end has it under neither name; the record stays.
            InvalidRequest, AlreadyExists: as in `begin`.
        """
        with self._engine.intents.taken(self._table, left) as held:
            # The size is recorded just before the driver is called, so it tells whether that was.
            found = self._found_again(driver, held) if held.size_gib else self._untouched(driver, held, check)
            return self._take(driver, found)

    def give_back(self, found: Driven, free: Callable[[Driver, Driven], Driven]) -> Reference:
        """Forget what is recorded, and leave to the back end what it has; return where that is found from now on.

        Args:
            found: the record.
            free: refuses, now that the intent is recorded, what must not go, and takes it out of what it is in; returns
                the record as it is held then.

        Raises:
            InUse: what `free` says.
            InvalidRequest: the driver cannot let go of it.
        """
        intents, slot = self._engine.intents, self._engine.backends.get(found.backend).slot()
        what = f"giving {found.name!r} back to back end {found.backend!r}"
        with slot as driver, intents.taken(self._table, found, status=Status.UNMANAGING) as held:
            try:
                alone = free(driver, held)
                with able(what), intents.effect(what):
                    now = driver.reference(alone)
                    driver.unmanage(alone)
            except (InvalidRequest, OperationPending, InUse):
                intents.finish(self._table, held, status=found.status)
                raise
            intents.forget(self._table, alone)
            return now

    def _untouched(self, driver: Driver, held: Driven, check: Check[Driven]) -> Driven:
        """Look at what the driver has not begun with, and return it with its size; a refusal forgets the record."""
        what = f"looking for {dict(held.wanted_reference)} on back end {held.backend!r}"
        try:
            self._check_nobodys(held)
            with able(what), self._engine.intents.effect(what):
                size_gib = driver.size_gib_of(held, held.wanted_reference)
            check(replace(held, size_gib=size_gib))
        except CinderblockError:
            self._engine.intents.forget(self._table, held)
            raise
        return self._engine.intents.note(self._table, held, size_gib=size_gib)

    def _take(self, driver: Driver, held: Driven) -> Driven:
        intents = self._engine.intents
        what = f"taking over {dict(held.wanted_reference)} of back end {held.backend!r} as {held.name!r}"
        try:
            with able(what), intents.effect(what):
                update = driver.manage(held, held.wanted_reference)
        except BackendUnavailable:
            raise
        except CinderblockError:
            # Refused, or begun and given up half-way? Only what has its old name still may be forgotten.
            with never_final(what), intents.effect(what):
                driver.size_gib_of(held, held.wanted_reference)
            intents.forget(self._table, held)
            raise
        result = {"status": Status.AVAILABLE, "wanted_reference": {}}
        return intents.finish(self._table, held, lambda stored: {**changed(stored, update), **result})

    def _found_again(self, driver: Driver, held: Driven) -> Driven:
        """Return the record with the name under which the back end has it now."""
        with self._engine.intents.effect(f"naming {held.name!r}"):
            own = dict(driver.reference(held))
        # What has an id of the back end's keeps that, and a driver that finds things by it may not know their names.
        if own.keys() == held.wanted_reference.keys() and self._is_there(driver, held, own):
            return self._engine.intents.note(self._table, held, cinder_id=str(uuid.uuid4()), wanted_reference=own)
        if self._is_there(driver, held, held.wanted_reference):
            return held
        raise NotFound(
            f"back end {held.backend!r} has neither {dict(held.wanted_reference)} nor {own}, one of which is to be "
            f"{held.name!r}; look for it there, then unmanage {held.id!r}"
        )

    def _is_there(self, driver: Driver, held: Driven, reference: Reference) -> bool:
        try:
            with self._engine.intents.effect(f"looking for {dict(reference)} on back end {held.backend!r}"):
                driver.size_gib_of(held, reference)
        except InvalidRequest:
            return False
        return True

    def _check_nobodys(self, held: Driven) -> None:
        """Refuse what is ours already; of two who take over the same thing at once, one sees the other's intent."""
        for other in every(self._table, backend=held.backend):
            if other.id != held.id and _same_place(held, other):
                self._refuse(held, other)
        for cinder_id in UUID.findall(" ".join(held.wanted_reference.values())):
            for known in self._known_as(cinder_id.lower()):
                self._refuse(held, known)

    def _known_as(self, cinder_id: str) -> list[VolumeRecord | SnapshotRecord]:
        store = self._engine.store
        return [*every(store.volumes, cinder_id=cinder_id), *every(store.snapshots, cinder_id=cinder_id)]

    def _refuse(self, held: Driven, other: VolumeRecord | SnapshotRecord) -> None:
        if other.status is Status.MANAGING and self._engine.at_work(other):
            raise OperationPending(f"{dict(held.wanted_reference)} is being taken over as {other.name!r}; ask again")
        raise AlreadyExists(
            f"{dict(held.wanted_reference)} of back end {held.backend!r} is {other.name!r} ({other.id}) already; "
            "if it is another one by now, rename it there first"
        )


def _same_place(held: VolumeRecord | SnapshotRecord, other: VolumeRecord | SnapshotRecord) -> bool:
    """Tell whether both were found in the same place; a snapshot's name may count within its volume only."""
    wanted = dict(held.wanted_reference)
    return wanted in (dict(other.reference), dict(other.wanted_reference)) and _within(held) == _within(other)


def _within(record: VolumeRecord | SnapshotRecord) -> str:
    return record.volume_cinder_id if isinstance(record, SnapshotRecord) else ""
