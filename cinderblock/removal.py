"""How a volume goes: at once, or when the last snapshot that needs it has gone."""

from dataclasses import replace
from functools import partial

from cinderblock.driver import Driver, Reference
from cinderblock.engine import Engine
from cinderblock.errors import InUse, OperationPending
from cinderblock.intents import abandoned
from cinderblock.managing import Managing
from cinderblock.membership import Memberships
from persistence.records import SnapshotRecord, Status, VolumeRecord


class Removal:
    """Removes volumes and tombstones, and lets volumes go that the back end keeps."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._table = engine.store.volumes
        self._memberships = Memberships(engine)
        self._managing = Managing(engine, self._table)

    def remove(self, found: VolumeRecord) -> None:
        """Remove a volume that the caller holds, in whatever state somebody dead left it.

        One that was on its way back to the back end is not deleted there: it goes as it was to go.

        Raises:
            InUse: it is published, or the back end needs it, or nobody knows whether it is ours.
            OperationPending: it is being copied.
        """
        if found.status is Status.UNMANAGING:
            self.give_back(found)
            return
        check_ours(self._engine, found)
        self._engine.check_unpublished(found)
        with self._engine.backends.get(found.backend).slot() as driver:
            entombed = self._delete_or_entomb(driver, found)
        if entombed:
            # The snapshot that needed it may have been given up before there was a tombstone to go with it.
            self.reap_later(found.cinder_id, backend=found.backend)

    def give_back(self, found: VolumeRecord) -> Reference:
        """Forget a volume that the caller holds; return where the back end, which keeps it, has it from now on.

        Raises:
            InUse: it is published, or has snapshots, or nobody knows its content.
            InvalidRequest: the driver cannot let go of it.
            OperationPending: it is being copied.
        """
        self._engine.intents.check(found)
        self._check_free(found)
        return self._managing.give_back(found, self._freed)

    def resume(self, left: VolumeRecord) -> None:
        """Finish a deletion that was cut off, or undo such a creation that nobody will ask for again.

        A volume that was made of the same name since is left alone.
        """
        with self._engine.inflight.hold(left.id):
            found = self._table.get(left.id)
            if found is None or found.cinder_id != left.cinder_id:
                return
            if found.status in (Status.DELETING, Status.UNMANAGING) or abandoned(found):
                self.remove(found)

    def reap(self, volume_cinder_id: str, *, backend: str) -> None:
        """Remove a tombstone that no snapshot needs any more; anything else is left alone.

        One that the back end needs for something else is removed when it can be.
        """
        try:
            self._reap(volume_cinder_id)
        except InUse:
            self.reap_later(volume_cinder_id, backend=backend)

    def reap_later(self, volume_cinder_id: str, *, backend: str) -> None:
        """Do what `reap` does now, or when it can be done: nobody waits for it."""
        reap = partial(self._reap, volume_cinder_id)
        self._engine.leftovers.attempt(f"tombstone {volume_cinder_id}", reap, lane=backend)

    def _reap(self, volume_cinder_id: str) -> None:
        if self._needless(volume_cinder_id) is None:
            return
        with self._engine.inflight.hold(volume_cinder_id):
            found = self._needless(volume_cinder_id)
            if found is not None:
                self.remove(found)

    def _delete_or_entomb(self, driver: Driver, found: VolumeRecord) -> bool:
        """Delete the volume, or make it a tombstone when snapshots need it; tell whether it is one now."""
        intents, snapshots_depend = self._engine.intents, driver.abilities().snapshots_depend
        with intents.taken(self._table, found, status=Status.DELETING) as held:
            try:
                self._engine.check_not_copied(held)
                free = self._memberships.settle(driver, held)
                if snapshots_depend and self._entomb(free):
                    return True
                with intents.effect(f"deleting volume {free.name!r}"):
                    driver.delete(free)
            except (InUse, OperationPending):
                intents.finish(self._table, held, status=_before(found))
                raise
            intents.forget(self._table, free)
            return False

    def _entomb(self, held: VolumeRecord) -> bool:
        """Re-key a volume by its Cinder id when snapshots need it; tell whether that was so."""
        if held.id == held.cinder_id or not self._engine.snapshots_of(held):
            return False
        if self._table.get(held.cinder_id) is None:
            tombstone = replace(held, id=held.cinder_id, status=Status.TOMBSTONE, owner="", revision="")
            self._table.insert(tombstone)
        self._engine.intents.forget(self._table, held)
        return True

    def _freed(self, driver: Driver, held: VolumeRecord) -> VolumeRecord:
        self._check_free(held)
        return self._memberships.settle(driver, held)

    def _check_free(self, volume: VolumeRecord) -> None:
        self._engine.check_unpublished(volume)
        self._engine.check_not_copied(volume)
        self._engine.check_content(volume, at_work=False)
        names = ", ".join(repr(snapshot.name) for snapshot in self._engine.snapshots_of(volume))
        if names:
            raise InUse(
                f"volume {volume.name!r} has snapshots, which would be of nothing: {names}; unmanage or delete them"
            )

    def _needless(self, volume_cinder_id: str) -> VolumeRecord | None:
        """Return the tombstone, if there is one, when no snapshot needs it."""
        found = self._table.get(volume_cinder_id)
        return None if found is None or self._engine.snapshots_of(found) else found


def check_ours(engine: Engine, found: VolumeRecord | SnapshotRecord) -> None:
    """Refuse to delete what the back end had before, and of which nobody knows yet whether it is ours.

    Raises:
        InUse: taking it over was cut off.
        OperationPending: a living call takes it over.
    """
    if found.status is Status.MANAGING:
        engine.intents.check(found)
        raise InUse(
            f"taking over {found.name!r} was cut off, so nobody deletes it; repeat that, or unmanage it: {found.id}"
        )


def _before(found: VolumeRecord) -> Status:
    """Return the state that a refused removal goes back to."""
    return Status.TOMBSTONE if found.id == found.cinder_id else found.status
