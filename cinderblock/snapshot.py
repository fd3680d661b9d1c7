"""Snapshots: what can be done with them, over any driver and any store."""

import time
import uuid
from contextlib import ExitStack

from cinderblock.driver import Driver
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
from cinderblock.intents import abandoned, changed, ready
from cinderblock.lookup import Lookup
from cinderblock.outcome import never_final
from cinderblock.removal import Removal
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
                _check_fits(wanted, found, self._volumes.get(wanted.volume_id))
                return found
            return self._take(wanted)

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
            if found.group_id and not with_group:
                msg = f"snapshot {found.name!r} belongs to group snapshot {found.group_id!r}; delete that one"
                raise InvalidRequest(msg)
            self._remove(found)

    def resume(self, left: SnapshotRecord) -> None:
        """Finish a deletion that was cut off, or undo such a creation that nobody will ask for again.

        A snapshot that was taken of the same name since is left alone.
        """
        with self._engine.inflight.hold(left.id):
            found = self._table.get(left.id)
            if found is not None and found.cinder_id == left.cinder_id and _goes(found):
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
        """
        for copy in every(self._engine.store.volumes, source_cinder_id=held.cinder_id):
            self._engine.check_copy(held, copy)
        for volume in every(self._volumes, cinder_id=held.volume_cinder_id):
            if volume.status is Status.DELETING and self._engine.at_work(volume):
                msg = f"volume {volume.name!r} of snapshot {held.name!r} is being deleted; ask again"
                raise OperationPending(msg)

    def _take(self, wanted: WantedSnapshot) -> SnapshotRecord:
        cinder_id = self._clear(wanted.id)
        volume = self.source(wanted.volume_id)
        backend, intents = self._engine.backends.get(volume.backend), self._engine.intents
        backend.check_reachable(wanted.reachable_from)
        new = fresh(wanted, volume, cinder_id, created_at=time.time())
        with ExitStack() as afterwards, backend.slot() as driver, intents.opened(self._table, new) as held:
            self._check_source(volume, held, afterwards)
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

    def _check_source(self, volume: VolumeRecord, held: SnapshotRecord, afterwards: ExitStack) -> None:
        """Look at the volume once more, now that the intent protects it; the driver was not called yet."""
        try:
            _check_unchanged(volume, self.source(volume.id))
        except CinderblockError:
            self._engine.intents.forget(self._table, held)
            # The volume may have become a tombstone for the sake of this snapshot: it goes when the slot is free.
            afterwards.callback(self._removal.reap_later, held.volume_cinder_id, backend=held.backend)
            raise

    def _clear(self, snapshot_id: str) -> str:
        """Undo what is left of a snapshot; return the Cinder id for what comes next, as `Creation.clear` does."""
        left = self._table.get(snapshot_id)
        if left is None:
            return str(uuid.uuid4())
        with never_final(f"clearing away what is left of snapshot {left.name!r}"):
            self._remove(left)
        return left.cinder_id if left.status is Status.CREATING else str(uuid.uuid4())

    def source(self, volume_id: str) -> VolumeRecord:
        """Return a volume whose snapshot can be taken now.

        Raises:
            NotFound: there is none of this id.
        """
        volume = self._volumes.get(volume_id)
        if volume is not None and volume.status is Status.DELETING and self._engine.at_work(volume):
            # A deletion that is refused brings it back.
            msg = f"volume {volume.name!r} is being deleted; ask again"
            raise OperationPending(msg)
        if volume is None or not ready(volume):
            msg = f"there is no volume {volume_id!r}"
            raise NotFound(msg)
        if volume.status is Status.EXTENDING:
            msg = f"volume {volume.name!r} is being extended; ask again"
            raise OperationPending(msg)
        return volume

    def _undo(self, driver: Driver, held: SnapshotRecord) -> None:
        intents, what = self._engine.intents, f"undoing snapshot {held.name!r}"
        intents.confirm(self._table, held)
        with never_final(what), intents.effect(what):
            driver.delete_snapshot(held)
        intents.forget(self._table, held)

    def _remove(self, found: SnapshotRecord) -> None:
        """Remove the snapshot, and with the last one its volume's tombstone; the record goes last."""
        self.bury(found if found.status is Status.TOMBSTONE else self._destroy(found))

    def _destroy(self, found: SnapshotRecord) -> SnapshotRecord:
        intents, slot = self._engine.intents, self._engine.backends.get(found.backend).slot()
        with slot as driver, intents.taken(self._table, found, status=Status.DELETING) as held:
            try:
                self.check_undisturbed(held)
                if self._never_begun(driver, found):
                    return intents.finish(self._table, held, status=Status.TOMBSTONE)
                with intents.effect(f"deleting snapshot {held.name!r}"):
                    driver.delete_snapshot(held)
            except (InUse, OperationPending):
                intents.finish(self._table, held, status=found.status)
                raise
            return intents.finish(self._table, held, status=Status.TOMBSTONE)

    def _never_begun(self, driver: Driver, found: SnapshotRecord) -> bool:
        """Tell whether the driver was never called: the volume had gone before the intent, else it were a tombstone."""
        volumes = every(self._volumes, cinder_id=found.volume_cinder_id)
        return found.status is Status.CREATING and driver.abilities().snapshots_depend and not any(volumes)


def _goes(found: SnapshotRecord) -> bool:
    return found.status in (Status.DELETING, Status.TOMBSTONE) or abandoned(found)


def _check_unchanged(before: VolumeRecord, now: VolumeRecord) -> None:
    if (before.cinder_id, before.size_gib) != (now.cinder_id, now.size_gib):
        msg = f"volume {now.name!r} was changed while the snapshot was about to be taken; ask again"
        raise OperationPending(msg)


def _check_fits(wanted: WantedSnapshot, found: SnapshotRecord, volume: VolumeRecord | None) -> None:
    if found.volume_id != wanted.volume_id:
        msg = (
            f"snapshot {wanted.name!r} is of volume {found.volume_id!r}, "
            f"of {wanted.volume_id!r} wanted; use another name"
        )
        raise AlreadyExists(msg)
    if volume is not None and ready(volume) and volume.cinder_id != found.volume_cinder_id:
        msg = f"snapshot {wanted.name!r} is of an earlier volume {volume.name!r} than the one of now; use another name"
        raise AlreadyExists(msg)


def fresh(wanted: WantedSnapshot, volume: VolumeRecord, cinder_id: str, *, created_at: float) -> SnapshotRecord:
    """Return the record of a snapshot that is about to be taken."""
    return SnapshotRecord(
        id=wanted.id,
        cinder_id=cinder_id,
        created_at=created_at,
        name=wanted.name,
        description=wanted.description,
        backend=volume.backend,
        volume_id=volume.id,
        volume_cinder_id=volume.cinder_id,
        size_gib=volume.size_gib,
        status=Status.CREATING,
        group_id=wanted.group_id,
        parameters=wanted.parameters,
    )
