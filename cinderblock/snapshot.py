"""Snapshots: what can be done with them, over any driver and any store."""

import time
import uuid

from cinderblock.driver import Driver
from cinderblock.engine import Engine, every
from cinderblock.errors import AlreadyExists, BackendUnavailable, CinderblockError, InUse, NotFound, OperationPending
from cinderblock.intents import changed, ready
from cinderblock.removal import Removal
from cinderblock.volume import Volumes
from cinderblock.wanted import WantedSnapshot
from persistence.records import SnapshotRecord, Status, VolumeRecord


class Snapshots:
    """Verbs on snapshots; each may be repeated until it succeeds.

    Every verb may raise `OperationPending`, `RecordChanged`, `StoreUnavailable`
    and `BackendUnavailable`; each means: ask again.
    """

    def __init__(self, engine: Engine, volumes: Volumes) -> None:
        self._engine = engine
        self._volumes = volumes
        self._removal = Removal(engine)
        self._table = engine.store.snapshots

    def get(self, snapshot_id: str) -> SnapshotRecord:
        """Return a snapshot that was made completely.

        Raises:
            NotFound: there is none of this id.
        """
        found = self._table.get(snapshot_id)
        if found is None or not ready(found):
            msg = f"there is no snapshot {snapshot_id!r}"
            raise NotFound(msg)
        return found

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
            if found is not None and found.status is Status.DELETING:
                self._remove(found)
                found = None
            if found is not None:
                _check_fits(wanted, found)
                if ready(found):
                    return found
            return self._take(wanted, found)

    def delete(self, snapshot_id: str) -> None:
        """Remove a snapshot; one that is absent is success.

        Raises:
            InUse: the back end needs it for a volume that was made from it.
        """
        with self._engine.inflight.hold(snapshot_id):
            found = self._table.get(snapshot_id)
            if found is not None:
                self._remove(found)

    def _take(self, wanted: WantedSnapshot, left: SnapshotRecord | None) -> SnapshotRecord:
        volume = self._source(wanted.volume_id)
        intents = self._engine.intents
        with self._engine.backends.get(volume.backend).slot() as driver:
            if left is None:
                held = intents.open(self._table, _fresh(wanted, volume))
            else:
                held = intents.begin(self._table, left)
                self._undo(driver, held)
            try:
                self._source(wanted.volume_id, held.volume_cinder_id)
                with intents.effect(f"taking snapshot {held.name!r}"):
                    update = driver.create_snapshot(held)
            except BackendUnavailable:
                raise
            except (CinderblockError, NotImplementedError):
                self._undo(driver, held)
                intents.forget(self._table, held)
                raise
        return intents.finish(self._table, held, lambda stored: {**changed(stored, update), "status": Status.AVAILABLE})

    def _source(self, volume_id: str, cinder_id: str = "") -> VolumeRecord:
        """Return the volume to take, once before the intent and once after it."""
        volume = self._volumes.get(volume_id)
        if cinder_id not in ("", volume.cinder_id):
            msg = f"volume {volume_id!r} was replaced by another of the same name; delete the snapshot first"
            raise NotFound(msg)
        if volume.status is Status.EXTENDING:
            msg = f"volume {volume.name!r} is being extended; ask again"
            raise OperationPending(msg)
        return volume

    def _undo(self, driver: Driver, held: SnapshotRecord) -> None:
        with self._engine.intents.effect(f"undoing snapshot {held.name!r}"):
            driver.delete_snapshot(held)

    def _remove(self, found: SnapshotRecord) -> None:
        intents = self._engine.intents
        with self._engine.backends.get(found.backend).slot() as driver:
            held = intents.begin(self._table, found, status=Status.DELETING)
            try:
                for copy in every(self._engine.store.volumes, source_cinder_id=held.cinder_id):
                    self._engine.check_copy(held, copy)
                with intents.effect(f"deleting snapshot {held.name!r}"):
                    driver.delete_snapshot(held)
            except (InUse, OperationPending):
                before = Status.AVAILABLE if ready(found) else found.status
                intents.finish(self._table, held, status=before)
                raise
            intents.forget(self._table, held)
        self._removal.reap(held.volume_cinder_id)


def _check_fits(wanted: WantedSnapshot, found: SnapshotRecord) -> None:
    if found.volume_id != wanted.volume_id:
        msg = (
            f"snapshot {wanted.name!r} is of volume {found.volume_id!r}, "
            f"of {wanted.volume_id!r} wanted; use another name"
        )
        raise AlreadyExists(msg)


def _fresh(wanted: WantedSnapshot, volume: VolumeRecord) -> SnapshotRecord:
    return SnapshotRecord(
        id=wanted.id,
        cinder_id=str(uuid.uuid4()),
        created_at=time.time(),
        name=wanted.name,
        description=wanted.description,
        backend=volume.backend,
        volume_id=volume.id,
        volume_cinder_id=volume.cinder_id,
        size_gib=volume.size_gib,
        status=Status.CREATING,
        parameters=wanted.parameters,
    )
