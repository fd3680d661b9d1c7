"""Cinderlib's JSON, read and written: everything that it told is there again.

An object is `{"class": …, "backend": {…}, "ovo": {…}}`, where "ovo" is a versioned object of Cinder's; a back end is
`{"class": "Backend", "backend": {…}, "volumes": […]}`. Without the key or the wish, no secret is written.

Source: cinderlib 5.2.0, `json`, `jsons`, `dump`, `dumps` and `load`.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from cinderblock.cinderlib import reading, writing
from cinderblock.cinderlib.documents import (
    BackendDocument,
    ConnectionDocument,
    Document,
    SnapshotDocument,
    VolumeDocument,
)
from cinderblock.cinderlib.kept import Fields
from cinderblock.cinderlib.secrets import Cover, Secrets, covered, uncovered
from cinderblock.cinderlib.wire import unwrapped, unwrapped_list, wrapped, wrapped_list
from cinderblock.concealment import is_secret
from cinderblock.errors import InvalidRequest
from persistence.records import ConnectionRecord, Json, SnapshotRecord
from persistence.seal import Sealer

T = TypeVar("T")

_NAME = "volume_backend_name"
#: The secret field of each kind of object.
_SECRETS = {"Volume": "provider_auth", "Snapshot": "provider_auth", "VolumeAttachment": "connection_info"}


def read_all(source: Json, *, sealer: Sealer | None = None) -> list[Document]:
    """Read a list of objects, or one object; as text, or as what the text stands for.

    Raises: what `read` does.
    """
    if isinstance(source, str):
        try:
            source = json.loads(source)
        except ValueError as error:
            raise InvalidRequest(f"the document is no JSON: {error}") from error
    return [read(one, sealer=sealer) for one in (source if isinstance(source, list) else [source])]


def read(source: Json, *, sealer: Sealer | None = None) -> Document:
    """Read one object with all that is told of it.

    Args:
        source: what `write` returned, or cinderlib.
        sealer: opens the secrets that are sealed.

    Raises:
        InvalidRequest: it is no object of cinderlib's, or its secrets were left out, or are sealed and there is no key.
        StoreUnusable: no key opens its secrets.
    """
    return _Reader(sealer).document(source)


def write(document: Document, *, cover: Cover = Secrets.LEFT_OUT) -> dict[str, Json]:
    """Return the JSON that cinderlib would have written.

    Args:
        document: the object.
        cover: what becomes of secrets.
    """
    return _Writer(cover).document(document)


class _Reader:
    def __init__(self, sealer: Sealer | None) -> None:
        self._sealer = sealer

    def document(self, source: Json) -> Document:
        if not isinstance(source, Mapping):
            raise InvalidRequest(f"the document is {type(source).__name__}, an object wanted")
        backend = self._options(source.get("backend"))
        name = str(backend[_NAME])
        match source.get("class"):
            case "Backend":
                volumes = source.get("volumes")
                found = [self.document(one) for one in (volumes if isinstance(volumes, Sequence) else ())]
                return BackendDocument(
                    backend=backend, volumes=tuple(one for one in found if isinstance(one, VolumeDocument))
                )
            case "Volume":
                return self._volume(unwrapped(source.get("ovo"), "Volume"), backend)
            case "Snapshot":
                fields = unwrapped(source.get("ovo"), "Snapshot")
                record = self._snapshot(fields, name)
                return SnapshotDocument(record=record, backend=backend, volume=self._inner_volume(fields))
            case "Connection":
                fields = unwrapped(source.get("ovo"), "VolumeAttachment")
                connection = self._connection(fields, name)
                return ConnectionDocument(record=connection, backend=backend, volume=self._inner_volume(fields))
            case other:
                raise InvalidRequest(
                    f"the document is of class {other!r}, Backend, Volume, Snapshot or Connection wanted"
                )

    def _volume(self, fields: Fields, backend: Mapping[str, Json]) -> VolumeDocument:
        name = reading.backend_of(str(fields.get("host")))
        snapshots = _each(fields.get("snapshots"), "Snapshot", lambda one: self._snapshot(one, name))
        connections = _each(
            fields.get("volume_attachment"), "VolumeAttachment", lambda one: self._connection(one, name)
        )
        record = reading.volume(self._opened(fields, "Volume"), used=bool(snapshots or connections))
        return VolumeDocument(record=record, backend=backend, snapshots=snapshots, connections=connections)

    def _inner_volume(self, fields: Fields) -> VolumeDocument | None:
        inner = fields.get("volume")
        return None if inner is None else self._volume(unwrapped(inner, "Volume"), {})

    def _snapshot(self, fields: Fields, backend: str) -> SnapshotRecord:
        return reading.snapshot(self._opened(fields, "Snapshot"), backend=backend)

    def _connection(self, fields: Fields, backend: str) -> ConnectionRecord:
        return reading.connection(self._opened(fields, "VolumeAttachment"), backend=backend)

    def _opened(self, fields: Fields, kind: str) -> Fields:
        name = _SECRETS[kind]
        if name not in fields:
            return fields
        return {**fields, name: uncovered(fields[name], self._sealer, place=_place(kind, fields.get("id"), name))}

    def _options(self, given: Json) -> dict[str, Json]:
        if not isinstance(given, Mapping) or not isinstance(given.get(_NAME), str):
            raise InvalidRequest(f"the document's backend is without {_NAME}")
        return {
            option: uncovered(value, self._sealer, place=_place("backend", given[_NAME], option))
            for option, value in given.items()
        }


class _Writer:
    def __init__(self, cover: Cover) -> None:
        self._cover = cover

    def document(self, document: Document) -> dict[str, Json]:
        backend = self._options(document.backend)
        match document:
            case BackendDocument():
                volumes = [self.document(volume) for volume in document.volumes]
                return {"class": "Backend", "backend": backend, "volumes": volumes}
            case VolumeDocument():
                return {"class": "Volume", "backend": backend, "ovo": wrapped("Volume", self._volume(document))}
            case SnapshotDocument():
                fields = {**self._snapshot(document.record), **self._inner_volume(document.volume)}
                return {"class": "Snapshot", "backend": backend, "ovo": wrapped("Snapshot", fields)}
            case ConnectionDocument():
                fields = {**self._connection(document.record), **self._inner_volume(document.volume)}
                return {"class": "Connection", "backend": backend, "ovo": wrapped("VolumeAttachment", fields)}

    def _volume(self, document: VolumeDocument) -> Fields:
        fields = self._covered(writing.volume(document.record, in_use=bool(document.connections)), "Volume")
        if document.connections is not None:
            fields["volume_attachment"] = wrapped_list("VolumeAttachment", map(self._connection, document.connections))
        if document.snapshots is not None:
            fields["snapshots"] = wrapped_list("Snapshot", map(self._snapshot, document.snapshots))
        return fields

    def _inner_volume(self, volume: VolumeDocument | None) -> Fields:
        return {} if volume is None else {"volume": wrapped("Volume", self._volume(volume))}

    def _snapshot(self, record: SnapshotRecord) -> Fields:
        return self._covered(writing.snapshot(record), "Snapshot")

    def _connection(self, record: ConnectionRecord) -> Fields:
        return self._covered(writing.connection(record), "VolumeAttachment")

    def _covered(self, fields: Fields, kind: str) -> dict[str, Json]:
        name = _SECRETS[kind]
        return {**fields, name: covered(fields[name], self._cover, place=_place(kind, fields["id"], name))}

    def _options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        return {
            option: covered(value, self._cover, place=_place("backend", options[_NAME], option))
            if is_secret(option)
            else value
            for option, value in options.items()
        }


def _each(objects: Json, kind: str, convert: Callable[[Fields], T]) -> tuple[T, ...] | None:
    """Return what a list of objects becomes; None where there is no list."""
    if objects is None:
        return None
    converted: Iterable[T] = map(convert, unwrapped_list(objects, kind))
    return tuple(converted)


def _place(kind: str, name: Json, field: str) -> str:
    return f"cinderlib {kind} {name} {field}"
