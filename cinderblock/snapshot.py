"""Snapshots: what can be done with them, over any driver and any store."""

import time
from contextlib import ExitStack

from cinderblock.adoption import Adoption
from cinderblock.driver import Driver, Reference
from cinderblock.engine import Engine, every, fresh_id
from cinderblock.errors import (
    AlreadyExists,
    BackendUnavailable,
    CinderblockError,
    InUse,
    InvalidRequest,
    OperationPending,
)
from cinderblock.intents import abandoned, changed, exists, ready
from cinderblock.lookup import Lookup
from cinderblock.outcome import never_final
from cinderblock.removal import Removal, check_ours
from cinderblock.wanted import WantedSnapshot
from persistence.records import SnapshotRecord, Status, VolumeRecord


class Snapshots(Lookup[SnapshotRecord]):
    """Verbs on snapshots; each may be repeated until it succeeds.

    Every verb may raise `OperationPending`, `RecordChanged`, `StoreUnavailable`
    and `BackendUnavailable`; each means: ask again.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine.store.snapshots, "snapshot")
        self._engine = engine
        self._removal = Removal(engine)
        self._adoption = Adoption(engine)
        self._volumes = engine.store.volumes

    def create(self, wanted: WantedSnapshot) -> SnapshotRecord:
        """Return the wanted snapshot, taking it if it is not there yet.

        Raises:
            AlreadyExists: the name is taken by a snapshot of another volume.
            NotFound: the volume does not exist.
            OutOfSpace: no room.
            InUse: the volume's state forbids it.
        """
        with self._engine.inflight.hold(wanted.id):
            found = self._table.get(wanted.id)
            if found is not None and ready(found):
                wanted.check_fits(found, self._volumes.get(wanted.volume_id))
                return found
            return self._take(wanted)

    def manage(self, wanted: WantedSnapshot, reference: Reference) -> SnapshotRecord:
        """Return the wanted snapshot, taking over what the volume's back end has under `reference`, with its content.

        Nobody knows when it was taken: its time is that of the taking over.

        Args:
            wanted: the snapshot.
            reference: {"source-name": …} or {"source-id": …}, as the driver wants it.

        Raises:
            AlreadyExists: the name is taken by another snapshot, or what is there is ours already.
            NotFound: the volume does not exist, or what an earlier call began with has gone.
            InvalidRequest: the back end has no such thing, or cannot take it over.
        """
        with self._engine.inflight.hold(wanted.id):
            found = self._table.get(wanted.id)
            if found is None or not (ready(found) or found.status is Status.MANAGING):
                if found is not None:
                    self._clear(wanted)
                return self._adoption.begin(wanted, reference)
            if (found.volume_id, dict(found.reference)) != (wanted.volume_id, dict(reference)):
                msg = f"there is a snapshot {found.name!r} of volume {found.volume_id!r} already; use another name"
                raise AlreadyExists(msg)
            return found if ready(found) else self._adoption.resume(found)

    def unmanage(self, snapshot_id: str) -> Reference:
        """Forget a snapshot, which its back end keeps; one that is absent is success.

        Returns:
            Where the back end has it from now on, empty where there was none.

        Raises:
            InUse: a volume is on its way back to it, or it is half made or half deleted.
            InvalidRequest: it belongs to a group snapshot, or the driver cannot let go of it.
        """
        with self._engine.inflight.hold(snapshot_id):
            found = self._table.get(snapshot_id)
            if found is None or found.status is Status.TOMBSTONE:
                return {}
            _check_alone(found, with_group=False)
            if found.status in (Status.CREATING, Status.DELETING):
                msg = f"snapshot {found.name!r} is {found.status}; delete it, or create it again"
                raise InUse(msg)
            return self._adoption.give_back(found, self._check_free)

    def delete(self, snapshot_id: str, *, with_group: bool = False) -> None:
        """Remove a snapshot; one that is absent is success.

        Args:
            snapshot_id: the snapshot.
            with_group: whether the group snapshot that it belongs to is removed as well.

        Raises:
            InUse: the back end needs it for a volume that was made from it.
            InvalidRequest: it belongs to a group snapshot.
        """
        with self._engine.inflight.hold(snapshot_id):
            found = self._table.get(snapshot_id)
            if found is None:
                return
            _check_alone(found, with_group=with_group)
            self._remove(found)

    def resume(self, left: SnapshotRecord) -> None:
        """Finish a deletion or a taking over that was cut off, or undo such a creation that nobody will ask for again.

        A snapshot that was taken of the same name since is left alone.
        """
        with self._engine.inflight.hold(left.id):
            found = self._table.get(left.id)
            if found is None or found.cinder_id != left.cinder_id:
                return
            if found.status is Status.MANAGING:
                self._adoption.resume(found)
            elif _goes(found):
                self._remove(found)

    def bury(self, gone: SnapshotRecord) -> None:
        """Remove the record of a snapshot that the back end has no more, and a volume that waited for its end.

        Until then it is a tombstone itself: of two snapshots that go at the same time, one sees that the other
        has gone.
        """
        self._removal.reap(gone.volume_cinder_id, backend=gone.backend)
        self._table.delete(gone)

    def check_undisturbed(self, held: SnapshotRecord) -> None:
        """Refuse while a volume is made from the snapshot, or while its own volume goes: see `check_not_copied`.

        Raises:
            OperationPending: naming who is in the way.
            InUse: its volume was on the way back to it when that was cut off.
        """
        for copy in every(self._engine.store.volumes, source_cinder_id=held.cinder_id):
            self._engine.check_copy(held, copy)
        for volume in every(self._volumes, cinder_id=held.volume_cinder_id):
            at_work = self._engine.at_work(volume)
            if volume.status is Status.DELETING and at_work:
                msg = f"volume {volume.name!r} of snapshot {held.name!r} is being deleted; ask again"
                raise OperationPending(msg)
            if at_work or volume.wanted_snapshot_cinder_id == held.cinder_id:
                self._engine.check_content(volume, at_work=at_work)

    def _take(self, wanted: WantedSnapshot) -> SnapshotRecord:
        cinder_id = self._clear(wanted)
        volume = self._engine.source_volume(wanted.volume_id)
        backend, intents = self._engine.backends.get(volume.backend), self._engine.intents
        backend.check_reachable(wanted.reachable_from)
        new = wanted.record(volume, cinder_id, created_at=time.time())
        with ExitStack() as afterwards, backend.slot() as driver, intents.opened(self._table, new) as held:
            self._check_source(driver, volume, held, afterwards)
            try:
                with intents.effect(f"taking snapshot {held.name!r}"):
                    update = driver.create_snapshot(held)
            except BackendUnavailable:
                raise
            except (CinderblockError, NotImplementedError):
                self._undo(driver, held)
                raise
            return intents.finish(
                self._table, held, lambda stored: {**changed(stored, update), "status": Status.AVAILABLE}
            )

    def _check_source(self, driver: Driver, volume: VolumeRecord, held: SnapshotRecord, afterwards: ExitStack) -> None:
        """Look at the volume once more, now that the intent protects it; the driver was not called yet."""
        try:
            self._engine.check_unchanged(volume)
            self._engine.check_copyable(driver, volume, copy=held)
        except CinderblockError:
            self._engine.intents.forget(self._table, held)
            # The volume may have become a tombstone for the sake of this snapshot: it goes when the slot is free.
            afterwards.callback(self._removal.reap_later, held.volume_cinder_id, backend=held.backend)
            raise

    def _clear(self, wanted: WantedSnapshot) -> str:
        """Undo what is left of a snapshot; return the Cinder id for what comes next, as `Creation.clear` does."""
        left = self._table.get(wanted.id)
        if left is None:
            return fresh_id(self._table, wanted.cinder_id)
        if left.status is Status.MANAGING:
            self._engine.intents.check(left)
            msg = f"{left.name!r} is a snapshot whose taking over was cut off; repeat that, or use another name"
            raise AlreadyExists(msg)
        with never_final(f"clearing away what is left of snapshot {left.name!r}"):
            self._remove(left)
        return left.cinder_id if left.status is Status.CREATING else fresh_id(self._table, wanted.cinder_id)

    def _undo(self, driver: Driver, held: SnapshotRecord) -> None:
        intents, what = self._engine.intents, f"undoing snapshot {held.name!r}"
        intents.confirm(self._table, held)
        with never_final(what), intents.effect(what):
            driver.delete_snapshot(held)
        intents.forget(self._table, held)

    def _remove(self, found: SnapshotRecord) -> None:
        """Remove the snapshot, and with the last one its volume's tombstone; the record goes last."""
        if found.status is Status.UNMANAGING:
            self._adoption.give_back(found, self._check_free)
            return
        check_ours(self._engine, found)
        self.bury(found if found.status is Status.TOMBSTONE else self._destroy(found))

    def _destroy(self, found: SnapshotRecord) -> SnapshotRecord:
        intents, slot = self._engine.intents, self._engine.backends.get(found.backend).slot()
        with slot as driver, intents.taken(self._table, found, status=Status.DELETING) as held:
            try:
                self.check_undisturbed(held)
                for volume in every(self._volumes, cinder_id=held.volume_cinder_id):
                    self._engine.check_copyable(driver, volume, copy=held)
                if self._never_begun(driver, found):
                    return intents.finish(self._table, held, status=Status.TOMBSTONE)
                with intents.effect(f"deleting snapshot {held.name!r}"):
                    driver.delete_snapshot(held)
            except (InUse, OperationPending):
                intents.finish(self._table, held, status=found.status)
                raise
            return intents.finish(self._table, held, status=Status.TOMBSTONE)

    def _check_free(self, held: SnapshotRecord) -> None:
        self.check_undisturbed(held)
        for volume in every(self._volumes, cinder_id=held.volume_cinder_id):
            if not exists(volume) or volume.status is Status.DELETING:
                msg = f"the volume of snapshot {held.name!r} was deleted, and goes with it; delete the snapshot instead"
                raise InUse(msg)

    def _never_begun(self, driver: Driver, found: SnapshotRecord) -> bool:
        """Tell whether the driver was never called: the volume had gone before the intent, else it were a tombstone."""
        volumes = every(self._volumes, cinder_id=found.volume_cinder_id)
        return found.status is Status.CREATING and driver.abilities().snapshots_depend and not any(volumes)


def _goes(found: SnapshotRecord) -> bool:
    return found.status in (Status.DELETING, Status.UNMANAGING, Status.TOMBSTONE) or abandoned(found)


def _check_alone(found: SnapshotRecord, *, with_group: bool) -> None:
    if found.group_id and not with_group:
        msg = f"snapshot {found.name!r} belongs to group snapshot {found.group_id!r}; delete that one"
        raise InvalidRequest(msg)
