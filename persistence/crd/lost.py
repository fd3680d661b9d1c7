"""Writes that gave no answer: they are made final before anything else is believed.

The server may only have been frozen, and carry out the write long after. A change or a deletion wants one version of
its object, so the object is given another one. A creation wants the name to be free, so it never is again.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from persistence.crd.api import Answer, Api, Deadline, Unanswered
from persistence.keys import new_revision
from persistence.objects.content import LATE_LABEL, TOUCH_ANNOTATION, Content, held_by, taken

_DONE = (HTTPStatus.OK, HTTPStatus.CREATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an object is, or would be: its kind, the path of those of its kind, and its name."""

    kind: str
    folder: str
    name: str

    @property
    def path(self) -> str:
        """Return the object's path."""
        return f"{self.folder}/{self.name}"


class Writes:
    """Single writes, each of them answered for, or made final."""

    def __init__(self, api: Api) -> None:
        self._api = api
        #: Where -> the versions that lost writes want; "" is that there is none.
        self._lost: dict[tuple[Place, str], None] = {}
        self._lock = threading.Lock()

    def settle(self, deadline: Deadline) -> None:
        """Make all writes final that gave no answer.

        Raises:
            StoreUnavailable: that could not be done in time.
        """
        if not self._lost:
            return
        with self._lock:
            lost = list(self._lost)
        for place, version in lost:
            self._settle(place, version, deadline)
            with self._lock:
                self._lost.pop((place, version), None)

    def create(self, place: Place, content: Content, deadline: Deadline) -> Answer | None:
        """Return the answer to a creation; None when it gave none, and is final now."""
        return self._do("POST", place.folder, content, (place, ""), deadline)

    def change(self, place: Place, content: Content, version: str, deadline: Deadline) -> Answer | None:
        """Return the answer to a change of this version, none where that is ""; None as in `create`."""
        return self._do("PUT", place.path, content, (place, version), deadline) if version else None

    def delete(self, place: Place, version: str, deadline: Deadline) -> Answer | None:
        """Return the answer to a deletion of this version, none where that is ""; None as in `create`."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"resourceVersion": version}}
        return self._do("DELETE", place.path, options, (place, version), deadline) if version else None

    def _do(
        self, method: str, path: str, body: Mapping[str, object], lost: tuple[Place, str], deadline: Deadline
    ) -> Answer | None:
        try:
            return self._api.write(method, path, body, deadline=deadline)
        except Unanswered:
            with self._lock:
                self._lost[lost] = None
        self.settle(deadline)
        return None

    def _settle(self, place: Place, version: str, deadline: Deadline) -> None:
        while True:
            found = self._api.read(place.path, deadline=deadline)
            if found.status == HTTPStatus.NOT_FOUND:
                # What wanted a version of it never finds that again.
                if version or self._done("POST", place.folder, taken(place.kind, place.name), deadline):
                    return
                continue
            if found.status not in _DONE:
                raise self._api.unavailable(found.message)
            held = held_by(found.content)
            if (held.late if not version else held.version != version) or self._done(
                "PUT", place.path, _touched(found.content, late=not version), deadline
            ):
                return

    def _done(self, method: str, path: str, content: Content, deadline: Deadline) -> bool:
        """Tell whether this write was done; where not, the object is another one now."""
        try:
            answer = self._api.write(method, path, content, deadline=deadline)
        except Unanswered as error:
            # Should it be done late, it does no harm: it changes no record.
            self._api.pause(deadline, error)
            return False
        if answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
            return False
        if answer.status not in _DONE:
            raise self._api.unavailable(answer.message)
        return True


def _touched(content: Content, *, late: bool) -> Content:
    """Return the object with no change that a record shows."""
    metadata = dict(content["metadata"])
    if late:
        metadata["labels"] = {**metadata.get("labels", {}), LATE_LABEL: "true"}
    else:
        metadata["annotations"] = {**metadata.get("annotations", {}), TOUCH_ANNOTATION: new_revision()}
    return {**content, "metadata": metadata}
