"""Volumes and snapshots in words, in tables, and as what Kubernetes wants to know of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from cinderblock.concealment import masked
from persistence.records import SnapshotRecord, VolumeRecord


def facts(volume: VolumeRecord, nodes: Sequence[str]) -> dict[str, object]:
    """Return what there is to say of a volume, nothing secret."""
    source = volume.source
    return {
        "id": volume.id,
        "name": volume.name,
        "size_gib": volume.size_gib,
        "status": str(volume.status),
        "backend": volume.backend,
        "pool": volume.host.partition("#")[2],
        "cinder_id": volume.cinder_id,
        "created_at": _time(volume.created_at),
        "published_to": list(nodes),
        "in_work_by": volume.owner,
        "description": volume.description,
        "multiattach": volume.multiattach,
        "access": list(volume.access),
        "made_from": f"{source.kind} {source.id}" if source else "",
        "taken_over_from": dict(volume.reference),
        "being_taken_over_from": dict(volume.wanted_reference),
        "parameters": dict(volume.parameters),
        "metadata": dict(volume.metadata),
        "extra_specs": dict(volume.extra_specs),
        "qos_specs": dict(volume.qos_specs),
    }


def snapshot_facts(snapshot: SnapshotRecord) -> dict[str, object]:
    """Return what there is to say of a snapshot, nothing secret."""
    return {
        "id": snapshot.id,
        "name": snapshot.name,
        "size_gib": snapshot.size_gib,
        "status": str(snapshot.status),
        "backend": snapshot.backend,
        "volume_id": snapshot.volume_id,
        "volume_cinder_id": snapshot.volume_cinder_id,
        "cinder_id": snapshot.cinder_id,
        "created_at": _time(snapshot.created_at),
        "group_id": snapshot.group_id,
        "in_work_by": snapshot.owner,
        "description": snapshot.description,
        "taken_over_from": dict(snapshot.reference),
        "being_taken_over_from": dict(snapshot.wanted_reference),
        "parameters": dict(snapshot.parameters),
        "metadata": dict(snapshot.metadata),
    }


def lines(found: Mapping[str, object]) -> Iterator[str]:
    """Yield one line for each fact that says something."""
    width = max(map(len, found))
    for name, value in found.items():
        if value in ("", [], {}, False):
            continue
        yield f"{name.replace('_', ' '):<{width}}  {_text(value)}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table, as wide as its content."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def reference(where: Mapping[str, str]) -> str:
    """Return a reference as the command line takes it."""
    return " ".join(f"{key}={value}" for key, value in where.items()) or "nothing"


def persistent_volume(volume: VolumeRecord, *, driver_name: str, topology: Mapping[str, str]) -> Mapping[str, object]:
    """Return a PersistentVolume that Kubernetes uses this volume through; one that is released stays."""
    spec: dict[str, object] = {
        "capacity": {"storage": f"{volume.size_gib}Gi"},
        "accessModes": ["ReadWriteMany"] if volume.multiattach else ["ReadWriteOnce"],
        # A file system that several nodes write to is destroyed.
        "volumeMode": "Block" if volume.multiattach else "Filesystem",
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "",
        "csi": {"driver": driver_name, "volumeHandle": volume.id, "volumeAttributes": {}},
    }
    if topology:
        expressions = [{"key": key, "operator": "In", "values": [value]} for key, value in topology.items()]
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": expressions}]}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"cinderblock-{volume.id}"},
        "spec": spec,
    }


def snapshot_content(snapshot: SnapshotRecord, volume: VolumeRecord, *, driver_name: str) -> Mapping[str, object]:
    """Return a VolumeSnapshotContent that Kubernetes uses this snapshot through; one that is released stays."""
    name = f"cinderblock-{snapshot.id}"
    is_block = volume.multiattach or any(mode.startswith("block/") for mode in volume.access)
    return {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshotContent",
        "metadata": {"name": name},
        "spec": {
            "deletionPolicy": "Retain",
            "driver": driver_name,
            "source": {"snapshotHandle": snapshot.id},
            "sourceVolumeMode": "Block" if is_block else "Filesystem",
            # The VolumeSnapshot that has this content for its source, in any namespace.
            "volumeSnapshotRef": {"name": name, "namespace": "default"},
        },
    }


def as_json(value: object) -> str:
    """Return a value for programs, secrets cleared."""
    return masked(json.dumps(value, indent=2, ensure_ascii=False))


def _time(since_1970_s: float) -> str:
    return datetime.fromtimestamp(since_1970_s, UTC).isoformat(timespec="seconds")


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key}={inner}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return str(value)
