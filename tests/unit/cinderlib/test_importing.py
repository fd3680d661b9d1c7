"""What is stored already, and what was stored read again."""

from dataclasses import replace

import pytest

from cinderblock.cinderlib.importing import compare, verify
from persistence.errors import StoreUnusable
from persistence.memory import MemoryStore
from persistence.records import Status
from tests.unit.cinderlib.data import one, planned, write_database


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return planned(write_database(tmp_path_factory.mktemp("cinderlib")))


@pytest.fixture
def store(plan):
    """A store with all of it."""
    store = MemoryStore()
    for table, records in (
        (store.volumes, plan.volumes),
        (store.snapshots, plan.snapshots),
        (store.connections, plan.connections),
        (store.key_values, [*plan.key_values, plan.marker]),
    ):
        for record in records:
            table.insert(record)
    return store


def quiet(*words):
    """Nobody listens."""


def test_of_an_empty_store_all_is_missing(plan):
    found = compare(plan, MemoryStore(), progress=quiet)
    assert (found.taken_over, len(found.missing), found.differing) == (False, 30, [])


def test_what_is_stored_as_it_is_to_be_is_the_same(plan, store):
    found = compare(plan, store, progress=quiet)
    assert (found.taken_over, found.missing, found.differing) == (True, [], [])
    verify(plan, store, progress=quiet)


def test_what_differs_is_named(plan, store):
    stored = store.volumes.get(one(plan.volumes, "plain").id)
    store.volumes.replace(replace(stored, size_gib=7))
    (problem,) = compare(plan, store, progress=quiet).differing
    assert problem == f"volume 'plain' ({stored.cinder_id}) is stored already, and differs"
    with pytest.raises(StoreUnusable, match="'plain'"):
        verify(plan, store, progress=quiet)


@pytest.mark.parametrize("kind", ["volumes", "snapshots", "connections", "key_values"])
def test_what_is_missing_is_found_missing(plan, store, kind):
    gone = getattr(store, kind).get(getattr(plan, kind)[0].id)
    getattr(store, kind).delete(gone)
    assert [record.id for record in compare(plan, store, progress=quiet).missing] == [gone.id]
    with pytest.raises(StoreUnusable, match="is missing"):
        verify(plan, store, progress=quiet)


def test_a_store_without_the_marker_is_not_verified(plan, store):
    store.key_values.delete(store.key_values.get(plan.marker.id))
    with pytest.raises(StoreUnusable, match="no marker"):
        verify(plan, store, progress=quiet)


def test_a_volume_that_somebody_took_over_otherwise_is_not_taken_over_twice(plan):
    store = MemoryStore()
    plain, before = one(plan.volumes, "plain"), one(plan.snapshots, "before")
    store.volumes.insert(replace(plain, id="static", status=Status.EXTENDING))
    store.snapshots.insert(replace(before, id="static-too"))
    found = compare(plan, store, progress=quiet)
    assert found.differing == [
        f"volume 'plain' ({plain.cinder_id}) is stored already, under the id 'static'",
        f"snapshot 'before' ({before.cinder_id}) is stored already, under the id 'static-too'",
    ]
