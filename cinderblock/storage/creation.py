"""Making volumes and snapshots, and taking them over: what is wanted, and what becomes of it when that fails."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from cinderblock.driver import Reference
from cinderblock.errors import AlreadyExists, BackendUnavailable, NotFound, OperationPending, OutOfRange
from cinderblock.intents import MADE_UP
from cinderblock.storage import checks
from cinderblock.storage.session import Session
from cinderblock.units import in_bytes
from cinderblock.wanted import SizeRange, WantedSnapshot, WantedVolume
from persistence.errors import PersistenceError
from persistence.records import Json, SnapshotRecord, Source, SourceKind, VolumeRecord

Made = TypeVar("Made", VolumeRecord, SnapshotRecord)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a program says of something new, not checked yet.

    The last four are for programs that know objects by Cinder's ids: `cinder_id` is what the array will see; an
    `unnamed` object keeps an empty name; nobody can ask for the id again where it is made up, `once`; `driver_data` is
    there before the driver has said anything.
    """

    id: str | None
    name: str
    description: str
    pool: str = ""
    metadata: Mapping[str, str] | None = None
    extra_specs: Mapping[str, str] | None = None
    qos_specs: Mapping[str, str] | None = None
    multiattach: bool = False
    cinder_id: str = ""
    unnamed: bool = False
    once: bool = False
    driver_data: Mapping[str, Json] = field(default_factory=dict)

    def chosen_id(self) -> str:
        """Return the id, or one that is made up."""
        return str(uuid.uuid4()) if self.id is None else checks.identifier(self.id)

    def made_up(self) -> Mapping[str, str]:
        """Return the parameter that says so of the id."""
        return {MADE_UP: "true"} if self.id is None or self.once else {}

    def chosen_name(self, chosen_id: str) -> str:
        """Return the name; the id where none was given."""
        return checks.text("name", self.name) or ("" if self.unnamed else chosen_id)


def create(session: Session, backend: str, size_gib: int, wishes: Wishes, source: Source | None = None) -> VolumeRecord:
    """Make a volume, or return the one that has the id and is what is wanted.

    Raises: what `cinderblock.volume.Volumes.create` does.
    """
    size_bytes, volume_id = in_bytes(checks.size_gib(size_gib)), wishes.chosen_id()
    extra_specs = checks.texts("extra specs", wishes.extra_specs)
    qos_specs = checks.texts("QoS specs", wishes.qos_specs)
    wanted = WantedVolume(
        id=volume_id,
        name=wishes.chosen_name(volume_id),
        cinder_id=wishes.cinder_id,
        driver_data=wishes.driver_data,
        description=checks.text("description", wishes.description),
        size=SizeRange(required_bytes=size_bytes, limit_bytes=size_bytes),
        backend=backend,
        pool=checks.text("pool", wishes.pool),
        source=source,
        multiattach=wishes.multiattach,
        metadata=checks.texts("metadata", wishes.metadata),
        extra_specs=extra_specs,
        qos_specs=qos_specs,
        # Compared when the same id is asked for again.
        parameters={
            "backend": backend,
            **({"pool": wishes.pool} if wishes.pool else {}),
            **({"multiattach": "true"} if wishes.multiattach else {}),
            **{f"extra-specs/{key}": value for key, value in extra_specs.items()},
            **{f"qos/{key}": value for key, value in qos_specs.items()},
            **wishes.made_up(),
        },
    )
    session.need(backend)
    volumes = session.library.volumes
    make, undo = partial(volumes.create, wanted), partial(volumes.delete, wanted.id)
    return _created(session, wanted, make, undo, backend=backend)


def copy(session: Session, source: VolumeRecord | SnapshotRecord, size_gib: int | None, wishes: Wishes) -> VolumeRecord:
    """Make a volume with the content of a volume or of a snapshot; specs and pool are its source's.

    Args:
        session: the storage.
        source: as it is stored now.
        size_gib: None for the source's.
        wishes: its `pool` may be "".

    Raises: what `create` does.
    """
    wanted_gib = source.size_gib if size_gib is None else checks.size_gib(size_gib)
    if wanted_gib < source.size_gib:
        msg = f"a copy of {source.name!r}, which has {source.size_gib} GiB, cannot have {wanted_gib} GiB"
        raise OutOfRange(msg)
    origin = source if isinstance(source, VolumeRecord) else _origin(session, source)
    kind = SourceKind.VOLUME if isinstance(source, VolumeRecord) else SourceKind.SNAPSHOT
    like_origin = replace(
        wishes,
        # Most drivers copy within a pool only.
        pool=wishes.pool or origin.host.partition("#")[2],
        extra_specs=origin.extra_specs if wishes.extra_specs is None else wishes.extra_specs,
        qos_specs=origin.qos_specs if wishes.qos_specs is None else wishes.qos_specs,
        multiattach=origin.multiattach,
    )
    return create(
        session,
        source.backend,
        wanted_gib,
        like_origin,
        Source(kind=kind, id=source.id, cinder_id=source.cinder_id),
    )


