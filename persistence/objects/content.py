"""A record as an object, and back.

An object without `spec` is vacant: it holds no record, only the name. One that is marked `late` may have a twin on its
way that was sent and never answered for, so its name is never set free: what is deleted there becomes vacant.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeAlias, TypeVar

from persistence.codec import decode, written
from persistence.errors import StoreUnusable
from persistence.keys import KINDS, new_revision
from persistence.objects.fields import read_fields, written_fields
from persistence.objects.kinds import GROUP, OBJECTS, VERSION
from persistence.objects.naming import label_of, label_value, name_of
from persistence.records import Record

R = TypeVar("R", bound=Record)

Content: TypeAlias = dict[str, Any]

API_VERSION = f"{GROUP}/{VERSION}"
LATE_LABEL = f"{GROUP}/late"
VACANT_LABEL = f"{GROUP}/vacant"
#: Changed so that a write that is on its way still meets another version of the object than it wants.
TOUCH_ANNOTATION = f"{GROUP}/touched"
#: As long as a new one, in hexadecimal digits.
_MARK_LENGTH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Which version of an object holds a record: a record's revision is this as text.

    `mark` is the record's own, as in every store; `version` is the cluster's, and changes with whatever is done to the
    object. `late` is whether the name is never to be set free.
    """

    mark: str
    version: str
    late: bool

    def __str__(self) -> str:
        return ".".join([self.mark, self.version, *(["late"] if self.late else [])])

    @classmethod
    def of(cls, revision: str) -> "Held":
        """Read a record's revision; one that is no cluster's holds nothing."""
        mark, _, rest = revision.partition(".")
        version, _, late = rest.partition(".")
        return cls(mark=mark, version=version, late=bool(late))


@dataclass(frozen=True, slots=True, kw_only=True)
class Written(Generic[R]):
    """A record on its way: the object's `spec` and labels, and the record as it will be read."""

    record: R
    mark: str
    spec: Content
    labels: Mapping[str, str]

    def object(self, held: Held | None = None) -> Content:
        """Return the object, to take the place of the version that is held, if one is given."""
        return {**_object(self.record, held, self.labels), "spec": self.spec}

    def stored(self, answer: Content) -> R:
        """Return the record with the revision that the cluster's answer gives it."""
        return replace(self.record, revision=str(held_by(answer)))


def write(record: R) -> Written[R]:
    """Return the record ready to be stored, under a new mark.

    Raises:
        ValueError: it cannot be stored as it is.
    """
    return _marked(record, new_revision())


def described(record: R) -> Content:
    """Return the object of a record that one process alone writes, over and over: an equal record is an equal object.

    Raises:
        ValueError: it cannot be stored as it is.
    """
    text, _ = written(record, revision="")
    return _marked(record, hashlib.sha256(text.encode()).hexdigest()[:_MARK_LENGTH]).object()


def _marked(record: R, mark: str) -> Written[R]:
    text, stored = written(record, revision=mark)
    document = json.loads(text)
    form = document.pop("format")
    spec = {**written_fields(type(record), document), "format": form, "revision": mark}
    return Written(record=stored, mark=mark, spec=spec, labels=labels_of(record))


def labels_of(record: Record) -> Mapping[str, str]:
    """Return what the record is found by."""
    return {label_of(field): label_value(getattr(record, field)) for field in ("id", *record.INDEXED)}


def vacant(record: Record, held: Held) -> Content:
    """Return an object that has the record's name and holds nothing, to take the place of the version that is held."""
    return _object(record, held, {VACANT_LABEL: "true"})


def taken(kind: str, name: str) -> Content:
    """Return a new object that has the name, and is marked late; it holds nothing."""
    labels = {VACANT_LABEL: "true", LATE_LABEL: "true"}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name, "labels": labels}}


def _object(record: Record, held: Held | None, labels: Mapping[str, str]) -> Content:
    metadata: Content = {"name": name_of(record.id), "labels": dict(labels)}
    if held is not None:
        metadata["resourceVersion"] = held.version
        if held.late:
            metadata["labels"][LATE_LABEL] = "true"
    return {"apiVersion": API_VERSION, "kind": OBJECTS[type(record)].name, "metadata": metadata}


def held_by(content: Content) -> Held:
    """Return what an object holds; a vacant one holds no record, its mark is ""."""
    metadata = content["metadata"]
    mark = content.get("spec", {}).get("revision", "")
    return Held(mark=mark, version=metadata["resourceVersion"], late=LATE_LABEL in metadata.get("labels", {}))


def read(record_type: type[R], content: Content, *, record_id: str = "") -> R | None:
    """Return the record that an object holds, None where that is vacant.

    Args:
        content: the object.
        record_id: the id that was asked for, if one was.

    Raises:
        StoreUnusable: the object is damaged, newer than this code, or that of another record.
    """
    if "spec" not in content:
        return None
    name = content["metadata"]["name"]
    try:
        fields = read_fields(record_type, {key: item for key, item in content["spec"].items() if key != "revision"})
    except ValueError as error:
        raise StoreUnusable(f"{KINDS[record_type]} {record_id or name!r}: {error}; restore the store") from error
    found_id = str(fields.get("id", ""))
    if name_of(found_id) != name:
        raise StoreUnusable(f"{KINDS[record_type]} object {name} holds the record {found_id!r}; restore the store")
    revision = str(held_by(content))
    return decode(record_type, json.dumps(fields), record_id=record_id or found_id, revision=revision)
