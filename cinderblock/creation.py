"""How a volume comes to be: empty, from a snapshot, or as a clone."""

import time
from dataclasses import replace
from functools import partial

from cinderblock.backend import Backend
from cinderblock.driver import Driver, Reference, Update
from cinderblock.engine import Engine, fresh_id
from cinderblock.errors import (
    AlreadyExists,
    BackendUnavailable,
    CinderblockError,
    InvalidRequest,
    NotFound,
    OperationPending,
    OutOfRange,
)
from cinderblock.intents import changed, ready
from cinderblock.managing import Managing
from cinderblock.outcome import never_final
from cinderblock.removal import Removal
from cinderblock.wanted import WantedVolume
from persistence.records import SnapshotRecord, Source, SourceKind, Status, VolumeRecord


class Creation:
    """Makes volumes; the caller holds the volume's id.

    Whoever asked takes a final answer for "nothing exists", so it is given
    only when that is true.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._table = engine.store.volumes
        self._removal = Removal(engine)
        self._managing = Managing(engine, self._table)

    def clear(self, left: VolumeRecord, wanted: WantedVolume) -> str:
        """Undo what is left of a creation or a deletion that was cut off; return the Cinder id for what comes next.

        A creation begins anew under its old Cinder id: where the array finishes
        late what we gave up, it is found under that name and not orphaned.

        Raises:
            OperationPending: a living process is at work on it.
            BackendUnavailable: it is still there.
        """
        with never_final(f"clearing away what is left of volume {left.name!r}"):
            self._removal.remove(left)
        return left.cinder_id if left.status is Status.CREATING else fresh_id(self._table, wanted.cinder_id)

    def check_source(self, wanted: WantedVolume, found: VolumeRecord) -> None:
        """Compare with the volume that has the name already: its source's id may be another's by now.

        Raises:
            AlreadyExists: the volume was made from an earlier source of this id.
        """
        source = self._stored_source(wanted.source) if wanted.source else None
        if source is not None and ready(source) and source.cinder_id != found.source_cinder_id:
            msg = f"volume {found.name!r} was made from an earlier {source.name!r} than now's; use another name"
            raise AlreadyExists(msg)

    def make(self, wanted: WantedVolume, *, cinder_id: str) -> VolumeRecord:
        """Make the volume.

        Raises: what `Volumes.create` does.
        """
        source = self._source(wanted.source)
        backend = self._choose(wanted, source)
        size_gib = wanted.size.choose_gib(source.size_gib if source else 1)
        intents = self._engine.intents
        with backend.slot() as driver:
            host = backend.place(driver, size_gib=size_gib, pool=wanted.pool)
            fresh = _fresh(wanted, source, cinder_id=cinder_id, size_gib=size_gib, host=host, backend=backend)
            with intents.opened(self._table, fresh) as held:
                update = self._effect(driver, held)
                return intents.finish(
                    self._table, held, lambda stored: {**changed(stored, update), "status": Status.AVAILABLE}
                )

    def manage(self, wanted: WantedVolume, reference: Reference) -> VolumeRecord:
        """Make what the back end has already the wanted volume; the caller has cleared what was of its name.

        Raises: what `Volumes.manage` does.
        """
        if wanted.source is not None:
            raise InvalidRequest(f"volume {wanted.name!r} cannot be taken over and made from a {wanted.source.kind}")
        backend = self._choose(wanted, None)
        if not wanted.pool and len(backend.pools()) > 1:
            names = ", ".join(pool.name for pool in backend.pools())
            raise InvalidRequest(f"back end {backend.name!r} has several pools; say in which one it is: {names}")
        with backend.slot() as driver:
            if not driver.abilities().manage:
                raise InvalidRequest(f"the driver of back end {backend.name!r} cannot take over volumes")
            host = backend.place(driver, size_gib=0, pool=wanted.pool)
            fresh = _fresh(
                wanted, None, cinder_id=fresh_id(self._table, wanted.cinder_id), size_gib=0, host=host, backend=backend
            )
            found = dict(reference)
            fresh = replace(fresh, status=Status.MANAGING, reference=found, wanted_reference=found)
            return self._managing.begin(driver, fresh, partial(_check_size, wanted))

    def go_on_managing(self, left: VolumeRecord, wanted: WantedVolume | None = None) -> VolumeRecord:
        """Finish a taking over that was cut off.

        Raises: what `Volumes.manage` does.
        """
        check = partial(_check_size, wanted) if wanted else lambda _: None
        with self._engine.backends.get(left.backend).slot() as driver:
            return self._managing.resume(driver, left, check)

    def _effect(self, driver: Driver, held: VolumeRecord) -> Update:
        intents = self._engine.intents
        try:
            source = self._source(held.source)  # once more, now that the intent protects it
            if source is not None and source.size_gib > held.size_gib:
                msg = f"the source {source.name!r} has grown to {source.size_gib} GiB meanwhile; ask again"
                raise OperationPending(msg)
            if isinstance(source, VolumeRecord):
                self._engine.check_copyable(driver, source, copy=held)
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
            self._undo(driver, held)
            raise

    def _undo(self, driver: Driver, held: VolumeRecord) -> None:
        intents, what = self._engine.intents, f"undoing the creation of volume {held.name!r}"
        intents.confirm(self._table, held)
        with never_final(what), intents.effect(what):
            driver.delete(held)
        intents.forget(self._table, held)

    def _choose(self, wanted: WantedVolume, source: VolumeRecord | SnapshotRecord | None) -> Backend:
        backend = self._engine.backends.choose(wanted.backend or (source.backend if source else ""))
        if source is not None and source.backend != backend.name:
            msg = f"the source is on back end {source.backend!r}, the volume is wanted on {backend.name!r}"
            raise InvalidRequest(msg)
        backend.check_reachable(wanted.reachable_from)
        if wanted.multiattach and not backend.driver().abilities().multiattach:
            msg = f"back end {backend.name!r} cannot attach a volume to several nodes; ask for a single-node mode"
            raise InvalidRequest(msg)
        return backend

    def _stored_source(self, source: Source) -> VolumeRecord | SnapshotRecord | None:
        store = self._engine.store
        return (store.snapshots if source.kind is SourceKind.SNAPSHOT else store.volumes).get(source.id)

    def _source(self, source: Source | None) -> VolumeRecord | SnapshotRecord | None:
        if source is None:
            return None
        found = self._stored_source(source)
        if found is not None:
            self._engine.check_source(found)
        if found is None or not ready(found) or source.cinder_id not in ("", found.cinder_id):
            msg = f"the source {source.kind} {source.id!r} does not exist"
            raise NotFound(msg)
        return found


def _check_size(wanted: WantedVolume, found: VolumeRecord) -> None:
    if not wanted.size.holds(found.size_gib):
        msg = f"{dict(found.reference)} has {found.size_gib} GiB, which is not in the range that is asked for"
        raise OutOfRange(msg)


def _fresh(
    wanted: WantedVolume,
    source: VolumeRecord | SnapshotRecord | None,
    *,
    cinder_id: str,
    size_gib: int,
    host: str,
    backend: Backend,
) -> VolumeRecord:
    source_cinder_id = source.cinder_id if source else ""
    return VolumeRecord(
        id=wanted.id,
        cinder_id=cinder_id,
        created_at=time.time(),
        name=wanted.name,
        description=wanted.description,
        backend=backend.name,
        host=host,
        size_gib=size_gib,
        status=Status.CREATING,
        source=replace(wanted.source, cinder_id=source_cinder_id) if wanted.source else None,
        source_cinder_id=source_cinder_id,
        multiattach=wanted.multiattach,
        access=wanted.access,
        parameters=wanted.parameters,
        metadata=wanted.metadata,
        extra_specs=wanted.extra_specs,
        qos_specs=wanted.qos_specs,
        driver_data=wanted.driver_data,
    )
