"""What commands on volumes and on snapshots share: finding what is meant, asking before it is gone, saying why not."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from cinderblock.engine import every
from cinderblock.errors import InvalidRequest, NotFound, UnknownOutcome
from persistence.port import Table
from persistence.records import SnapshotRecord, Status, VolumeRecord

Found = TypeVar("Found", VolumeRecord, SnapshotRecord)


def of_id(kind: str, table: Table[Found], wanted: str) -> Found:
    """Return the volume or the snapshot with this id.

    Raises:
        NotFound: there is none; what is called so is named.
    """
    found = table.get(wanted)
    if found is None or found.status is Status.TOMBSTONE:
        named = _called(table, wanted)
        hint = f"; {wanted!r} is the name of {', '.join(one.id for one in named)}" if named else ""
        raise NotFound(f"there is no {kind} with the id {wanted!r}{hint}")
    return found


def of_id_or_name(kind: str, table: Table[Found], wanted: str) -> Found:
    """Return the volume or the snapshot with this id, or else the only one with this name.

    Raises:
        NotFound: there is none.
        InvalidRequest: several are called so.
    """
    found = table.get(wanted)
    if found is not None:
        return found
    named = _called(table, wanted)
    if len(named) > 1:
        raise InvalidRequest(f"several {kind}s are called {wanted!r}; give an id: {', '.join(one.id for one in named)}")
    if not named:
        raise NotFound(f"there is no {kind} {wanted!r}; `cinderblock {kind} list` lists them all")
    return named[0]


def confirm(kind: str, table: Table[Found], found: Found, consequence: str) -> None:
    """Ask for the id once more before something is done that cannot be undone.

    Raises:
        InvalidRequest: another one was typed, or it is another object by now; nothing was done.
    """
    print(f"{kind} {found.name}, {found.size_gib} GiB on back end {found.backend}: {consequence}", file=sys.stderr)
    print("its id once more, to go on: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != found.id:
        raise InvalidRequest("that is not its id, so nothing was done; --yes does not ask")
    if of_id(kind, table, found.id).cinder_id != found.cinder_id:
        raise InvalidRequest(f"{kind} {found.name!r} was deleted and made anew meanwhile; nothing was done")


@contextmanager
def reasons() -> Iterator[None]:
    """Say why a driver failed: a serving one writes that to its log; here somebody is looking."""
    try:
        yield
    except UnknownOutcome as error:
        reason = f"{error.__cause__}" if error.__cause__ else ""
        raise UnknownOutcome(f"{error}" + (f"; it said: {reason}" if reason else "")) from error


def _called(table: Table[Found], name: str) -> list[Found]:
    return [one for one in every(table, name=name) if one.status is not Status.TOMBSTONE]
