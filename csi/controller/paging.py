"""Pages of a list: the token is the id of the last entry, so a list may change between two pages."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from cinderblock.errors import InvalidRequest, OperationPending
from persistence.port import R, Table

#: A page when the caller sets no limit: well inside of gRPC's 4 MiB.
LARGEST = 1000

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Entries, and the token of the next page, "" on the last one."""

    entries: list[T]
    next_token: str


def page(
    table: Table[R],
    *,
    token: str,
    max_entries: int,
    where: dict[str, str],
    wanted: Callable[[R], bool],
) -> Page[R]:
    """Return the next records that are `wanted`, at most `max_entries` (0: as many as fit).

    Raises:
        InvalidRequest: `max_entries` is negative.
        OperationPending: the token is not one of ours; CSI wants ABORTED, start again without one.
    """
    if max_entries < 0:
        raise InvalidRequest(f"max_entries is {max_entries}; it must not be negative")
    _check(token)
    limit = min(max_entries or LARGEST, LARGEST)
    found: list[R] = []
    after, more = token, True
    while more and len(found) <= limit:
        # One more than asked tells whether a next page is worth a token.
        records = table.page(after=after, limit=limit + 1, where=where or None)
        found += [record for record in records if wanted(record)]
        more = len(records) > limit
        after = records[-1].id if records else after
    entries = found[:limit]
    return Page(entries=entries, next_token=entries[-1].id if len(found) > limit else "")


def _check(token: str) -> None:
    if not token:
        return
    try:
        uuid.UUID(token)
    except ValueError:
        raise OperationPending(f"starting_token {token!r} is not from this driver; list again without one") from None
