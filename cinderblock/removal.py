"""How a volume goes: at once, or when the last snapshot that needs it has gone."""

from dataclasses import replace
from functools import partial

from cinderblock.driver import Driver
from cinderblock.engine import Engine, every
from cinderblock.errors import InUse, OperationPending
from cinderblock.intents import abandoned
from cinderblock.membership import Memberships
from persistence.records import Status, VolumeRecord


class Removal:
    """Removes volumes and tombstones."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._table = engine.store.volumes
        self._memberships = Memberships(engine)

    def remove(self, found: VolumeRecord) -> None:
        """Remove a volume that the caller holds, in whatever state somebody dead left it.

        Raises:
            InUse: it is published, or the back end needs it.
            OperationPending: it is being copied.
        """
        # Whoever publishes holds the volume's record meanwhile, so `taken` fails when this is not true any more.
        self._check_unpublished(found)
        with self._engine.backends.get(found.backend).slot() as driver:
            entombed = self._delete_or_entomb(driver, found)
        if entombed:
            # The snapshot that needed it may have been given up before there was a tombstone to go with it.
            self.reap_later(found.cinder_id, backend=found.backend)

    def resume(self, left: VolumeRecord) -> None:
        """Finish a deletion that was cut off, or undo such a creation that nobody will ask for again.

        A volume that was made of the same name since is left alone.
        """
        with self._engine.inflight.hold(left.id):
            found = self._table.get(left.id)
            if found is None or found.cinder_id != left.cinder_id:
                return
            if found.status is Status.DELETING or abandoned(found):
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
        if held.id == held.cinder_id or not self._needed(held):
            return False
        if self._table.get(held.cinder_id) is None:
            tombstone = replace(held, id=held.cinder_id, status=Status.TOMBSTONE, owner="", revision="")
            self._table.insert(tombstone)
        self._engine.intents.forget(self._table, held)
        return True

    def _needless(self, volume_cinder_id: str) -> VolumeRecord | None:
        """Return the tombstone, if there is one, when no snapshot needs it."""
        found = self._table.get(volume_cinder_id)
        return None if found is None or self._needed(found) else found

    def _needed(self, volume: VolumeRecord) -> bool:
        """Tell whether the back end has snapshots of the volume; a snapshot's tombstone says that it is gone there."""
        snapshots = every(self._engine.store.snapshots, volume_cinder_id=volume.cinder_id)
        return any(snapshot.status is not Status.TOMBSTONE for snapshot in snapshots)

    def _check_unpublished(self, volume: VolumeRecord) -> None:
        nodes = [connection.node_id for connection in self._engine.connections_of(volume)]
        if nodes:
            msg = f"volume {volume.name!r} is published to {', '.join(nodes)}; unpublish it first"
            raise InUse(msg)


def _before(found: VolumeRecord) -> Status:
    """Return the state that a refused removal goes back to."""
    return Status.TOMBSTONE if found.id == found.cinder_id else found.status
