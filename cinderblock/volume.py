"""Volumes: what can be done with them, over any driver and any store."""

import uuid
from collections.abc import Mapping
from dataclasses import replace

from cinderblock.creation import Creation
from cinderblock.engine import Engine
from cinderblock.errors import BackendUnavailable, CinderblockError, InUse, OperationPending
from cinderblock.intents import changed, ready
from cinderblock.lookup import Lookup
from cinderblock.removal import Removal
from cinderblock.wanted import SizeRange, WantedVolume
from persistence.records import Status, VolumeRecord


class Volumes(Lookup[VolumeRecord]):
    """Verbs on volumes; each may be repeated until it succeeds.

    Every verb may raise `OperationPending`, `RecordChanged`, `StoreUnavailable`
    and `BackendUnavailable`; each means: ask again.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine.store.volumes, "volume")
        self._engine = engine
        self._creation = Creation(engine)
        self._removal = Removal(engine)

    def create(self, wanted: WantedVolume) -> VolumeRecord:
        """Return the wanted volume, making it if it is not there yet.

        A creation that was cut off is undone and begun anew, because vendors'
        creates cannot be repeated.

        Raises:
            AlreadyExists: the name is taken by a volume that differs.
            InvalidRequest: an unknown back end or pool, a source on another back end.
            OutOfRange: no whole GiB in the range.
            OutOfSpace: no room, or no back end where the volume must be reachable.
            NotFound: the source does not exist.
        """
        with self._engine.inflight.hold(wanted.id):
            found = self._table.get(wanted.id)
            if found is not None and ready(found):
                wanted.check_fits(found)
                self._creation.check_source(wanted, found)
                return found
            cinder_id = self._creation.clear(found) if found else str(uuid.uuid4())
            return self._creation.make(wanted, cinder_id=cinder_id)

    def delete(self, volume_id: str) -> None:
        """Remove a volume; one that is absent is success.

        Where the back end needs it for its snapshots it stays as a tombstone,
        and its name is free again at once.

        Raises:
            InUse: it is published, or the back end needs it for something else.
        """
        with self._engine.inflight.hold(volume_id):
            found = self._table.get(volume_id)
            if found is not None and found.id != found.cinder_id:
                self._removal.remove(found)

    def extend(self, volume_id: str, size: SizeRange) -> VolumeRecord:
        """Grow the volume into the range; one that is large enough is left alone.

        Raises:
            NotFound: there is none of this id.
            OutOfRange: no whole GiB in the range, or the back end cannot.
            OutOfSpace: no room.
            InUse: it is published and the back end grows only others.
        """
        with self._engine.inflight.hold(volume_id):
            found = self.get(volume_id)
            size_gib = size.choose_gib()
            if found.status is Status.EXTENDING:
                # Nobody knows how large it is before what was begun is finished.
                found = self._grow(found, found.wanted_size_gib)
            if found.size_gib >= size_gib:
                size.choose_gib(found.size_gib)
                return found
            return self._grow(found, size_gib)

    def resume(self, left: VolumeRecord) -> None:
        """Finish an extension that was cut off, if it was not finished since."""
        with self._engine.inflight.hold(left.id):
            found = self._table.get(left.id)
            if found is not None and found.cinder_id == left.cinder_id and found.status is Status.EXTENDING:
                self._grow(found, found.wanted_size_gib)

    def set_metadata(self, volume_id: str, metadata: Mapping[str, str]) -> VolumeRecord:
        """Set some of the volume's metadata; names that are not given stay as they are.

        Raises:
            NotFound: there is none of this id.
        """
        with self._engine.inflight.hold(volume_id):
            found = self.get(volume_id)
            self._engine.intents.check(found)
            wanted = replace(found, metadata={**found.metadata, **metadata})
            if wanted == found:
                return found
            with self._engine.backends.get(found.backend).slot() as driver:
                # Recorded last: what is recorded is not told to the driver again.
                with self._engine.intents.effect(f"telling the driver of the metadata of volume {found.name!r}"):
                    driver.update_metadata(wanted)
                return self._table.replace(wanted)

    def _grow(self, found: VolumeRecord, size_gib: int) -> VolumeRecord:
        intents = self._engine.intents
        with self._engine.backends.get(found.backend).slot() as driver:
            online_extend = driver.abilities().online_extend
            intent = {"status": Status.EXTENDING, "wanted_size_gib": size_gib}
            with intents.taken(self._table, found, **intent) as held:
                try:
                    self._check_growable(held, online_extend=online_extend)
                    with intents.effect(f"extending volume {held.name!r} to {size_gib} GiB"):
                        update = driver.extend(held, size_gib)
                except BackendUnavailable:
                    raise
                except (InUse, OperationPending):
                    # Refused, not tried: what an earlier try may have done is still unknown.
                    intents.finish(self._table, held, status=found.status, wanted_size_gib=found.wanted_size_gib)
                    raise
                except (CinderblockError, NotImplementedError):
                    intents.finish(self._table, held, status=Status.AVAILABLE, wanted_size_gib=0)
                    raise
                result = {"status": Status.AVAILABLE, "size_gib": size_gib, "wanted_size_gib": 0}
                return intents.finish(self._table, held, lambda stored: {**changed(stored, update), **result})

    def _check_growable(self, held: VolumeRecord, *, online_extend: bool) -> None:
        self._engine.check_not_copied(held)
        if not online_extend and self._engine.connections_of(held):
            msg = (
                f"volume {held.name!r} is published and back end {held.backend!r} "
                "only grows volumes that are not; unpublish it first"
            )
            raise InUse(msg)
