"""What a process does at its start about what it, or one before it, left half done."""

from functools import partial

from cinderblock.engine import Engine, every, pages
from cinderblock.group import Groups
from cinderblock.grouped import every_group
from cinderblock.intents import abandoned, changed, ready
from cinderblock.removal import Removal
from cinderblock.snapshot import Snapshots
from cinderblock.volume import Volumes
from persistence.records import Status, VolumeRecord

#: What is gone on with even where nothing is published.
_GOING = (Status.DELETING, Status.UNMANAGING)
_UNSETTLED = (*_GOING, Status.EXTENDING, Status.RETYPING, Status.REVERTING, Status.MANAGING)


class Recovery:
    """Finishes deletions, settles what was interrupted, exports again what is published.

    A creation that was cut off is left to whoever asked for it: the retry
    starts it over, a deletion undoes it. It is undone at once where its id was
    made up for one call, so that nobody can ask for it again, and where the
    back end may have volumes in a group for it. Nothing that fails here is fatal: it
    is left over, and the verbs do the same when they meet the object.
    """

    def __init__(self, engine: Engine, volumes: Volumes, snapshots: Snapshots, groups: Groups) -> None:
        self._engine = engine
        self._volumes = volumes
        self._snapshots = snapshots
        self._groups = groups
        self._removal = Removal(engine)

    def run(self, backend: str) -> None:
        """Walk through all records of a back end once; what fails is tried again with the leftovers."""
        self._engine.leftovers.attempt("the recovery", partial(self._walk, backend), lane=backend)

    def _walk(self, backend: str) -> None:
        attempt = partial(self._engine.leftovers.attempt, lane=backend)
        groups = [group for group in every_group(self._engine.store.key_values) if group.backend == backend]
        for group in groups:
            if group.status is not Status.AVAILABLE:
                attempt(f"recovery of group snapshot {group.id}", partial(self._groups.resume, group))
        together = {snapshot_id for group in groups for snapshot_id in group.members.values()}
        for snapshot in every(self._engine.store.snapshots, backend=backend):
            going = snapshot.status in (*_GOING, Status.TOMBSTONE) and snapshot.id not in together
            if going or snapshot.status is Status.MANAGING or abandoned(snapshot):
                attempt(f"recovery of snapshot {snapshot.id}", partial(self._snapshots.resume, snapshot))
        for page in pages(self._engine.store.volumes, backend=backend):
            # Asked once for the whole page: most volumes need nothing at all.
            ids = frozenset(volume.cinder_id for volume in page)
            published = {one.volume_cinder_id for one in every(self._engine.store.connections, volume_cinder_id=ids)}
            for volume in page:
                unsettled = volume.status in _UNSETTLED or volume.id == volume.cinder_id or abandoned(volume)
                if unsettled or volume.cinder_id in published:
                    attempt(f"recovery of volume {volume.id}", partial(self._recover, volume))

    def _recover(self, volume: VolumeRecord) -> None:
        # What is done looks at the record again: much may have happened since the walk began.
        if volume.id == volume.cinder_id:
            self._removal.reap(volume.cinder_id, backend=volume.backend)
        elif volume.status in _GOING or abandoned(volume):
            self._removal.resume(volume)
        elif volume.status in _UNSETTLED:
            self._volumes.resume(volume)
        if self._engine.connections_of(volume):
            self._export_again(volume)

    def _export_again(self, left: VolumeRecord) -> None:
        """Exports are lost when the back end's host restarts; drivers know how to renew them."""
        intents, volumes = self._engine.intents, self._engine.store.volumes
        with self._engine.inflight.hold(left.id):
            volume = volumes.get(left.id)
            if volume is None or not ready(volume) or not self._engine.connections_of(volume):
                return
            with self._engine.backends.get(volume.backend).slot() as driver, intents.taken(volumes, volume) as held:
                with intents.effect(f"exporting volume {volume.name!r} again"):
                    update = driver.ensure_export(held)
                intents.finish(volumes, held, lambda stored: changed(stored, update))
