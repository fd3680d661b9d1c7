"""Wrong requests, made from right ones: every field of the proto in turn, at any depth, holds what it should not."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from csi.redact import is_map, is_secret

#: Texts for any field of text: too long, of other alphabets, with characters that something may choke on.
TEXTS = {
    "empty": "",
    "129 bytes": "x" * 129,
    "4 KiB": "x" * 4096,
    "64 KiB": "x" * 65536,
    "NUL": "a\0b",
    "up": "../",
    "far up": "../../../../../../../../etc/passwd",
    "a file": "/etc/passwd",
    "relative": "some/path",
    "dot": ".",
    "blank": " ",
    "four bytes": "\U0001f4be\U00020000",
    "right to left": "\u202eback\u202c \u05d0",
    "combining": "e\u0301\u0327" * 20,
    "not characters": "\uffff\ufffe",
    "bell": "\a",
    "escape": "\x1b[2J\x1b]0;title\a",
    "newline": "a\nb\r\n",
    "C1 control": "\x85\x9b",
    "quotes": "'\"`$(reboot);|&",
    "format": "%s%n{0}{} $state_path",
    "option": "--help",
    "other keys": "a=b,c=d;e",
    "LIKE": "%_",
    "number": "-9223372036854775808",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "json": '{"connection_info": []}',
}
NUMBERS = {
    "zero": 0,
    "one": 1,
    "minus one": -1,
    "smallest": -(2**63),
    "largest": 2**63 - 1,
    "smallest of 32 bits": -(2**31),
    "largest of 32 bits": 2**31 - 1,
    "past 32 bits": 2**32,
}
ENUMS = (-1, 0, 99, 2**31 - 1)
MANY = 2000
_DEEPEST = 6
_NARROW = (FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_SINT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A request, and what is wrong with it."""

    what: str
    request: Message


def cases(valid: Message) -> Iterator[Case]:
    """Give every wrong request that one change makes of a right one."""
    for what, change in changes(valid.DESCRIPTOR, valid):
        request = copy.deepcopy(valid)
        change(request)
        yield Case(what=what, request=request)


def changes(descriptor, valid, depth=0):
    """Give what is wrong, and a function that makes it so in a message like `valid`, for every field of it."""
    for field in descriptor.fields:
        yield f"{field.name} missing", lambda message, field=field: message.ClearField(field.name)
        if is_map(field):
            values = _of_map(field, valid)
        elif field.is_repeated:
            values = _of_list(field, valid, depth)
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            values = _of_message(field, valid, depth)
        else:
            values = ((name, _set(field, value)) for name, value in _scalars(field, getattr(valid, field.name)))
        for name, change in values:
            yield f"{field.name} {name}", change


def _scalars(field, valid=None):
    if field.type == FieldDescriptor.TYPE_STRING:
        yield from TEXTS.items()
        if isinstance(valid, str) and valid:
            yield from _near(valid)
    elif field.type == FieldDescriptor.TYPE_BOOL:
        yield "turned", not valid
    elif field.type == FieldDescriptor.TYPE_ENUM:
        yield from ((str(value), value) for value in (*ENUMS, *field.enum_type.values_by_number))
    elif field.type == FieldDescriptor.TYPE_BYTES:
        yield "bytes", b"\xff\x00"
    else:
        most = 2**31 - 1 if field.type in _NARROW else 2**63 - 1
        yield from ((name, value) for name, value in NUMBERS.items() if -most - 1 <= value <= most)


def _near(valid):
    """Give texts that look like the right one."""
    yield "with a space", valid + " "
    yield "with a newline", valid + "\n"
    yield "upper", valid.upper()
    yield "twice", valid + valid
    yield "cut", valid[:-1]
    if valid.startswith("/"):
        yield "with a slash", valid + "/"
        yield "with two slashes", "/" + valid
        yield "with a dot", valid + "/."
        yield "up and down", f"{valid}/../{valid.rpartition('/')[2]}"
        yield "the folder above", valid.rpartition("/")[0]
        yield "absent", f"{valid}-absent/below"
        yield "right to left beside it", f"{valid}\u202e\u0301\U0001f4be"
        yield "a long name", valid.rpartition("/")[0] + "/" + "x" * 256
        yield "as long as allowed", valid + "/x" * ((4096 - len(valid)) // 2)


def _set(field, value):
    return lambda message: setattr(message, field.name, value)


def _of_message(field, valid, depth):
    yield "empty", lambda message: (message.ClearField(field.name), getattr(message, field.name).SetInParent())
    if depth < _DEEPEST:
        for what, change in changes(field.message_type, getattr(valid, field.name), depth + 1):
            yield f"> {what}", _edit(field, _change_inside, change)


def _change_inside(message, change):
    message.SetInParent()
    change(message)


def _of_list(field, valid, depth):
    if field.type != FieldDescriptor.TYPE_MESSAGE:
        first = next(iter(getattr(valid, field.name)), None)
        for name, value in _scalars(field, first):
            yield f"with {name}", _edit(field, _fill, [value], keep=True)
            yield f"of {name}", _edit(field, _fill, [value])
            yield f"of many {name}", _edit(field, _fill, [value] * 64)
        return
    sample = next(iter(getattr(valid, field.name)), None) or getattr(copy.deepcopy(valid), field.name).add()
    yield "with an empty one", _edit(field, _fill, [type(sample)()], keep=True)
    yield "of an empty one", _edit(field, _fill, [type(sample)()])
    yield "twice", _edit(field, _fill, [sample], keep=True)
    yield "many", _edit(field, _fill, [sample] * MANY)
    if depth < _DEEPEST:
        for what, change in changes(field.message_type, sample, depth + 1):
            yield f"[0] {what}", _edit(field, _change_first, change)


def _of_map(field, valid):
    if field.message_type.fields_by_name["value"].type != FieldDescriptor.TYPE_STRING:
        return
    yield "many", _edit(field, _update, {f"key-{number}": "value" for number in range(MANY)})
    keys = sorted(getattr(valid, field.name)) or ["key"]
    # Nobody looks into secrets here, so a few will do.
    texts = [*TEXTS.items()][:: 4 if is_secret(field) else 1]
    for number, (name, text) in enumerate(texts):
        yield f"key {name}", _edit(field, _update, {text: "value"})
        # Every text once in a value and once in the name after a slash, in turn: all of all would take minutes.
        key = keys[number % len(keys)]
        yield f"{key}: {name}", _edit(field, _update, {key: text})
        longer = key.rpartition("/")[0] + "/" + text
        yield f"{longer[:20]!r}", _edit(field, _update, {longer: "value"})


def _edit(field, act, *values, **how):
    """Return a change that acts on a field's container."""
    return lambda message: act(getattr(message, field.name), *values, **how)


def _fill(members, values, *, keep=False):
    if not keep:
        del members[:]
    members.extend(values)


def _change_first(members, change):
    change(members[0] if members else members.add())


def _update(entries, values):
    entries.update(values)
