"""Taking over what cinderlib remembered: compared with what is stored, and read again after it was stored."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cinderblock.cinderlib.planning import Plan, Progress, tell
from cinderblock.engine import every
from persistence.errors import StoreUnusable
from persistence.port import Store
from persistence.records import ConnectionRecord, Record, SnapshotRecord, VolumeRecord

#: How many ids are asked for at once.
_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What of a plan is stored already.

    `taken_over` says that the source was taken over before: what is missing now was deleted since.
    """

    taken_over: bool
    missing: Sequence[Record]
    differing: Sequence[str]


def compare(planned: Plan, store: Store, *, progress: Progress) -> Comparison:
    """Return what of the plan is stored already, and in which way."""
    missing: list[Record] = []
    differing: list[str] = []
    for done, record in enumerate(planned.records()):
        tell(progress, "compared", done, len(planned.records()))
        stored = _stored(record, store)
        if stored is None:
            missing.append(record)
        elif stored != replace(record, revision=stored.revision):
            differing.append(f"{_named(record)} is stored already, and differs")
    differing += _others(planned, store)
    return Comparison(
        taken_over=store.key_values.get(planned.marker.id) is not None, missing=missing, differing=differing
    )


def verify(planned: Plan, store: Store, *, progress: Progress) -> None:
    """Read everything again that was to be stored.

    Raises:
        StoreUnusable: something of it is not there, or not as it was to be.
    """
    found = compare(planned, store, progress=progress)
    wrong = [*found.differing, *(f"{_named(record)} is missing" for record in found.missing)]
    if wrong or not found.taken_over:
        raise StoreUnusable(f"what was stored cannot be read again as it was: {'; '.join(wrong[:3]) or 'no marker'}")


def _stored(record: Record, store: Store) -> Record | None:
    match record:
        case VolumeRecord():
            return store.volumes.get(record.id)
        case SnapshotRecord():
            return store.snapshots.get(record.id)
        case ConnectionRecord():
            return store.connections.get(record.id)
        case _:
            return store.key_values.get(record.id)


def _others(planned: Plan, store: Store) -> Iterator[str]:
    """Find what is stored already under another id: two records of one volume would make two users of it."""
    volumes = {record.cinder_id: record.id for record in planned.volumes}
    for ids in _chunks(volumes):
        yield from _twins(every(store.volumes, cinder_id=ids), volumes)
    snapshots = {record.cinder_id: record.id for record in planned.snapshots}
    for ids in _chunks(snapshots):
        yield from _twins(every(store.snapshots, cinder_id=ids), snapshots)


def _twins(found: Iterable[VolumeRecord] | Iterable[SnapshotRecord], ids: Mapping[str, str]) -> Iterator[str]:
    for record in found:
        if record.id != ids[record.cinder_id]:
            yield f"{_named(record)} is stored already, under the id {record.id!r}"


def _chunks(ids: Iterable[str]) -> Iterator[frozenset[str]]:
    every_id = list(ids)
    for start in range(0, len(every_id), _CHUNK):
        yield frozenset(every_id[start : start + _CHUNK])


def _named(record: Record) -> str:
    match record:
        case VolumeRecord():
            return f"volume {record.name!r} ({record.cinder_id})"
        case SnapshotRecord():
            return f"snapshot {record.name!r} ({record.cinder_id})"
        case ConnectionRecord():
            return f"connection {record.cinder_id}"
        case _:
            return f"key {record.id.removeprefix('/')!r}"