def create_snapshot(session: Session, volume: VolumeRecord, wishes: Wishes) -> SnapshotRecord:
    """Take a snapshot, or return the one that has the id and is what is wanted.

    Raises: what `cinderblock.snapshot.Snapshots.create` does.
    """
    wanted = replace(
        _snapshot_of(volume, wishes),
        cinder_id=wishes.cinder_id,
        driver_data=wishes.driver_data,
        parameters=wishes.made_up(),
    )
    session.need(volume.backend)
    snapshots = session.library.snapshots
    make, undo = partial(snapshots.create, wanted), partial(snapshots.delete, wanted.id)
    return _created(session, wanted, make, undo, backend=volume.backend)


def manage(session: Session, backend: str, reference: Reference, wishes: Wishes) -> VolumeRecord:
    """Take over a volume that a back end has already, or return the one that has the id and was taken over from there.

    Raises: what `cinderblock.volume.Volumes.manage` does.
    """
    where, volume_id = checks.reference(reference), wishes.chosen_id()
    wanted = WantedVolume(
        id=volume_id,
        name=wishes.chosen_name(volume_id),
        description=checks.text("description", wishes.description),
        backend=backend,
        pool=checks.text("pool", wishes.pool),
        multiattach=wishes.multiattach,
        metadata=checks.texts("metadata", wishes.metadata),
        extra_specs=checks.texts("extra specs", wishes.extra_specs),
        qos_specs=checks.texts("QoS specs", wishes.qos_specs),
    )
    session.need(backend)
    return _asked(session, wanted, partial(session.library.volumes.manage, wanted, where))


def manage_snapshot(session: Session, volume: VolumeRecord, reference: Reference, wishes: Wishes) -> SnapshotRecord:
    """Take over a snapshot that a volume's back end has already, or return the one that has the id and is that.

    Raises: what `cinderblock.snapshot.Snapshots.manage` does.
    """
    where, wanted = checks.reference(reference), _snapshot_of(volume, wishes)
    session.need(volume.backend)
    return _asked(session, wanted, partial(session.library.snapshots.manage, wanted, where))


def _snapshot_of(volume: VolumeRecord, wishes: Wishes) -> WantedSnapshot:
    """Return what is wanted of a snapshot, whether it is to be taken or taken over."""
    snapshot_id = wishes.chosen_id()
    return WantedSnapshot(
        id=snapshot_id,
        name=wishes.chosen_name(snapshot_id),
        description=checks.text("description", wishes.description),
        metadata=checks.texts("metadata", wishes.metadata),
        volume_id=volume.id,
    )


def _created(
    session: Session,
    wanted: WantedVolume | WantedSnapshot,
    make: Callable[[], Made],
    undo: Callable[[], None],
    *,
    backend: str,
) -> Made:
    try:
        return _asked(session, wanted, make)
    except (BackendUnavailable, OperationPending, PersistenceError):
        if MADE_UP in wanted.parameters:
            # Nobody can ask for it again, so what may be there goes, now or when it can.
            session.library.leftovers.attempt(f"undoing the creation of {wanted.id}", undo, lane=backend)
        raise


def _asked(session: Session, wanted: WantedVolume | WantedSnapshot, make: Callable[[], Made]) -> Made:
    """Return what was asked for; a failure says how to go on with what may be there by now."""
    try:
        made = session.ask(make)
    except (BackendUnavailable, OperationPending, PersistenceError) as error:
        if MADE_UP not in wanted.parameters:
            error.add_note(f"ask again for {wanted.id!r}: what was begun is then finished, or begun anew")
        raise
    if made.name != wanted.name:
        msg = f"{made.id!r} exists and is called {made.name!r}, {wanted.name!r} wanted; use another id"
        raise AlreadyExists(msg)
    return made


def _origin(session: Session, snapshot: SnapshotRecord) -> VolumeRecord:
    """Return the volume of a snapshot, which may be a tombstone by now."""
    found = session.store.volumes.page(where={"cinder_id": snapshot.volume_cinder_id}, limit=1)
    if not found:
        msg = f"the volume of snapshot {snapshot.name!r} is not known any more"
        raise NotFound(msg)
    return found[0]
