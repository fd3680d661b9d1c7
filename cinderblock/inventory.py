"""What the records say there is, beside what a back end says that it has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from cinderblock.driver import Driver, Manageable
from cinderblock.engine import every
from cinderblock.errors import InvalidRequest
from cinderblock.ids import UUID
from cinderblock.library import Library
from persistence.port import R, Store, Table
from persistence.records import ConnectionRecord, SnapshotRecord, Status, VolumeRecord

#: What is certainly on the back end by its record.
_THERE = (Status.AVAILABLE, Status.EXTENDING, Status.RETYPING, Status.REVERTING)
_SETTLED = (Status.AVAILABLE, Status.TOMBSTONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What was found of one back end.

    `unknown` are on the back end and in no record, `missing` the other way round; both are empty where the driver
    cannot list what it has, which `listed` says. `unfinished` are records that say what was begun and wait for the
    same call to go on, `dangling` those whose volume has no record.
    """

    backend: str
    listed: bool
    recorded: int
    unknown: Sequence[Manageable]
    missing: Sequence[VolumeRecord]
    unfinished: Sequence[VolumeRecord | SnapshotRecord | ConnectionRecord]
    dangling: Sequence[SnapshotRecord | ConnectionRecord]


def take(library: Library, backend: str) -> Inventory:
    """Compare the records with a back end that is started; may be slow. What changes meanwhile is not taken for wrong.

    Raises:
        InvalidRequest: there is no such back end.
        BackendUnavailable: it does not answer.
    """
    store, chosen = library.store, library.backends.get(backend)
    before = list(every(store.volumes, backend=backend))
    listed = chosen.driver().abilities().list_manageable
    found = library.volumes.manageable(backend) if listed else []
    known = {one.cinder_id for one in found}.union(*(_ids_in(one.reference) for one in found))
    absent = [volume for volume in before if listed and volume.status in _THERE and not known & _names(volume)]
    ours = set[str]().union(*map(_names, before))
    of_volumes = every(store.snapshots, backend=backend), every(store.connections, backend=backend)
    attached = list(chain[SnapshotRecord | ConnectionRecord](*of_volumes))
    with chosen.slot() as driver:
        missing = [volume for volume in absent if _is_nowhere(driver, volume) and _is_unchanged(store, volume)]
    return Inventory(
        backend=backend,
        listed=listed,
        recorded=len(before),
        unknown=[one for one in found if not (one.cinder_id or ours & _ids_in(one.reference) or _is_ours(store, one))],
        missing=missing,
        unfinished=[
            each
            for each in chain[VolumeRecord | SnapshotRecord | ConnectionRecord](before, attached)
            if each.status not in _SETTLED
        ],
        dangling=[each for each in attached if not _holds(store.volumes, each.volume_cinder_id)],
    )


def _ids_in(reference: Mapping[str, str]) -> set[str]:
    return {name.lower() for name in UUID.findall(" ".join(reference.values()))}


def _names(volume: VolumeRecord) -> set[str]:
    """Return the ids under which a back end may have the volume; one that was migrated has its earlier one there."""
    return {volume.cinder_id, str(volume.driver_data.get("_name_id") or volume.cinder_id)}


def _is_ours(store: Store, one: Manageable) -> bool:
    """Tell whether what is listed is a snapshot of ours, or a volume that was made since."""
    return any(_holds(store.volumes, each) or _holds(store.snapshots, each) for each in _ids_in(one.reference))


def _holds(table: Table[R], cinder_id: str) -> bool:
    return bool(table.page(limit=1, where={"cinder_id": cinder_id}))


def _is_nowhere(driver: Driver, volume: VolumeRecord) -> bool:
    """Ask the driver for what its list does not show."""
    try:
        driver.size_gib_of(volume, driver.reference(volume))
    except InvalidRequest:
        return True
    return False


def _is_unchanged(store: Store, volume: VolumeRecord) -> bool:
    now = store.volumes.get(volume.id)
    return now is not None and now.cinder_id == volume.cinder_id and now.status in _THERE
