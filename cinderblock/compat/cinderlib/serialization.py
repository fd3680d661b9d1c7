"""Everything that is open as JSON, and objects from it."""

import json as json_module
from collections.abc import Mapping
from typing import Any

from cinderblock.cinderlib import serialization
from cinderblock.cinderlib.documents import (
    BackendDocument,
    ConnectionDocument,
    Document,
    SnapshotDocument,
    VolumeDocument,
)
from cinderblock.compat.cinderlib import finding
from cinderblock.compat.cinderlib.backend import Backend
from cinderblock.compat.cinderlib.connection import Connection
from cinderblock.compat.cinderlib.object import record_in
from cinderblock.compat.cinderlib.process import current, inside_plugin
from cinderblock.compat.cinderlib.snapshot import Snapshot
from cinderblock.compat.cinderlib.volume import Volume
from cinderblock.errors import ConfigurationError, InvalidRequest
from persistence.records import ConnectionRecord, Json, SnapshotRecord, VolumeRecord


def load(json_src: Any, save: bool = False) -> Any:
    """Return the object, or the list of objects, of what `json`, `jsons`, `dump` or `dumps` gave.

    What is stored already is shown as it is stored; of the rest nothing is stored before something is done with it.

    Args:
        json_src: text, or what it stands for.
        save: store it, and what a program can set of what is stored.
    """
    content = json_module.loads(json_src) if isinstance(json_src, str) else json_src
    if isinstance(content, list):
        return [load(one, save) for one in content]
    if inside_plugin.get():
        return _apart(content)
    # A back end is opened before anything is read: the set-up makes the key.
    backend = Backend.load_backend(content["backend"])
    _check_open(backend)
    return _object(serialization.read(content, sealer=current().sealer), backend, save=save)


def json() -> list[dict[str, Json]]:
    """Return all back ends with their volumes."""
    return [backend.json for backend in Backend.backends.values()]


def jsons() -> str:
    """Return the same, as text."""
    return json_module.dumps(json(), separators=(",", ":"))


def dump() -> list[dict[str, Json]]:
    """Return the same as `json`."""
    return json()


def dumps() -> str:
    """Return the same, as text."""
    return jsons()


def _check_open(backend: Backend | str) -> None:
    if isinstance(backend, str) and Backend.fail_on_missing_backend:
        raise ConfigurationError(f"back end {backend!r} is not open, and the JSON does not have its options")


def _object(document: Document, backend: Backend | str, *, save: bool) -> Any:
    session = current().session
    match document:
        case BackendDocument():
            for volume in document.volumes:
                _object(volume, backend, save=save or not _known(volume.record.cinder_id))
            return backend
        case VolumeDocument(record=record):
            volumes = finding.volumes(session, volume_id=record.cinder_id)
            found: Any = Volume.of(volumes[0] if volumes else record, document=_loose(document, volumes, save=save))
        case SnapshotDocument(record=snapshot):
            snapshots = finding.snapshots(session, snapshot_id=snapshot.cinder_id)
            found = Snapshot.of(
                snapshots[0] if snapshots else snapshot, document=_loose(document, snapshots, save=save)
            )
        case ConnectionDocument(record=connection):
            ended = finding.connections(session, connection_id=connection.cinder_id)
            found = Connection.of(ended[0] if ended else connection, document=_loose(document, ended, save=save))
    if save:
        found.save()
    return found


def _apart(content: Mapping[str, Any]) -> Any:
    """Return the object that a plugin had kept as JSON."""
    document = serialization.read(content)
    match document:
        case VolumeDocument(record=volume):
            return Volume.apart(record_in(content, VolumeRecord) or volume)
        case SnapshotDocument(record=snapshot):
            return Snapshot.apart(record_in(content, SnapshotRecord) or snapshot)
        case ConnectionDocument(record=connection):
            return Connection.apart(record_in(content, ConnectionRecord) or connection)
        case _:
            raise InvalidRequest("a plugin keeps volumes, snapshots and connections, not back ends")


def _known(volume_id: str) -> bool:
    return bool(finding.volumes(current().session, volume_id=volume_id))


def _loose(document: Document, stored: list[Any], *, save: bool) -> Document | None:
    return document if save or not stored else None
