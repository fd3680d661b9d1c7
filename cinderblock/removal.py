"""How a volume goes: at once, or when the last snapshot that needs it has gone."""

from dataclasses import replace

from cinderblock.engine import Engine
from cinderblock.errors import InUse, OperationPending
from persistence.records import Status, VolumeRecord


class Removal:
    """Removes volumes and tombstones."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._table = engine.store.volumes

    def remove(self, found: VolumeRecord) -> None:
        """Remove a volume that the caller holds, in whatever state somebody dead left it.

        Raises:
            InUse: it is published, or the back end needs it.
            OperationPending: it is being copied.
        """
        self._check_unpublished(found)
        intents = self._engine.intents
        with self._engine.backends.get(found.backend).slot() as driver:
            held = intents.begin(self._table, found, status=Status.DELETING)
            try:
                self._check_unpublished(held)
                self._engine.check_not_copied(held)
                if driver.abilities().snapshots_depend and self._entomb(held):
                    return
                with intents.effect(f"deleting volume {held.name!r}"):
                    driver.delete(held)
            except (InUse, OperationPending):
                intents.finish(self._table, held, status=_before(found))
                raise
            intents.forget(self._table, held)

    def reap(self, volume_cinder_id: str) -> None:
        """Remove a tombstone that no snapshot needs any more; anything else is left alone."""
        with self._engine.inflight.hold(volume_cinder_id):
            found = self._table.get(volume_cinder_id)
            if found is not None and not self._snapshots(found):
                self.remove(found)

    def _entomb(self, held: VolumeRecord) -> bool:
        """Re-key a volume by its Cinder id when snapshots need it; tell whether that was so."""
        if held.id == held.cinder_id or not self._snapshots(held):
            return False
        if self._table.get(held.cinder_id) is None:
            tombstone = replace(held, id=held.cinder_id, status=Status.TOMBSTONE, owner="", revision="")
            self._table.insert(tombstone)
        self._engine.intents.forget(self._table, held)
        return True

    def _snapshots(self, volume: VolumeRecord) -> bool:
        return bool(self._engine.store.snapshots.page(limit=1, where={"volume_cinder_id": volume.cinder_id}))

    def _check_unpublished(self, volume: VolumeRecord) -> None:
        nodes = [connection.node_id for connection in self._engine.connections_of(volume)]
        if nodes:
            msg = f"volume {volume.name!r} is published to {', '.join(nodes)}; unpublish it first"
            raise InUse(msg)


def _before(found: VolumeRecord) -> Status:
    """Return the state that a refused removal goes back to; half made and half removed stay so."""
    if found.id == found.cinder_id:
        return Status.TOMBSTONE
    return found.status if found.status in (Status.CREATING, Status.DELETING) else Status.AVAILABLE
