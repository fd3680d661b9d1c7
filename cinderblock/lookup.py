"""Looking an object up by its id, the same for volumes and snapshots."""

from collections.abc import Callable
from typing import Generic

from cinderblock.errors import NotFound
from cinderblock.intents import Driven, exists, ready
from persistence.port import Table


class Lookup(Generic[Driven]):
    """The verbs that only read.

    Args:
        table: where the records are.
        kind: what each of them is, in words.
    """

    def __init__(self, table: Table[Driven], kind: str) -> None:
        self._table: Table[Driven] = table
        self._kind = kind

    def get(self, object_id: str) -> Driven:
        """Return an object that was made completely.

        Raises:
            NotFound: there is none of this id.
        """
        return self._found(object_id, ready)

    def look(self, object_id: str) -> Driven:
        """Return an object to look at; one that is being deleted is there until it has gone.

        Raises:
            NotFound: there is none of this id.
        """
        return self._found(object_id, exists)

    def _found(self, object_id: str, counts: Callable[[Driven], bool]) -> Driven:
        found = self._table.get(object_id)
        if found is None or not counts(found):
            msg = f"there is no {self._kind} {object_id!r}"
            raise NotFound(msg)
        return found
