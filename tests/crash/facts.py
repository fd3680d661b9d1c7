"""What there is: on the back end, on the machine, in the journal and in the records."""

import json
from dataclasses import dataclass
from pathlib import Path

from cinderblock.engine import every
from cinderblock.units import GIB
from csi.node import mounts
from persistence.records import VolumeRecord
from tests.robustness.witness import backing_files


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All of it, in a form that shows the difference when two are compared."""

    objects: dict[str, int]
    loops: list[str]
    mounts: list[str]
    journal: dict[str, dict[str, bool]]


def found(folder, volumes):
    """Return what there is below a folder; `volumes` is the back end's."""
    return Facts(
        objects={file.name.rpartition("@")[2]: file.stat().st_size // GIB for file in volumes.iterdir()},
        loops=backing_files(folder),
        mounts=sorted(mount.path for mount in mounts.table() if Path(mount.path).is_relative_to(folder)),
        journal={
            entry["volume_id"]: {"staged": entry["state"] == "staged"}
            | {target["path"]: target["done"] for target in entry["targets"]}
            for entry in (json.loads(file.read_text()) for file in (folder / "state/node/journal").glob("*.json"))
        },
    )


def recorded(store):
    """Return what the back end is to have by the records: Cinder's names, and sizes in GiB."""
    return {f"volume-{volume.cinder_id}": volume.size_gib for volume in every(store.volumes)} | {
        f"snapshot-{snapshot.cinder_id}": snapshot.size_gib for snapshot in every(store.snapshots)
    }


def asked(volume):
    """Return what a volume asks of its back end, and its metadata."""
    return dict(volume.metadata), dict(volume.extra_specs), dict(volume.qos_specs)


def unfinished(store):
    """Return the records that say that something is going on, or is still to be done."""
    needed = {snapshot.volume_cinder_id for snapshot in every(store.snapshots)}
    return [
        record
        for record in _all(store)
        if record.status not in ("available", "tombstone")
        or (record.status == "tombstone" and isinstance(record, VolumeRecord) and record.cinder_id not in needed)
    ]


def groups(store):
    """Return the ids of the group snapshots that there are, finished or not."""
    kept = (record.id.partition("/") for record in every(store.key_values))
    return {group_id for kind, _, group_id in kept if kind == "group-snapshot"}


def owned(store):
    """Return the records that a piece of work holds; one that was killed keeps its hold, which counts for nothing."""
    return [record for record in _all(store) if record.owner]


def _all(store):
    return [record for table in (store.volumes, store.snapshots, store.connections) for record in every(table)]
