"""How a volume comes to be: empty, from a snapshot, or as a clone."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import replace

from cinderblock.backend import Backend
from cinderblock.driver import Driver, Update
from cinderblock.engine import Engine
from cinderblock.errors import (
    BackendUnavailable,
    CinderblockError,
    InvalidRequest,
    NotFound,
    OperationPending,
    OutOfSpace,
)
from cinderblock.intents import changed, ready
from cinderblock.wanted import WantedVolume
from persistence.records import SnapshotRecord, Source, SourceKind, Status, VolumeRecord


class Creation:
    """Makes volumes; the caller holds the volume's id."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._table = engine.store.volumes

    def make(self, wanted: WantedVolume, left: VolumeRecord | None) -> VolumeRecord:
        """Make the volume, undoing first what was `left` of a creation that was cut off.

        Raises: what `Volumes.create` does.
        """
        source = self._source(wanted.source)
        backend = self._choose(wanted, source)
        size_gib = wanted.size.choose_gib(source.size_gib if source else 1)
        intents = self._engine.intents
        with backend.slot() as driver:
            if left is None:
                host = backend.place(size_gib=size_gib, pool=wanted.pool)
                held = intents.open(self._table, _fresh(wanted, source, size_gib=size_gib, host=host, backend=backend))
            else:
                held = intents.begin(self._table, left)
                self._undo(driver, held)
            update = self._effect(driver, held)
        return intents.finish(self._table, held, lambda stored: {**changed(stored, update), "status": Status.AVAILABLE})

    def _effect(self, driver: Driver, held: VolumeRecord) -> Update:
        intents = self._engine.intents
        try:
            source = self._source(held.source)  # once more, now that the intent protects it
            with intents.effect(f"creating volume {held.name!r}"):
                match source:
                    case None:
                        return driver.create(held)
                    case SnapshotRecord():
                        return driver.create_from_snapshot(held, source)
                    case VolumeRecord():
                        return driver.clone(held, source)
        except BackendUnavailable:
            raise
        except (CinderblockError, NotImplementedError):
            # Whoever asked takes this answer for "nothing exists", so make it true.
            self._undo(driver, held)
            intents.forget(self._table, held)
            raise

    def _undo(self, driver: Driver, held: VolumeRecord) -> None:
        with self._engine.intents.effect(f"undoing the creation of volume {held.name!r}"):
            driver.delete(held)

    def _choose(self, wanted: WantedVolume, source: VolumeRecord | SnapshotRecord | None) -> Backend:
        backend = self._engine.backends.choose(wanted.backend or (source.backend if source else ""))
        if source is not None and source.backend != backend.name:
            msg = f"the source is on back end {source.backend!r}, the volume is wanted on {backend.name!r}"
            raise InvalidRequest(msg)
        here = backend.topology
        if here and wanted.reachable_from and not any(_within(there, here) for there in wanted.reachable_from):
            msg = f"back end {backend.name!r} is reachable from {dict(here)} only, which is not among what is asked"
            raise OutOfSpace(msg)
        if wanted.multiattach and not backend.driver().abilities().multiattach:
            msg = f"back end {backend.name!r} cannot attach a volume to several nodes; ask for a single-node mode"
            raise InvalidRequest(msg)
        return backend

    def _source(self, source: Source | None) -> VolumeRecord | SnapshotRecord | None:
        if source is None:
            return None
        found: VolumeRecord | SnapshotRecord | None
        if source.kind is SourceKind.SNAPSHOT:
            found = self._engine.store.snapshots.get(source.id)
        else:
            found = self._engine.store.volumes.get(source.id)
        if found is None or not ready(found) or source.cinder_id not in ("", found.cinder_id):
            msg = f"the source {source.kind} {source.id!r} does not exist"
            raise NotFound(msg)
        if found.status is Status.EXTENDING:
            msg = f"the source {source.kind} {found.name!r} is being extended; ask again"
            raise OperationPending(msg)
        return found


def _fresh(
    wanted: WantedVolume,
    source: VolumeRecord | SnapshotRecord | None,
    *,
    size_gib: int,
    host: str,
    backend: Backend,
) -> VolumeRecord:
    cinder_id = source.cinder_id if source else ""
    return VolumeRecord(
        id=wanted.id,
        cinder_id=str(uuid.uuid4()),
        created_at=time.time(),
        name=wanted.name,
        description=wanted.description,
        backend=backend.name,
        host=host,
        size_gib=size_gib,
        status=Status.CREATING,
        source=replace(wanted.source, cinder_id=cinder_id) if wanted.source else None,
        source_cinder_id=cinder_id,
        multiattach=wanted.multiattach,
        access=wanted.access,
        parameters=wanted.parameters,
        metadata=wanted.metadata,
        extra_specs=wanted.extra_specs,
        qos_specs=wanted.qos_specs,
    )


def _within(there: Mapping[str, str], here: Mapping[str, str]) -> bool:
    """Tell whether a place that is asked for agrees with all that the back end says of itself."""
    return all(there.get(key) == value for key, value in here.items())
