"""`Table` over objects of one kind: one implementation serves all kinds of record."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Generic, TypeGuard, TypeVar

from persistence.crd.api import Answer, Api, Deadline
from persistence.crd.listing import Listing
from persistence.crd.lost import Place, Writes
from persistence.errors import RecordChanged, RecordExists, StoreUnusable
from persistence.keys import KINDS, Where, key_problem, may_match
from persistence.objects.content import Content, Held, held_by, read, vacant, write
from persistence.objects.kinds import GROUP, OBJECTS, VERSION
from persistence.objects.naming import name_of
from persistence.records import Record

R = TypeVar("R", bound=Record)

_DONE = (HTTPStatus.OK, HTTPStatus.CREATED)


class CrdTable(Generic[R]):
    """Records of one kind in one namespace; a write is one request, which wants the version that it changes."""

    def __init__(self, api: Api, writes: Writes, record_type: type[R], *, namespace: str, wait_s: float) -> None:
        self._api = api
        self._writes = writes
        self._type = record_type
        self._kind = KINDS[record_type]
        self._wait_s = wait_s
        self._folder = f"/apis/{GROUP}/{VERSION}/namespaces/{namespace}/{OBJECTS[record_type].plural}"
        self._listing = Listing(api, record_type, self._folder)

    def get(self, record_id: str) -> R | None:
        if key_problem(record_id):
            return None
        found = self._found(record_id, self._begun())
        return None if found is None else read(self._type, found, record_id=record_id)

    def insert(self, record: R) -> R:
        going = write(record)
        deadline = self._begun()
        place, held = self._place(record.id), None
        while True:
            if held is None:
                answer = self._writes.create(place, going.object(), deadline)
            else:
                answer = self._writes.change(place, going.object(held), held.version, deadline)
            if self._was_done(answer, record):
                return going.stored(answer.content)
            found = self._found(record.id, deadline)
            held = None if found is None else held_by(found)
            if found is None or held is None or not held.mark:
                continue
            if held.mark != going.mark:
                raise RecordExists(f"{self._kind} {record.id!r} is stored already")
            return going.stored(found)

    def replace(self, record: R) -> R:
        going = write(record)
        deadline = self._begun()
        place, held = self._place(record.id), Held.of(record.revision)
        while True:
            answer = self._writes.change(place, going.object(held), held.version, deadline)
            if self._was_done(answer, record):
                return going.stored(answer.content)
            found = self._found(record.id, deadline)
            now = None if found is None else held_by(found)
            if found is not None and now is not None and now.mark == going.mark:
                return going.stored(found)
            if now is None or not now.mark or now.mark != held.mark:
                raise RecordChanged(f"{self._kind} {record.id!r} was changed or removed since it was read")
            # Somebody touched the object, and not the record.
            held = now

    def delete(self, record: R) -> None:
        deadline = self._begun()
        place, held = self._place(record.id), Held.of(record.revision)
        while True:
            if held.late:
                answer = self._writes.change(place, vacant(record, held), held.version, deadline)
            else:
                answer = self._writes.delete(place, held.version, deadline)
            if self._was_done(answer, record):
                return
            found = self._found(record.id, deadline)
            now = None if found is None else held_by(found)
            if now is None or not now.mark:
                return
            if now.mark != held.mark:
                raise RecordChanged(f"{self._kind} {record.id!r} was changed since it was read")
            held = now

    def page(self, *, after: str = "", limit: int = 100, where: Where | None = None) -> Sequence[R]:
        if not may_match(self._type, after=after, limit=limit, where=where):
            return []
        return self._listing.page(after, limit, where or {}, self._begun())

    def _begun(self) -> Deadline:
        """Return the time that a verb has; what was lost before is final when this returns."""
        deadline = Deadline(self._wait_s)
        self._writes.settle(deadline)
        return deadline

    def _place(self, record_id: str) -> Place:
        return Place(kind=OBJECTS[self._type].name, folder=self._folder, name=name_of(record_id))

    def _found(self, record_id: str, deadline: Deadline) -> Content | None:
        """Return the object, be it vacant, or None."""
        answer = self._api.read(self._place(record_id).path, deadline=deadline)
        if answer.status == HTTPStatus.NOT_FOUND:
            self._check_kind(answer)
            return None
        if answer.status not in _DONE:
            raise self._api.unavailable(answer.message)
        return answer.content

    def _was_done(self, answer: Answer | None, record: R) -> TypeGuard[Answer]:
        """Tell whether a write was done; where not, its object is not what it was taken for.

        Raises:
            ValueError: the record cannot be stored as it is.
            StoreUnusable: the cluster has not our kinds, or not these.
            StoreUnavailable: the cluster refuses for reasons of its own.
        """
        if answer is None or answer.status == HTTPStatus.CONFLICT:
            return False
        if answer.status in _DONE:
            return True
        if answer.status == HTTPStatus.NOT_FOUND:
            self._check_kind(answer)
            return False
        what = f"{self._kind} {record.id!r}"
        if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise ValueError(f"{what} is too large for the cluster: {answer.message}")
        if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            # Not what the server says of it: that has the values in it.
            fields = {str(cause.get("field")) for cause in answer.content.get("details", {}).get("causes", [])}
            raise ValueError(f"{what} cannot be stored in the cluster: {', '.join(sorted(fields))}")
        raise self._api.unavailable(answer.message)

    def _check_kind(self, answer: Answer) -> None:
        """Look whether it is the object that is not there.

        Raises:
            StoreUnusable: the kind, or the namespace, is not there.
        """
        missing = answer.content.get("details", {}).get("kind")
        if missing != OBJECTS[self._type].plural:
            what = (
                f"the namespace: {answer.message}"
                if missing == "namespaces"
                else "what `kubectl apply -f deploy/crds` installs"
            )
            raise StoreUnusable(f"{self._api.name} lacks {what}")
