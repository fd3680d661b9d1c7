"""What cinderlib's `json`, `dump` and `load` are about: an object with what belongs to it, as our records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from persistence.records import ConnectionRecord, Json, SnapshotRecord, VolumeRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeDocument:
    """A volume; what it has is None where nothing is said of it.

    `backend` is its back end's options, or its name alone, `volume_backend_name`; empty for a volume inside of
    another object's document.
    """

    record: VolumeRecord
    backend: Mapping[str, Json]
    snapshots: tuple[SnapshotRecord, ...] | None = None
    connections: tuple[ConnectionRecord, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotDocument:
    """A snapshot, with its volume where that is told."""

    record: SnapshotRecord
    backend: Mapping[str, Json]
    volume: VolumeDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDocument:
    """A connection, with its volume where that is told."""

    record: ConnectionRecord
    backend: Mapping[str, Json]
    volume: VolumeDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendDocument:
    """A back end, by its options or its name alone, with its volumes."""

    backend: Mapping[str, Json]
    volumes: tuple[VolumeDocument, ...] = ()


Document: TypeAlias = BackendDocument | VolumeDocument | SnapshotDocument | ConnectionDocument
