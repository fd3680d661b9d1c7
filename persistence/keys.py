"""What every store knows a record by: its kind, its id and indexed values, its revision.

Checked here, once, so that all stores refuse the same.
"""

import re
import secrets
from collections.abc import Mapping
from typing import TypeAlias

from persistence.records import (
    ConnectionRecord,
    KeyValueRecord,
    NodeRecord,
    Record,
    SnapshotRecord,
    VolumeRecord,
)

#: The name of each kind of record in documents, tables, seals and messages; never changed.
KINDS: Mapping[type[Record], str] = {
    VolumeRecord: "volume",
    SnapshotRecord: "snapshot",
    ConnectionRecord: "connection",
    NodeRecord: "node",
    KeyValueRecord: "key_value",
}

#: NUL, and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

#: Ids and indexed values, in characters: two of them fit into one index of any database (MariaDB: 3,072 bytes).
MAX_KEY_LENGTH = 256

#: Indexed fields of which very many records have the same value.
COARSE = frozenset({"backend"})

#: What a page is selected by: an indexed field -> the wanted value, or several of which one must be there.
Where: TypeAlias = Mapping[str, str | frozenset[str]]


def new_revision() -> str:
    """Return a revision that was never used before.

    Random, not counted: a record that was removed and made again under the same id
    must not look to a late writer like the one that it had read.
    """
    return secrets.token_hex(8)


def key_problem(text: str, *, empty: bool = False) -> str:
    """Return why `text` cannot be an id or an indexed value, or "" when it can.

    Args:
        empty: whether "" is allowed.
    """
    if not text and not empty:
        return "is empty"
    if len(text) > MAX_KEY_LENGTH:
        return f"has {len(text)} characters, {MAX_KEY_LENGTH} are the most"
    if _UNSTORABLE.search(text):
        return "holds a NUL or half of a surrogate pair, which databases cannot index"
    return ""


def may_match(record_type: type[Record], *, after: str, limit: int, where: Where | None) -> bool:
    """Check what a page is asked for; return whether any record could be on it.

    No record has an indexed value that cannot be stored, so such a wish is in order and matches nothing.

    Raises:
        ValueError: `limit` is not positive, `after` can be no id, or a field of `where` is not indexed.
    """
    kind = KINDS[record_type]
    if limit < 1:
        raise ValueError(f"a page of {limit} {kind} records was asked for, 1 is the least")
    problem = key_problem(after, empty=True)
    if problem:
        raise ValueError(f"a page of {kind} records was asked for after an id that {problem}")
    unknown = sorted((where or {}).keys() - set(record_type.INDEXED))
    if unknown:
        known = ", ".join(record_type.INDEXED) or "nothing"
        raise ValueError(f"{kind} records can be selected by {known}, not by {', '.join(unknown)}")
    return all(storable(wanted) for wanted in (where or {}).values())


def storable(wanted: str | frozenset[str]) -> list[str]:
    """Return those of the wanted values that a record can have, in order."""
    values = sorted({wanted} if isinstance(wanted, str) else wanted)
    return [value for value in values if not key_problem(value, empty=True)]
