"""What every store promises to threads that ask for the same at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

from persistence.errors import RecordChanged, RecordExists
from tests.contract.stores import every_id, key_value, volume


def at_once(count, work):
    """Run `work(number)` in as many threads, all let go together; return what they returned or raised."""
    barrier = Barrier(count)

    def start(number):
        barrier.wait(timeout=30)
        try:
            return work(number)
        except (RecordChanged, RecordExists) as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(start, range(count)))


def test_of_many_threads_that_replace_one_wins(store):
    stored = store.volumes.insert(volume())
    for _ in range(5):
        results = at_once(16, lambda number, seen=stored: store.volumes.replace(replace(seen, size_gib=100 + number)))
        winners = [result for result in results if not isinstance(result, RecordChanged)]
        assert len(winners) == 1
        assert store.volumes.get("v1") == winners[0]
        stored = winners[0]


def test_of_many_threads_that_insert_one_wins(store):
    results = at_once(16, lambda number: store.key_values.insert(key_value("k", str(number))))
    winners = [result for result in results if not isinstance(result, RecordExists)]
    assert [store.key_values.get("k")] == winners


def test_of_many_threads_that_delete_and_replace_one_wins(store):
    stored = store.volumes.insert(volume())

    def work(number):
        return store.volumes.delete(stored) if number % 2 else store.volumes.replace(stored)

    results = at_once(8, work)
    replaced = [result for result in results[::2] if not isinstance(result, RecordChanged)]
    assert [store.volumes.get("v1")] == (replaced or [None])
    # To those that were late, a record that is gone was deleted as they wished.
    assert all(isinstance(result, RecordChanged) for result in results[1::2]) == bool(replaced)


def test_threads_work_on_different_records_side_by_side(store):
    def work(number):
        for turn in range(10):
            stored = store.volumes.insert(volume(f"{number}-{turn}"))
            store.volumes.delete(store.volumes.replace(replace(stored, size_gib=9)))
            store.key_values.insert(key_value(f"{number}-{turn}"))
            store.key_values.page(limit=3)

    at_once(8, work)
    assert store.volumes.page() == []
    assert len(every_id(store.key_values)) == 80
