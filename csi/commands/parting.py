"""How a volume and a snapshot go, which is alike: given back to whoever had it, or deleted."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol

from cinderblock.driver import Reference
from cinderblock.library import Library
from csi.commands import asking, describing, opened
from csi.commands.asking import Found
from csi.commands.describing import as_json
from csi.commands.progress import progress
from csi.settings import Settings
from persistence.port import Store, Table


class Verbs(Protocol):
    """What the library does to objects of a kind when they go."""

    def delete(self, record_id: str, /) -> None: ...
    def unmanage(self, record_id: str, /) -> Reference: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[Found]):
    """A kind of object: what it is called, where its records are, and who changes it."""

    name: str
    table: Callable[[Store], Table[Found]]
    verbs: Callable[[Library], Verbs]

    def chosen(self, given: argparse.Namespace, store: Store) -> Found:
        """Return the one whose id was given.

        Raises:
            NotFound: there is none.
        """
        return asking.of_id(self.name, self.table(store), given.id)

    def confirm(self, given: argparse.Namespace, store: Store, found: Found, consequence: str) -> None:
        """Ask once more, unless that is not wanted.

        Raises:
            InvalidRequest: the answer was another; nothing was done.
        """
        if not given.yes:
            asking.confirm(self.name, self.table(store), found, consequence)

    def say(self, given: argparse.Namespace, found: Found, words: str) -> None:
        """Say what was done to one."""
        print(as_json({"id": found.id, "name": found.name}) if given.json else f"{self.name} {found.name} {words}")


VOLUME = Kind(name="volume", table=lambda store: store.volumes, verbs=lambda library: library.volumes)
SNAPSHOT = Kind(name="snapshot", table=lambda store: store.snapshots, verbs=lambda library: library.snapshots)


def unmanage(kind: Kind[Found], given: argparse.Namespace, settings: Settings, store: Store) -> int:
    """Give one back; say where the back end has it."""
    found = kind.chosen(given, store)
    with opened.library(settings, store, backend=found.backend) as library, progress(f"giving back {found.name}"):
        now = kind.verbs(library).unmanage(found.id)
    if given.json:
        print(as_json({"id": found.id, "name": found.name, "backend": found.backend, "found_as": dict(now)}))
    else:
        where = describing.reference(now)
        print(f"{kind.name} {found.name} is forgotten; back end {found.backend} has it as {where}")
    return 0


def delete(kind: Kind[Found], given: argparse.Namespace, settings: Settings, store: Store) -> int:
    """Delete one, once that is confirmed."""
    found = kind.chosen(given, store)
    kind.confirm(given, store, found, "it is deleted for good")
    with opened.library(settings, store, backend=found.backend) as library, progress(f"deleting {found.name}"):
        kind.verbs(library).delete(found.id)
    kind.say(given, found, "is deleted")
    return 0
