"""A message as text that shows no secret, by what the proto itself says of its fields."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from google.protobuf import text_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from cinderblock.concealment import MASK, conceal, masked
from csi.proto import csi_pb2

#: Not marked in the proto: connection data, and mount options, which may be "sensitive information" by its comment.
_SENSITIVE = frozenset({"publish_context", "mount_flags"})


# What the proto says of a field never changes, and is asked for every field of every request.
@cache
def is_secret(field: FieldDescriptor) -> bool:
    """Tell whether the proto marks the field with `csi_secret`."""
    return bool(field.GetOptions().Extensions[csi_pb2.csi_secret])


def text_of(message: Message) -> str:
    """Return the message on one line: fields marked `csi_secret` are gone, sensitive ones and known secrets masked."""
    copy = type(message)()
    copy.CopyFrom(message)
    _clear(copy)
    return masked(text_format.MessageToString(copy, as_one_line=True, as_utf8=True))


def conceal_secrets(message: Message) -> None:
    """Conceal every value in a `csi_secret` field, so that no text of this process shows it from now on."""
    for value in _secrets_of(message):
        conceal(value)


def _clear(message: Message) -> None:
    for field, value in message.ListFields():
        if is_secret(field):
            message.ClearField(field.name)
        elif field.name in _SENSITIVE:
            _mask(field, value)
        else:
            for inner in _messages_in(field, value):
                _clear(inner)


def _mask(field: FieldDescriptor, value: Any) -> None:  # noqa: ANN401 -- protobuf's containers have no public classes
    # Both kinds of container are changed in place; how many entries there are is worth knowing.
    if is_map(field):
        for key in list(value):
            value[key] = MASK
    else:
        value[:] = [MASK] * len(value)


@cache
def is_map(field: FieldDescriptor) -> bool:
    """Tell whether the field is a map."""
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _members(field: FieldDescriptor, value: Any) -> Iterator[object]:  # noqa: ANN401 -- one of protobuf's containers
    """Give what a field holds: itself, the members of a list, the values of a map."""
    if is_map(field):
        yield from value.values()
    elif field.is_repeated:
        yield from value
    else:
        yield value


def _messages_in(field: FieldDescriptor, value: object) -> Iterator[Message]:
    return (member for member in _members(field, value) if isinstance(member, Message))


def _secrets_of(message: Message) -> Iterator[str]:
    for field, value in message.ListFields():
        if is_secret(field):
            yield from (member for member in _members(field, value) if isinstance(member, str))
        else:
            for inner in _messages_in(field, value):
                yield from _secrets_of(inner)
