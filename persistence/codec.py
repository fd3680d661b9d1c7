"""A record as a JSON document with a format version, and back.

The document is ASCII (everything else is escaped), so no database's character
set can harm it. It holds every field but `revision`, which is the store's.
Any change of the records that an older version would not keep whole raises
`FORMAT`; a new field with a default does, because the older version would drop it.
"""

import json
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import NoReturn, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

from persistence.errors import StoreUnusable
from persistence.keys import KINDS, key_problem
from persistence.records import Json, Record

#: The version of the documents that this code writes, and the newest that it reads.
FORMAT = 2

R = TypeVar("R", bound=Record)

_Reader: TypeAlias = Callable[[object, str], object]
#: A number as it stands in a document, where floats and integers are the same thing.
_NUMBERS = (int, float)
#: What most values are, and what JSON has as it is.
_PLAIN = frozenset({str, int, bool})
_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


def encode(record: Record) -> str:
    """Return the record's document; see `written`."""
    return written(record, revision="")[0]


def written(record: R, *, revision: str) -> tuple[str, R]:
    """Return the record's document, and the record as `decode` will return it: nothing in it is the caller's.

    Raises:
        ValueError: the record cannot be stored as it is: a value that JSON does not have
            (NaN, a set, a key that is no text), a field of the wrong type, an id or an
            indexed field that is empty, too long or not storable. Names the field.
    """
    what = f"{KINDS[type(record)]} {record.id!r}"
    document: dict[str, Json] = {"format": FORMAT}
    values: dict[str, object] = {}
    plan = _plan(type(record))  # type: ignore[arg-type]  # a class is hashable, whatever mypy makes of object.__hash__
    for name, (read, scalar, _) in plan.items():
        value = getattr(record, name)
        if type(value) is scalar:
            # Most fields, and the same there as here.
            document[name] = values[name] = value
        else:
            path = f"{what}: {name}"
            document[name] = plain(value, path)
            # What could not be read again is not written.
            values[name] = read(document[name], path)
    for name in ("id", *record.INDEXED):
        problem = key_problem(str(values[name]), empty=name != "id")
        if problem:
            raise ValueError(f"{what}: {name} {problem}")
    make: Callable[..., R] = type(record)
    return _ENCODER.encode(document), make(**values, revision=revision)


def decode(record_type: type[R], document: str, *, record_id: str, revision: str) -> R:
    """Return the record that `document` holds; absent fields get their defaults.

    Raises:
        StoreUnusable: the document is newer than this code, of another record, or damaged.
    """
    what = f"{KINDS[record_type]} {record_id!r}"
    try:
        content = json.loads(document, parse_constant=_no_constant)
    except ValueError as error:
        raise StoreUnusable(f"{what}: the stored document is no JSON ({error}); restore the store") from error
    if not isinstance(content, dict):
        raise StoreUnusable(f"{what}: the stored document is no JSON object; restore the store")
    written = content.pop("format", None)
    if type(written) is not int or written < 1:
        raise StoreUnusable(f"{what}: the stored document has no format version; restore the store")
    if written > FORMAT:
        raise StoreUnusable(
            f"{what} was written in format {written}, this version of Cinderblock reads up to {FORMAT}: "
            "run the newer version again"
        )
    if content.get("id") != record_id:
        raise StoreUnusable(f"{what}: the stored document is of {content.get('id')!r}; restore the store")
    make: Callable[..., R] = record_type
    try:
        return make(**_values(record_type, content, what), revision=revision)
    except ValueError as error:
        raise StoreUnusable(f"{error}; restore the store") from error


