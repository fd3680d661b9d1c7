"""Verbs to do while a store's server fails or cannot be heard, and what they leave."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from persistence.errors import RecordChanged, RecordExists, StoreUnavailable
from tests.contract.stores import key_value
from tests.lab.relay import Way
from tests.waiting import eventually

#: What nobody waits for longer: connecting, and an answer, both with what they have to spare.
BOUND_S = 8.0
#: Each from a table that holds the record "old", and that record as it was seen.
VERBS = {
    "get": lambda table, seen: table.get(seen.id),
    "insert": lambda table, seen: table.insert(key_value("new", "x")),
    "replace": lambda table, seen: table.replace(replace(seen, value="changed")),
    "delete": lambda table, seen: table.delete(seen),
    "page": lambda table, seen: table.page(),
}
BEFORE = {"old": ""}
AFTER = {
    "get": BEFORE,
    "insert": {"old": "", "new": "x"},
    "replace": {"old": "changed"},
    "delete": {},
    "page": BEFORE,
}


def answered(store):
    """Return what the table holds as soon as the store answers, however little it waits for a busy machine."""

    def answer():
        try:
            return [held(store)]
        except StoreUnavailable:
            return None

    return eventually(answer)[0]


def held(store):
    """Return the values of the records in the table."""
    return {record.id: record.value for record in store.key_values.page()}


@contextmanager
def bounded():
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < BOUND_S


def check_unnoticed(store, relay, other, verb, way):
    """Check that a connection's end inside of a verb costs nothing; `store` is behind the relay, `other` beside it."""
    old = store.key_values.insert(key_value("old"))
    relay.go(way)
    answer = VERBS[verb](store.key_values, old)
    assert relay.hit.is_set()
    assert held(other) == AFTER[verb]
    if verb in ("insert", "replace"):
        assert other.key_values.get(answer.id) == answer
        # It goes on with what it was given.
        store.key_values.delete(answer)
        assert other.key_values.get(answer.id) is None


def lose_what_another_has_made(store, relay, other):
    """Check that verbs whose answers are lost do not take another's record for their own; return that record."""
    store.key_values.get("any")
    theirs = other.key_values.insert(key_value("old", "theirs"))
    relay.go(Way.ANSWER_LOST)
    with pytest.raises(RecordExists):
        store.key_values.insert(key_value("old", "mine"))
    relay.go(Way.ANSWER_LOST)
    with pytest.raises(RecordChanged):
        store.key_values.replace(key_value("old", "mine"))
    return theirs


def check_frozen(server, store, impatient):
    """Check that a server that says nothing is told in time, and that what it does when it wakes is settled."""
    old = {verb: store.key_values.insert(key_value(verb)) for verb in VERBS}
    # One of them gets a connection that is there, the others have to make theirs.
    assert answered(impatient).keys() == old.keys()
    server.freeze()
    try:
        with ThreadPoolExecutor(len(VERBS)) as pool, bounded():
            begun = [pool.submit(VERBS[verb], impatient.key_values, old[verb]) for verb in VERBS]
            errors = {type(one.exception()) for one in begun}
        assert errors == {StoreUnavailable}
    finally:
        server.thaw()
    found = answered(impatient)
    # Whatever was done was done before this was seen.
    assert found.keys() - {"new", "delete"} == old.keys() - {"delete"}
    finish(store, found, old)


def finish(store, found, old):
    """Do the verbs that may have been done, where they were not, and check what that leaves."""
    if "new" not in found:
        store.key_values.insert(key_value("new", "x"))
    if found["replace"] == "":
        store.key_values.replace(replace(store.key_values.get("replace"), value="changed"))
    store.key_values.delete(store.key_values.get("delete") or old["delete"])
    assert held(store) == {"get": "", "insert": "", "page": "", "replace": "changed", "new": "x"}
