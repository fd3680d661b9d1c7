"""A record's fields as those of an object: how each is written, read, and described in a schema.

The structure is the record's. What is JSON of any shape, as a driver's data, is a mapping of texts, each of them JSON:
a schema says of every value what it is, and a cluster keeps numbers and text of its own kinds only.
"""

import json
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import TypeAlias, get_args, get_origin, get_type_hints

from persistence.objects.naming import given_back, kept
from persistence.records import Json

#: A value as it stands in a document or in an object.
Value: TypeAlias = typing.Any
Schema: TypeAlias = dict[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a field is written into an object, read from it, and described."""

    write: Callable[[Value], Value]
    read: Callable[[Value], Value]
    schema: Schema


def written_fields(record_type: type[object], document: Mapping[str, Value]) -> dict[str, Value]:
    """Return the object's fields for those of a document; what is None is left out."""
    forms = forms_of(record_type)
    return {camel(name): forms[name].write(value) for name, value in document.items() if value is not None}


def read_fields(record_type: type[object], content: Mapping[str, Value]) -> dict[str, Value]:
    """Return a document's fields from an object's; those that this version does not know keep their names.

    Raises:
        ValueError: one of them has a shape that was never written.
    """
    known = {camel(name): (name, form) for name, form in forms_of(record_type).items()}
    found = {}
    for key, value in content.items():
        name, form = known.get(key, (key, _PLAIN))
        try:
            found[name] = form.read(value)
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(f"its field {key} is damaged") from error
    return found


def schema_of(record_type: type[object], *, more: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of an object's fields; `more` are fields that it has besides, all required."""
    required = [camel(field.name) for field in _fields(record_type) if _is_required(field)]
    properties = {camel(name): form.schema for name, form in forms_of(record_type).items()}
    return {
        "type": "object",
        "required": sorted([*required, *(more or {})]),
        "properties": dict(sorted({**properties, **(more or {})}.items())),
    }


def camel(name: str) -> str:
    """Return a field's name as Kubernetes writes names."""
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def forms_of(record_type: type[object]) -> Mapping[str, Form]:
    """Return the form of each field of a dataclass but `revision`."""
    return _forms_of(record_type)  # type: ignore[arg-type]  # a class is hashable, whatever mypy makes of object.__hash__


@cache
def _forms_of(record_type: type[object]) -> Mapping[str, Form]:
    hints = get_type_hints(record_type)
    return {field.name: _form(hints[field.name]) for field in _fields(record_type)}


def _fields(record_type: type[object]) -> list[Field[object]]:
    every: tuple[Field[object], ...] = fields(record_type)  # type: ignore[arg-type]  # only dataclasses come here
    return [field for field in every if field.name != "revision"]


def _is_required(field: Field[object]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _same(value: Value) -> Value:
    return value


_PLAIN = Form(write=_same, read=_same, schema={})
_TEXT = Form(write=kept, read=given_back, schema={"type": "string"})
_SCALARS: Mapping[object, Form] = {
    str: _TEXT,
    bool: Form(write=_same, read=_same, schema={"type": "boolean"}),
    int: Form(write=_same, read=_same, schema={"type": "integer", "format": "int64"}),
    float: Form(write=_same, read=_same, schema={"type": "number", "format": "double"}),
}
_TEXTS = Form(
    write=lambda value: {kept(key): kept(item) for key, item in value.items()},
    read=lambda value: {given_back(key): given_back(item) for key, item in value.items()},
    schema={"type": "object", "additionalProperties": {"type": "string"}},
)
_LIST = Form(
    write=lambda value: [kept(item) for item in value],
    read=lambda value: [given_back(item) for item in value],
    schema={"type": "array", "items": {"type": "string"}},
)
_ANY_JSON = Form(
    write=lambda value: {kept(key): _as_text(item) for key, item in value.items()},
    read=lambda value: {given_back(key): json.loads(item) for key, item in value.items()},
    schema={
        "type": "object",
        "description": "Each value is JSON.",
        "additionalProperties": {"type": "string"},
    },
)


def _as_text(value: Json) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def _form(hint: object) -> Form:
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return Form(write=_same, read=_same, schema={"type": "string", "enum": sorted(hint)})
    if isinstance(hint, type) and is_dataclass(hint):
        return Form(
            write=lambda value: written_fields(hint, value),
            read=lambda value: read_fields(hint, value),
            schema=schema_of(hint),
        )
    if hint in _SCALARS:
        return _SCALARS[hint]
    arguments = get_args(hint)
    if get_origin(hint) in (types.UnionType, typing.Union) and types.NoneType in arguments:
        # None is left out.
        (inner,) = (argument for argument in arguments if argument is not types.NoneType)
        return _form(inner)
    if get_origin(hint) is tuple and arguments == (str, ...):
        return _LIST
    if get_origin(hint) is Mapping:
        return _TEXTS if arguments[1] is str else _ANY_JSON
    raise TypeError(f"a record's field has the type {hint}, which no object can have yet")
