"""Ids as names of objects, in the same order; indexed values as labels; text as a cluster keeps it.

A cluster's names have lower-case letters, digits, '-' and '.', and lists are in the order of their bytes. So a name is
its id byte by byte, where '0' to '9' and 'a' to 'y' stand for themselves, and for every other byte some that sort as it
does.
"""

import hashlib
import re

from persistence.objects.kinds import GROUP

#: Names are cut after so many characters; a digest follows. The longest name that there may be has 253.
HEAD_LENGTH = 180
_DIGEST_LENGTH = 32

_LABEL_VALUE = re.compile("[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
#: What a cluster would replace, and what stands for it here.
_UNSAFE = re.compile("[\x1a\ud800-\udfff]")
_ESCAPED = re.compile("\x1a([0-9a-f]{4})")


def _code(byte: int) -> str:
    if byte < ord("0"):
        return f"-{byte:02x}"
    if byte <= ord("9") or ord("a") <= byte <= ord("y"):
        return chr(byte)
    # Between '9' with whatever follows it ("9zff" at most) and 'a'.
    return f"9zz{byte:02x}" if byte < ord("a") else f"z{byte:02x}"


_CODES = tuple(map(_code, range(256)))


def name_of(record_id: str) -> str:
    """Return the name of the record's object, unlike that of any other record of its kind.

    Names sort as their ids do, but for those that begin with the same `HEAD_LENGTH` characters: see `head_of`.
    """
    # A name has to begin with a letter or a digit.
    full = "0" + "".join(_CODES[byte] for byte in record_id.encode())
    if len(full) <= HEAD_LENGTH:
        return full
    return full[:HEAD_LENGTH] + hashlib.sha256(record_id.encode()).hexdigest()[:_DIGEST_LENGTH]


def is_cut(name: str) -> bool:
    """Tell whether this name's place in a list is known up to its head only."""
    return len(name) > HEAD_LENGTH


def head_of(name: str) -> str:
    """Return what all names begin with, or are, whose ids may sort before or behind this name's id in any order."""
    return name[:HEAD_LENGTH]


def label_of(field: str) -> str:
    """Return the label that an indexed field, or the id, is found by."""
    return f"{GROUP}/{field.replace('_', '-')}"


def label_value(value: str) -> str:
    """Return the value of a label: as it is where labels can hold it, else a digest."""
    if _LABEL_VALUE.fullmatch(value):
        return value
    return f"sha256-{hashlib.sha256(value.encode()).hexdigest()[:_DIGEST_LENGTH]}"


def kept(text: str) -> str:
    """Return the text in characters that a cluster does not replace; halves of surrogate pairs it does."""
    return _UNSAFE.sub(lambda found: f"\x1a{ord(found[0]):04x}", text)


def given_back(text: str) -> str:
    """Return what `kept` was given."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
