"""The spec's limits on fields, checked for every request before anything looks at it.

Source: CSI spec, "Size Limits"; csi.proto on `name`, `node_id`, `mount_flags` and the paths.
"""

import re
from collections.abc import Iterable, Mapping

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from cinderblock.errors import InvalidRequest
from csi.redact import is_map, is_secret

_STRING_BYTES = 128
_NODE_ID_BYTES = 256
_PATH_BYTES = 4096
_LIST_BYTES = 4096
_MAP_BYTES = 4096
#: Generous on purpose: 128 characters are 128 bytes only as long as nobody leaves ASCII.
_NAME_CHARACTERS = 128

#: The control characters that the spec bans from names: all but tab, line feed and carriage return.
_BANNED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def check(message: Message) -> None:
    """Check every field of a request, at any depth.

    Raises:
        InvalidRequest: which field, its size and the limit, or the character that is banned.
    """
    for field, value in message.ListFields():
        if is_secret(field):
            # Their size is bounded by gRPC's limit on messages: a certificate may well have more than 4 KiB.
            continue
        if is_map(field):
            _check_map(field, value)
        elif field.is_repeated:
            _check_list(field, value)
        elif field.type == FieldDescriptor.TYPE_STRING:
            _check_string(field, value)
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            check(value)


def _check_string(field: FieldDescriptor, value: str) -> None:
    if field.name == "name":
        if len(value) > _NAME_CHARACTERS:
            raise InvalidRequest(f"{field.name} has {len(value)} characters, {_NAME_CHARACTERS} are allowed")
        banned = _BANNED.search(value)
        if banned:
            raise InvalidRequest(f"{field.name} holds the control character U+{ord(banned[0]):04X}; leave it out")
        return
    limit_bytes = _STRING_BYTES
    if field.name == "path" or field.name.endswith("_path"):
        limit_bytes = _PATH_BYTES
    elif field.name == "node_id":
        limit_bytes = _NODE_ID_BYTES
    _check_text(field.name, value, limit_bytes)


def _check_list(field: FieldDescriptor, values: Iterable[str | Message]) -> None:
    total_bytes = 0
    for value in values:
        if isinstance(value, Message):
            check(value)
        elif isinstance(value, str):
            # Mount flags (a SELinux context among them) are limited by their sum only, ids each.
            limit_bytes = _STRING_BYTES if field.name.endswith("_ids") else _LIST_BYTES
            _check_text(field.name, value, limit_bytes)
            total_bytes += len(value.encode())
    if total_bytes > _LIST_BYTES and not field.name.endswith("_ids"):
        raise InvalidRequest(f"{field.name} has {total_bytes} bytes in all, {_LIST_BYTES} are allowed")


def _check_map(field: FieldDescriptor, values: Mapping[str, str | Message]) -> None:
    total_bytes = 0
    for key, value in values.items():
        _check_text(f"a key of {field.name}", key, _MAP_BYTES)
        total_bytes += len(key.encode())
        if isinstance(value, Message):
            check(value)
        elif isinstance(value, str):
            _check_text(f"{field.name}[{key!r}]", value, _MAP_BYTES)
            total_bytes += len(value.encode())
    if total_bytes > _MAP_BYTES:
        raise InvalidRequest(f"{field.name} has {total_bytes} bytes in all, {_MAP_BYTES} are allowed")


def _check_text(what: str, value: str, limit_bytes: int) -> None:
    size_bytes = len(value.encode())
    if size_bytes > limit_bytes:
        raise InvalidRequest(f"{what} has {size_bytes} bytes, {limit_bytes} are allowed")
    if "\0" in value:
        raise InvalidRequest(f"{what} holds a NUL character; leave it out")
