"""What a process does at its start about what it, or one before it, left half done."""

import logging
from collections.abc import Callable
from functools import partial

from cinderblock.engine import Engine, every
from cinderblock.errors import CinderblockError
from cinderblock.intents import changed
from cinderblock.removal import Removal
from cinderblock.snapshot import Snapshots
from cinderblock.volume import Volumes
from persistence.errors import PersistenceError
from persistence.records import Status, VolumeRecord

log = logging.getLogger(__name__)


class Recovery:
    """Finishes deletions, settles what was interrupted, exports again what is published.

    A creation that was cut off is left to whoever asked for it: the retry
    starts it over, a deletion undoes it. Nothing that fails here is fatal;
    the verbs do the same when they meet the object.
    """

    def __init__(self, engine: Engine, volumes: Volumes, snapshots: Snapshots) -> None:
        self._engine = engine
        self._volumes = volumes
        self._snapshots = snapshots
        self._removal = Removal(engine)

    def run(self) -> None:
        """Walk through all records once."""
        for snapshot in every(self._engine.store.snapshots):
            if snapshot.status is Status.DELETING:
                self._attempt(snapshot.id, partial(self._snapshots.delete, snapshot.id))
        for volume in every(self._engine.store.volumes):
            self._attempt(volume.id, partial(self._recover, volume))

    def _recover(self, volume: VolumeRecord) -> None:
        if volume.id == volume.cinder_id:
            self._removal.reap(volume.cinder_id)
        elif volume.status is Status.DELETING:
            self._volumes.delete(volume.id)
        elif volume.status in (Status.EXTENDING, Status.PUBLISHING, Status.UNPUBLISHING):
            with self._engine.inflight.hold(volume.id):
                self._volumes.settled(volume.id)
        if volume.status is not Status.CREATING and self._engine.connections_of(volume):
            self._export_again(volume.id)

    def _export_again(self, volume_id: str) -> None:
        """Exports are lost when the back end's host restarts; drivers know how to renew them."""
        with self._engine.inflight.hold(volume_id):
            volume = self._volumes.settled(volume_id)
            with self._engine.backends.get(volume.backend).slot() as driver:
                held = self._engine.intents.begin(self._engine.store.volumes, volume, status=Status.PUBLISHING)
                try:
                    with self._engine.intents.effect(f"exporting volume {volume.name!r} again"):
                        update = driver.ensure_export(held)
                except (CinderblockError, NotImplementedError):
                    self._engine.intents.finish(self._engine.store.volumes, held, status=Status.AVAILABLE)
                    raise
                self._engine.intents.finish(
                    self._engine.store.volumes,
                    held,
                    lambda stored: {**changed(stored, update), "status": Status.AVAILABLE},
                )

    def _attempt(self, object_id: str, step: Callable[[], None]) -> None:
        try:
            step()
        except (CinderblockError, PersistenceError, NotImplementedError) as error:
            log.warning("not recovered yet", extra={"object_id": object_id, "reason": str(error)})
