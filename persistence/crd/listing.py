"""Pages of records, in the order of their ids, found by labels."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Generic, TypeVar

from persistence.crd.api import Answer, Api, Deadline
from persistence.errors import StoreUnusable
from persistence.keys import COARSE, Where, storable
from persistence.objects.content import VACANT_LABEL, Content, read
from persistence.objects.naming import head_of, is_cut, label_of, label_value, name_of
from persistence.records import Record

R = TypeVar("R", bound=Record)

#: How many objects are asked for at once.
_MOST = 500
#: How many values of a field are asked for at once: an URL has to get through whatever stands before the server.
_MOST_VALUES = 100


class Listing(Generic[R]):
    """The records of one kind in one namespace."""

    def __init__(self, api: Api, record_type: type[R], folder: str) -> None:
        self._api = api
        self._type = record_type
        self._folder = folder

    def page(self, after: str, limit: int, where: Where, deadline: Deadline) -> Sequence[R]:
        """Return the first records behind the id `after`; see `Table.page`."""
        wanted = {field: storable(value) for field, value in where.items()}
        found: dict[str, R] = {}
        for selector in _selectors(wanted):
            for record in self._selected(selector, wanted, after, limit, deadline):
                found[record.id] = record
        return [found[record_id] for record_id in sorted(found)[:limit]]

    def _selected(
        self, selector: str, wanted: Mapping[str, Sequence[str]], after: str, limit: int, deadline: Deadline
    ) -> list[R]:
        """Return all records of the page that the selector finds, and maybe more of them."""
        found: list[R] = []
        # The few that are wanted are asked for at once: with etcd 3.5.13 or newer the server finds them in its memory.
        # From the middle on it would read all there is from etcd.
        few = bool(wanted.keys() - COARSE)
        chunks = self._chunks(selector, "" if few else after, 0 if few else min(limit, _MOST), deadline)
        for contents, has_more in chunks:
            for content in contents:
                record = read(self._type, content)
                # Labels hold digests, and a list may begin before the id.
                if record is not None and record.id > after and _meets(record, wanted):
                    found.append(record)
            # Ids of cut names sort anyhow among each other.
            if len(found) >= limit and not (has_more and is_cut(contents[-1]["metadata"]["name"])):
                break
        return found

    def _chunks(
        self, selector: str, after: str, limit: int, deadline: Deadline
    ) -> Iterator[tuple[Sequence[Content], bool]]:
        """Give the objects in the order of their names, beginning not behind `after`; and whether there are more.

        Args:
            selector: of labels.
            after: an id, "" to begin at the start.
            limit: how many at a time, 0 for all.
            deadline: until when.
        """
        query = {"labelSelector": selector, "limit": str(limit)}
        going_on = _behind(after) if after else ""
        answer = self._listed(query, going_on, deadline)
        if going_on and answer.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.GONE):
            # The server does not take our word for where to begin.
            answer = self._listed(query, "", deadline)
        while True:
            if answer.status == HTTPStatus.NOT_FOUND:
                raise StoreUnusable(f"{self._api.name} lacks what `kubectl apply -f deploy/crds` installs")
            if answer.status != HTTPStatus.OK:
                raise self._api.unavailable(answer.message)
            going_on = answer.content["metadata"].get("continue", "")
            if answer.content["items"]:
                yield answer.content["items"], bool(going_on)
            if not going_on:
                return
            answer = self._listed(query, going_on, deadline)

    def _listed(self, query: Mapping[str, str], going_on: str, deadline: Deadline) -> Answer:
        return self._api.read(
            self._folder, {**query, **({"continue": going_on} if going_on else {})}, deadline=deadline
        )


def _selectors(wanted: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Give label selectors that together find whatever meets the conditions."""
    several = max(wanted, key=lambda field: len(wanted[field]), default=None)
    fixed = [f"!{VACANT_LABEL}", *(_selector(field, wanted[field]) for field in wanted if field != several)]
    if several is None:
        yield ",".join(fixed)
        return
    values = wanted[several]
    for first in range(0, len(values), _MOST_VALUES):
        yield ",".join([*fixed, _selector(several, values[first : first + _MOST_VALUES])])


def _selector(field: str, values: Sequence[str]) -> str:
    return f"{label_of(field)} in ({','.join(sorted(set(map(label_value, values))))})"


def _meets(record: Record, wanted: Mapping[str, Sequence[str]]) -> bool:
    return all(getattr(record, field) in values for field, values in wanted.items())


def _behind(after: str) -> str:
    """Return where a list goes on behind an id, in the server's own terms: the newest there is, from this name on.

    Source: https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apiserver/pkg/storage/continue.go
    """
    name = name_of(after)
    start = head_of(name) if is_cut(name) else name
    token = {"v": "meta.k8s.io/v1", "rv": -1, "start": f"{start}\0"}
    return base64.urlsafe_b64encode(json.dumps(token).encode()).decode().rstrip("=")
