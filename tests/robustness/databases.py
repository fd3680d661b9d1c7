"""Verbs to do while a database's server fails, and what they leave."""

from dataclasses import replace

from persistence.errors import StoreUnavailable
from tests.contract.stores import key_value
from tests.waiting import eventually

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
