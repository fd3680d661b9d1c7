"""Volumes: what can be done with them, over any driver and any store."""

from collections.abc import Mapping
from dataclasses import replace

from cinderblock.creation import Creation
from cinderblock.driver import Driver
from cinderblock.engine import Engine
from cinderblock.errors import BackendUnavailable, CinderblockError, InUse, NotFound
from cinderblock.intents import changed, ready
from cinderblock.removal import Removal
from cinderblock.wanted import SizeRange, WantedVolume
from persistence.records import Status, VolumeRecord


class Volumes:
    """Verbs on volumes; each may be repeated until it succeeds.

    Every verb may raise `OperationPending`, `RecordChanged`, `StoreUnavailable`
    and `BackendUnavailable`; each means: ask again.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._table = engine.store.volumes
        self._creation = Creation(engine)
        self._removal = Removal(engine)

    def get(self, volume_id: str) -> VolumeRecord:
        """Return a volume that was made completely.

        Raises:
            NotFound: there is none of this id.
        """
        found = self._table.get(volume_id)
        if found is None or not ready(found):
            msg = f"there is no volume {volume_id!r}"
            raise NotFound(msg)
        return found

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
            if found is not None and found.status is Status.DELETING:
                self._removal.remove(found)
                found = None
            if found is not None:
                wanted.check_fits(found)
                if ready(found):
                    return found
            return self._creation.make(wanted, found)

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
            found = self.settled(volume_id)
            size_gib = size.choose_gib()
            if found.size_gib >= size_gib:
                size.choose_gib(found.size_gib)
                return found
            with self._engine.backends.get(found.backend).slot() as driver:
                if not driver.abilities().online_extend and self._engine.connections_of(found):
                    msg = (
                        f"volume {found.name!r} is published and back end {found.backend!r} "
                        "only grows volumes that are not; unpublish it first"
                    )
                    raise InUse(msg)
                intent = {"status": Status.EXTENDING, "wanted_size_gib": size_gib}
                return self._grow(driver, self._engine.intents.begin(self._table, found, **intent))

    def set_metadata(self, volume_id: str, metadata: Mapping[str, str]) -> VolumeRecord:
        """Set some of the volume's metadata; names that are not given stay as they are.

        Raises:
            NotFound: there is none of this id.
        """
        with self._engine.inflight.hold(volume_id):
            found = self.settled(volume_id)
            merged = {**found.metadata, **metadata}
            if merged == found.metadata:
                return found
            with self._engine.backends.get(found.backend).slot() as driver:
                stored = self._table.replace(replace(found, metadata=merged))
                with self._engine.intents.effect(f"telling the driver of the metadata of volume {found.name!r}"):
                    driver.update_metadata(stored)
                return stored

    def settled(self, volume_id: str) -> VolumeRecord:
        """Return a volume that nobody works on, finishing what a dead process left half done.

        To be called by a verb that holds the volume.

        Raises:
            NotFound: there is none of this id.
            OperationPending: a living process works on it.
        """
        found = self.get(volume_id)
        self._engine.intents.check(found)
        if found.status is Status.EXTENDING:
            with self._engine.backends.get(found.backend).slot() as driver:
                return self._grow(driver, self._engine.intents.begin(self._table, found))
        if found.status is not Status.AVAILABLE:
            # What a publication left undone is in the connection's own record.
            return self._table.replace(replace(found, status=Status.AVAILABLE, owner=""))
        return found

    def _grow(self, driver: Driver, held: VolumeRecord) -> VolumeRecord:
        intents, size_gib = self._engine.intents, held.wanted_size_gib
        try:
            self._engine.check_not_copied(held)
            with intents.effect(f"extending volume {held.name!r} to {size_gib} GiB"):
                update = driver.extend(held, size_gib)
        except BackendUnavailable:
            raise
        except (CinderblockError, NotImplementedError):
            intents.finish(self._table, held, status=Status.AVAILABLE, wanted_size_gib=0)
            raise
        result = {"status": Status.AVAILABLE, "size_gib": size_gib, "wanted_size_gib": 0}
        return intents.finish(self._table, held, lambda stored: {**changed(stored, update), **result})
