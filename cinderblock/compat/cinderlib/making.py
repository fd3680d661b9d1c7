"""What programs of cinderlib say of something new, as what the library wants; and the making of it."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cinderblock.cinderlib import kept, writing
from cinderblock.cinderlib.kept import KEPT
from cinderblock.compat.cinderlib.exception import blamed
from cinderblock.compat.cinderlib.process import current
from cinderblock.config import DEFAULT_HOST
from cinderblock.errors import InvalidRequest
from cinderblock.storage import creation
from cinderblock.storage.creation import Wishes
from persistence.records import Json, SnapshotRecord, Status, VolumeRecord

#: Cinder's fields that the library asks for by other names, or finds out by itself.
_OWN = frozenset(
    {"id", "size", "host", "display_name", "display_description", "metadata", "extra_specs", "qos_specs",
     "multiattach", "status", "attach_status", "source_volid", "snapshot_id", "volume_id", "volume_size", "progress",
     "volume_type_id"}
)  # fmt: skip
#: What a copy has of its source, where a program says nothing else.
_COPIED = (
    "size", "display_name", "display_description", "metadata", "availability_zone", "bootable", "multiattach",
    "user_id", "project_id",
)  # fmt: skip
_TEXTS = ("metadata", "extra_specs", "qos_specs")


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """Something that is to be made: what it says of itself meanwhile, and what is asked for."""

    backend: str
    size: Any
    wishes: Wishes
    shown: Mapping[str, Json]


def volume(backend: str, given: Mapping[str, Any], *, pool: str) -> New:
    """Return the volume that a program describes; the size is looked at when it is made.

    Raises:
        InvalidRequest: it has a field that no volume has.
    """
    fields = _fields(given)
    host = str(fields.get("host") or f"{DEFAULT_HOST}@{backend}#{pool}")
    record = VolumeRecord(
        id=kept.volume_id(fields["id"]),
        cinder_id=fields["id"],
        name=fields["display_name"],
        backend=backend,
        host=host,
        size_gib=1,
        status=Status.CREATING,
    )
    shown = writing.volume(record)
    _check("volume", fields, shown)
    shown.update({name: value for name, value in fields.items() if name in shown}, size=fields.get("size", 1))
    wishes = Wishes(
        **_said(fields, given, kept.volume_id),
        pool=host.partition("#")[2],
        extra_specs=fields.get("extra_specs"),
        qos_specs=fields.get("qos_specs"),
        multiattach=bool(fields.get("multiattach")),
    )
    return New(backend=backend, size=shown["size"], wishes=wishes, shown=shown)


def snapshot(of: VolumeRecord, given: Mapping[str, Any]) -> New:
    """Return the snapshot that a program describes.

    Raises:
        InvalidRequest: it has a field that no snapshot has.
    """
    fields = _fields(given)
    record = SnapshotRecord(
        id=kept.snapshot_id(fields["id"]),
        cinder_id=fields["id"],
        name=fields["display_name"],
        backend=of.backend,
        volume_id=of.id,
        volume_cinder_id=of.cinder_id,
        size_gib=of.size_gib,
        status=Status.CREATING,
    )
    shown = writing.snapshot(record)
    _check("snapshot", fields, shown)
    shown.update({name: value for name, value in fields.items() if name in shown})
    wishes = Wishes(**_said(fields, given, kept.snapshot_id))
    return New(backend=of.backend, size=of.size_gib, wishes=wishes, shown=shown)


def like(source: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a new volume that is like another one, but for what a program says."""
    named = _renamed(given)
    copied = {name: getattr(source, name) for name in _COPIED if source.obj_attr_is_set(name)}
    if source.stored is not None:
        copied |= {"extra_specs": source.stored.extra_specs, "qos_specs": source.stored.qos_specs}
    return {**copied, **named}


def create(new: New, resource: Any) -> VolumeRecord:
    """Make an empty volume; `resource` is the object that is to be it."""
    with _failing(resource):
        return creation.create(current().session, new.backend, new.size, new.wishes)


def copy(new: New, source: VolumeRecord | SnapshotRecord, resource: Any) -> VolumeRecord:
    """Make a volume with the content of another object."""
    with _failing(resource):
        return creation.copy(current().session, source, new.size, new.wishes)


def take(new: New, source: VolumeRecord, resource: Any) -> SnapshotRecord:
    """Make a snapshot."""
    with _failing(resource):
        return creation.create_snapshot(current().session, source, new.wishes)


@contextmanager
def _failing(resource: Any) -> Iterator[None]:
    """Say of an object that it could not be made."""
    try:
        with blamed(resource):
            yield
    except Exception:
        resource.show_failed()
        raise


def _renamed(given: Mapping[str, Any]) -> dict[str, Any]:
    fields = dict(given)
    for ours, name in (("name", "display_name"), ("description", "display_description")):
        if ours in fields:
            fields[name] = fields.pop(ours)
    return fields


def _fields(given: Mapping[str, Any]) -> dict[str, Any]:
    fields = _renamed(given)
    fields["id"] = fields.get("id") or str(uuid.uuid4())
    for name in ("display_name", "display_description"):
        # None is how a program says that there is none.
        fields[name] = "" if fields.get(name) is None else fields[name]
    fields.update({name: texts(fields[name]) for name in _TEXTS if name in fields})
    return fields


def texts(value: Any) -> Any:
    """Return metadata or specs as texts; Cinder takes numbers for texts, too."""
    if not isinstance(value, Mapping):
        return value
    return {key: str(item) if isinstance(item, bool | int | float) else item for key, item in value.items()}


def _check(kind: str, fields: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    unknown = sorted(fields.keys() - known.keys() - _OWN)
    if unknown:
        raise InvalidRequest(f"a {kind} has no {', '.join(unknown)}")


def _said(fields: Mapping[str, Any], given: Mapping[str, Any], derive: Callable[[str], str]) -> dict[str, Any]:
    """Return what volumes and snapshots have in common of their wishes."""
    rest = {name: value for name, value in fields.items() if name not in _OWN and value is not None}
    driver_data = {name: rest.pop(name) for name in writing.DRIVERS if name in rest}
    owner = {name: value for name, value in current().owner.items() if value}
    rest = {**owner, **rest}
    return {
        "id": derive(fields["id"]),
        "cinder_id": fields["id"],
        "name": fields["display_name"],
        "description": fields["display_description"],
        "metadata": fields.get("metadata"),
        "unnamed": True,
        "once": not given.get("id"),
        "driver_data": {**driver_data, **({KEPT: rest} if rest else {})},
    }
