"""`cinderblock store check`: the records beside what the back ends say that they have."""

import argparse
import json
from collections.abc import Iterator, Mapping

from cinderblock import inventory
from cinderblock.concealment import masked
from cinderblock.engine import every
from cinderblock.errors import BackendUnavailable, CinderblockError, InvalidRequest
from cinderblock.inventory import Inventory
from cinderblock.library import Library
from csi.commands import describing, opened
from csi.commands.progress import progress
from persistence.records import ConnectionRecord, Record

_STRANGER = "it is not in the configuration, so its volumes were not looked at"


def run(given: argparse.Namespace) -> int:
    """Print what does not agree, mend what was asked for; return 1 when something is left, or could not be looked at.

    Raises:
        ConfigurationError: the configuration cannot be used, or another command is at work.
        StoreUnusable, StoreUnavailable: the store cannot be opened.
    """
    found = opened.chosen(given)
    with opened.records(found) as store, opened.idle_library(found, store) as library:
        chosen = [library.backends.choose(given.backend)] if given.backend else list(library.backends)
        with progress("starting back ends"):
            library.start_some(chosen)
        told = [_checked(library, backend.name, mend=set(given.mend)) for backend in chosen]
        known = {one.name for one in library.backends}
        strangers = set() if given.backend else {each.backend for each in every(store.volumes)} - known
    told += [{"backend": name, "problem": _STRANGER} for name in sorted(strangers)]
    for facts in told:
        if not given.json:
            print(masked("\n".join(_lines(facts))))
    if given.json:
        print(masked(json.dumps({"backends": told}, indent=2, ensure_ascii=False)))
    return int(any(_is_wrong(facts) for facts in told))


def _checked(library: Library, backend: str, *, mend: set[str]) -> Mapping[str, object]:
    try:
        with progress(f"listing what back end {backend} has"):
            found = inventory.take(library, backend)
    except (BackendUnavailable, InvalidRequest) as error:
        return {"backend": backend, "problem": str(error)}
    return {**_facts(found), "mended": list(_mended(library, found)) if "missing" in mend else []}


def _mended(library: Library, found: Inventory) -> Iterator[Mapping[str, str]]:
    for volume in found.missing:
        try:
            library.volumes.unmanage(volume.id)
        except CinderblockError as error:
            yield {"id": volume.id, "problem": str(error)}
        else:
            yield {"id": volume.id, "problem": ""}


def _facts(found: Inventory) -> Mapping[str, object]:
    return {
        "backend": found.backend,
        "problem": "" if found.listed else "its driver cannot list what it has, so only the records were looked at",
        "recorded": found.recorded,
        "unknown": [
            {
                "reference": dict(one.reference),
                "found_as": describing.reference(one.reference),
                "size_gib": one.size_gib,
                "in_the_way": one.in_the_way,
            }
            for one in found.unknown
        ],
        "missing": [{"id": one.id, "name": one.name, "size_gib": one.size_gib} for one in found.missing],
        "unfinished": [{**_named(one), "status": str(one.status)} for one in found.unfinished],
        "dangling": [_named(one) for one in found.dangling],
    }


def _named(record: Record) -> dict[str, str]:
    if isinstance(record, ConnectionRecord):
        return {"id": record.id, "name": f"publication to {record.node_id}"}
    return {"id": record.id, "name": str(getattr(record, "name", ""))}


def _is_wrong(facts: Mapping[str, object]) -> bool:
    """Tell whether something is left to do; what was mended is not."""
    mended, missing = facts.get("mended") or [], facts.get("missing") or []
    failed = any(each["problem"] for each in mended) if isinstance(mended, list) else False
    left = bool(missing) and not (mended and not failed)
    return left or any(facts.get(what) for what in ("problem", "unknown", "unfinished", "dangling"))


def _lines(facts: Mapping[str, object]) -> Iterator[str]:
    name = facts["backend"]
    yield f"back end {name}: {facts.get('recorded', 'unknown')} volumes in the records"
    if facts["problem"]:
        yield f"  problem: {facts['problem']}"
    for one in _each(facts, "unknown"):
        where, size = one["found_as"], one["size_gib"]
        hint = one["in_the_way"] or f"cinderblock volume manage NAME --backend {name} --reference {where}"
        yield f"  on the back end only: {where}, {size} GiB ({hint})"
    for one in _each(facts, "missing"):
        yield f"  in the records only: {one['name']} {one['id']}, {one['size_gib']} GiB (--mend missing forgets it)"
    for one in _each(facts, "unfinished"):
        yield f"  {one['status']}, and not done: {one['name']} {one['id']} (the same call again goes on)"
    for one in _each(facts, "dangling"):
        yield f"  of a volume that has no record: {one['name']} {one['id']}"
    for one in _each(facts, "mended"):
        yield f"  {'not forgotten: ' + one['problem'] if one['problem'] else 'forgotten'}: {one['id']}"


def _each(facts: Mapping[str, object], what: str) -> list[dict[str, str]]:
    found = facts.get(what)
    return found if isinstance(found, list) else []
