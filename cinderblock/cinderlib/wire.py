"""Versioned objects of Cinder's, as JSON, and their fields.

Source: oslo.versionedobjects, `VersionedObject.obj_to_primitive`.
"""

from collections.abc import Iterable, Mapping

from cinderblock.cinderlib.kept import Fields
from cinderblock.errors import InvalidRequest
from persistence.records import Json

_NAME = "versioned_object.name"
_NAMESPACE = "versioned_object.namespace"
_VERSION = "versioned_object.version"
_DATA = "versioned_object.data"
_CINDER = "cinder"
#: The versions of Cinder 23; another one is kept with the object.
_VERSIONS = {
    "Volume": "1.9",
    "Snapshot": "1.6",
    "VolumeAttachment": "1.3",
    "VolumeType": "1.3",
    "QualityOfServiceSpecs": "1.0",
    "VolumeAttachmentList": "1.1",
    "SnapshotList": "1.0",
}
#: Fields that hold an object of their own, and which; but for those that are told as objects by themselves.
_INNER = {"volume_type": "VolumeType", "qos_specs": "QualityOfServiceSpecs"}


def wrapped(name: str, fields: Fields) -> dict[str, Json]:
    """Return the object with these fields."""
    data = {field: value for field, value in fields.items() if field != _VERSION}
    for field, inner in _INNER.items():
        value = data.get(field)
        if isinstance(value, Mapping):
            data[field] = wrapped(inner, value)
    version = fields.get(_VERSION, _VERSIONS[name])
    return {_NAME: name, _NAMESPACE: _CINDER, _VERSION: version, _DATA: data}


def wrapped_list(name: str, objects: Iterable[Fields]) -> dict[str, Json]:
    """Return a list of objects, which is an object, too."""
    return wrapped(f"{name}List", {"objects": [wrapped(name, fields) for fields in objects]})


def unwrapped(value: Json, name: str) -> dict[str, Json]:
    """Return the fields of an object.

    Raises:
        InvalidRequest: it is none, or another.
    """
    data = value.get(_DATA) if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(data, Mapping) or value.get(_NAME) != name:
        raise InvalidRequest(f"an object of Cinder's called {name} is wanted in the document, with its fields")
    fields = dict(data)
    for field, inner in _INNER.items():
        if fields.get(field) is not None:
            fields[field] = unwrapped(fields[field], inner)
    if value.get(_VERSION) != _VERSIONS[name]:
        fields[_VERSION] = value.get(_VERSION)
    return fields


def unwrapped_list(value: Json, name: str) -> list[dict[str, Json]]:
    """Return the fields of each object in a list.

    Raises:
        InvalidRequest: it is none.
    """
    objects = unwrapped(value, f"{name}List").get("objects")
    if not isinstance(objects, list):
        raise InvalidRequest(f"a list of objects called {name} is wanted in the document")
    return [unwrapped(one, name) for one in objects]
