"""Records by what cinderlib's programs know of them: Cinder's ids, names, back ends."""

from typing import TypeVar

from cinderblock.cinderlib import kept
from cinderblock.engine import every
from cinderblock.storage.session import Session, listed, matching
from persistence.records import ConnectionRecord, SnapshotRecord, VolumeRecord

Found = TypeVar("Found", VolumeRecord, SnapshotRecord)


def volumes(session: Session, *, volume_id: str = "", name: str = "", backend: str = "") -> list[VolumeRecord]:
    """Return the volumes that have these; "" stands for any."""
    table = session.store.volumes
    if volume_id:
        by_id = [table.get(kept.volume_id(volume_id)), *every(table, cinder_id=volume_id), table.get(volume_id)]
        found = _once([one for one in by_id if one is not None])
    else:
        found = list(matching(table, name=name, backend=backend))
    return [one for one in found if listed(one) and name in ("", one.name) and backend in ("", one.backend)]


def snapshots(session: Session, *, snapshot_id: str = "", name: str = "", volume_id: str = "") -> list[SnapshotRecord]:
    """Return the snapshots that have these; "" stands for any."""
    table = session.store.snapshots
    if snapshot_id:
        by_id = [table.get(kept.snapshot_id(snapshot_id)), *every(table, cinder_id=snapshot_id), table.get(snapshot_id)]
        found = _once([one for one in by_id if one is not None])
    else:
        found = list(matching(table, name=name, volume_cinder_id=volume_id))
    return [one for one in found if listed(one) and name in ("", one.name) and volume_id in ("", one.volume_cinder_id)]


def connections(session: Session, *, connection_id: str = "", volume_id: str = "") -> list[ConnectionRecord]:
    """Return the connections that have these; "" stands for any."""
    found = matching(session.store.connections, volume_cinder_id=volume_id)
    return [one for one in found if connection_id in ("", one.cinder_id, one.id)]


def _once(found: list[Found]) -> list[Found]:
    return list({one.id: one for one in found}.values())