def plain(value: object, path: str) -> Json:
    """Return `value` as what JSON has, all the way down; `path` names it in messages.

    Raises:
        ValueError: something in it is nothing that JSON has: NaN, a set, a key that is no text.
    """
    if value is None or type(value) in _PLAIN:
        return value  # type: ignore[return-value]  # one of those types, as the line above says
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{path} is {value}, a finite number wanted")
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name), f"{path}.{field.name}") for field in fields(value)}
    if isinstance(value, Mapping):
        return {_key(key, path): plain(item, f"{path}[{key!r}]") for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return [plain(item, f"{path}[{position}]") for position, item in enumerate(value)]
    raise ValueError(f"{path} is {type(value).__name__}, which JSON does not have")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _key(key: object, path: str) -> str:
    if not isinstance(key, str):
        raise ValueError(f"{path} has a key that is {type(key).__name__}, text wanted")  # noqa: TRY004 -- as every unstorable value
    return str(key)


def _values(cls: type[object], document: Mapping[str, object], what: str) -> dict[str, object]:
    """Return the constructor's arguments for `cls`, checked field by field."""
    plan = _plan(cls)  # type: ignore[arg-type]  # a class is hashable, whatever mypy makes of object.__hash__
    unknown = sorted(document.keys() - plan.keys())
    if unknown:
        raise ValueError(f"{what} holds fields that this version does not know: {', '.join(unknown)}")
    values = {}
    for name, (read, scalar, required) in plan.items():
        if name in document:
            value = document[name]
            values[name] = value if type(value) is scalar else read(value, f"{what}: {name}")
        elif required:
            raise ValueError(f"{what} lacks {name}")
    return values


@cache
def _plan(cls: type[object]) -> Mapping[str, tuple[_Reader, object, bool]]:
    """Return for each field of a dataclass how to read it, its type if JSON has it, and whether it must be there."""
    hints = get_type_hints(cls)
    every: Sequence[Field[object]] = fields(cls)  # type: ignore[arg-type]  # only dataclasses come here
    return {
        field.name: (
            _reader(hints[field.name]),
            hints[field.name] if hints[field.name] in _PLAIN else None,
            field.default is MISSING and field.default_factory is MISSING,
        )
        for field in every
        if field.name != "revision"
    }


def _reader(hint: object) -> _Reader:
    """Return the function that turns JSON into a value of type `hint`."""
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return lambda value, path: _member(hint, value, path)
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda value, path: hint(**_values(hint, _mapping(value, path), path))
    if isinstance(hint, type) and hint in (str, int, float, bool):
        return lambda value, path: _scalar(hint, value, path)
    arguments = get_args(hint)
    if get_origin(hint) in (types.UnionType, typing.Union) and types.NoneType in arguments:
        (inner,) = (_reader(argument) for argument in arguments if argument is not types.NoneType)
        return lambda value, path: None if value is None else inner(value, path)
    if get_origin(hint) is tuple and arguments[1:] == (...,):
        item = _reader(arguments[0])
        return lambda value, path: tuple(item(element, path) for element in _list(value, path))
    if get_origin(hint) is Mapping:
        if arguments[1] is not str:
            return _mapping
        return lambda value, path: {key: _scalar(str, item, path) for key, item in _mapping(value, path).items()}
    raise TypeError(f"a record's field has the type {hint}, which the codec does not know")


def _scalar(wanted: type[object], value: object, path: str) -> object:
    if wanted is float and type(value) in _NUMBERS:
        return float(value)  # type: ignore[arg-type]  # an int or a float, as the line above says
    if type(value) is not wanted:
        raise ValueError(f"{path} is {type(value).__name__}, {wanted.__name__} wanted")
    return value


def _member(enum: type[StrEnum], value: object, path: str) -> StrEnum:
    if value not in tuple(enum):
        raise ValueError(f"{path} is {value!r}, one of {', '.join(enum)} wanted")
    return enum(str(value))


def _mapping(value: object, path: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"{path} is {type(value).__name__}, a mapping wanted")  # noqa: TRY004 -- bad content, not a bad call
    return value


def _list(value: object, path: str) -> Sequence[object]:
    if not isinstance(value, list):
        raise ValueError(f"{path} is {type(value).__name__}, a list wanted")  # noqa: TRY004 -- bad content, not a bad call
    return value
