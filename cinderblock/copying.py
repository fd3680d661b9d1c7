"""All records, made those of another store: cut off, it goes on when it is repeated, and in the end both are compared.

Secrets stay sealed as they are; no key is needed. Leases stay behind: they are of processes, not of volumes.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Protocol

from cinderblock.engine import every
from cinderblock.leases import PREFIX, TTL_S
from persistence.errors import StoreUnusable
from persistence.port import Store, Table
from persistence.records import KeyValueRecord, Record

#: In a store of which a copy is not finished; its value says what it is a copy of.
_MARKER = "copy/unfinished"
#: The tables of a store, in the order in which they are copied.
TABLES = ("volumes", "snapshots", "connections", "nodes", "key_values")
#: How many records are written at once, and between two words about the progress.
_WRITERS = 16
_CHUNK = 500
_POLL_S = 0.5

#: Is told the table, and how many of its records were looked at.
Progress = Callable[[str, int], None]
#: What is to be, and what is, of one record.
Difference = tuple[Record | None, Record | None]


class Source(Protocol):
    """Where records come from."""

    def records(self, table: str) -> Iterable[Record]:
        """Return the records of one of `TABLES`, ordered by id; every time those that there are then."""

    def check(self) -> None:
        """Refuse to have been the source of a copy.

        Raises:
            StoreUnusable: it has been in use since it was made.
        """


class StoreSource:
    """A store; for a copy, one that no driver uses meanwhile."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._beats = list(_beats(store))

    def records(self, table: str) -> Iterable[Record]:
        found: Table[Record] = getattr(self._store, table)
        return (each for each in every(found) if not each.id.startswith(PREFIX))

    def check(self) -> None:
        if list(_beats(self._store)) != self._beats:
            raise StoreUnusable("a process began to use the store while it was copied; stop that, and repeat the copy")


def check_whole(store: Store) -> None:
    """Refuse a store that is a copy which is not finished.

    Raises:
        StoreUnusable: it is.
    """
    marker = store.key_values.get(_MARKER)
    if marker is not None:
        raise StoreUnusable(
            f"the store is an unfinished copy of {marker.value}; repeat `cinderblock store copy`, or `import`, until "
            "it is done, or name another store"
        )


def copy(source: Source, target: Store, *, origin: str, progress: Progress) -> int:
    """Make the records of a source those of a store, which holds none; return how many there are.

    Args:
        source: where they come from.
        target: an empty store, or one in which this was cut off.
        origin: names the source, without a password.
        progress: is told how far it is.

    Raises:
        StoreUnusable: the target holds records of its own, or what was copied differs from its source, or somebody has
            used one of them meanwhile.
    """
    marker = _begun(target, origin)
    for name in TABLES:
        _write(_differences(source, target, name, partial(progress, f"copied {name}")), getattr(target, name))
    total = _compare(source, target, progress)
    target.key_values.delete(marker)
    return total


def alive(store: Store, *, wait_s: float = TTL_S, told: Callable[[str], None]) -> list[str]:
    """Return the names of processes that work with a store; waits until each has had time to say that it lives.

    Args:
        store: the store.
        wait_s: how long a living process may be silent.
        told: is told why it takes that long.
    """
    before = {beat.id: beat.value for beat in _beats(store)}
    if not before:
        return []
    told(f"looking for up to {wait_s:.0f} s whether {len(before)} processes that used the store still live")
    ends_at = time.monotonic() + wait_s
    while time.monotonic() < ends_at:
        changed = [beat.id for beat in _beats(store) if before.get(beat.id) != beat.value]
        if changed:
            return [name.removeprefix(PREFIX) for name in changed]
        time.sleep(_POLL_S)
    return []


def _beats(store: Store) -> Iterator[KeyValueRecord]:
    return (each for each in every(store.key_values) if each.id.startswith(PREFIX))


def _begun(target: Store, origin: str) -> KeyValueRecord:
    marker = target.key_values.get(_MARKER)
    if marker is None:
        tables: dict[str, Table[Record]] = {name: getattr(target, name) for name in TABLES}
        full = [name for name, table in tables.items() if table.page(limit=1)]
        if full:
            raise StoreUnusable(f"the store holds {', '.join(full)} already; only an empty one becomes a copy")
        return target.key_values.insert(KeyValueRecord(id=_MARKER, value=origin, created_at=time.time()))
    if marker.value != origin:
        raise StoreUnusable(f"the store is an unfinished copy of {marker.value}, not of {origin}; name another one")
    return marker


def _differences(source: Source, target: Store, table: str, looked_at: Callable[[int], None]) -> Iterator[Difference]:
    """Yield what is to be and what is, wherever that is not the same."""
    there: Table[Record] = getattr(target, table)
    wanted, found = iter(source.records(table)), (each for each in every(there) if each.id != _MARKER)
    one, other = next(wanted, None), next(found, None)
    number = 0
    while one is not None or other is not None:
        number += 1
        if number % _CHUNK == 0:
            looked_at(number)
        if other is None or (one is not None and one.id < other.id):
            yield one, None
            one = next(wanted, None)
        elif one is None or other.id < one.id:
            yield None, other
            other = next(found, None)
        else:
            if replace(one, revision=other.revision) != other:
                yield one, other
            one, other = next(wanted, None), next(found, None)


def _write(differences: Iterator[Difference], table: Table[Record]) -> None:
    def write(difference: Difference) -> None:
        match difference:
            case None, Record() as other:
                table.delete(other)
            case Record() as one, None:
                table.insert(one)
            case Record() as one, Record() as other:
                table.replace(replace(one, revision=other.revision))

    # Together, so that they share commits.
    with ThreadPoolExecutor(_WRITERS, thread_name_prefix="copying") as pool:
        while chunk := list(islice(differences, _CHUNK)):
            for _ in pool.map(write, chunk):
                pass


def _compare(source: Source, target: Store, progress: Progress) -> int:
    """Read both again; return how many records there are."""
    total = 0
    for name in TABLES:
        for one, other in _differences(source, target, name, partial(progress, f"compared {name}")):
            what = f"{name}: {one.id if one else other.id if other else ''!r}"
            raise StoreUnusable(
                f"the copy is not what its source is ({what}); somebody else uses one of them: stop that, and repeat"
            )
        total += sum(1 for _ in source.records(name))
    source.check()
    return total
