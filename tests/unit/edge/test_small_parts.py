"""Ids, deadlines and holds."""

import threading

import pytest

from cinderblock import deadline
from cinderblock.errors import OperationPending
from cinderblock.inflight import InFlight
from csi import ids


def test_ids_never_change():
    assert ids.volume_id("pvc-1") == "5f728d6e-13bb-52b7-a2f5-ea88e1c82b03"
    assert ids.snapshot_id("pvc-1") == "7d82c5af-1b54-5e58-a1bb-a3444dc869d1"
    assert ids.group_snapshot_id("pvc-1") == "8a26afb4-377e-5db6-86d2-0f5abe0e64aa"
    assert ids.connection_id("a", "b") == "1c9f0dec-c5e2-55e7-a9f7-65df136775d0"


def test_ids_of_different_connections_differ():
    assert ids.connection_id("a/b", "c") != ids.connection_id("a", "b/c")


def test_no_deadline_is_none():
    assert deadline.remaining_s() is None
    with deadline.within(None):
        assert deadline.remaining_s() is None


def test_the_earlier_deadline_counts():
    with deadline.within(5), deadline.within(100):
        assert deadline.remaining_s() == pytest.approx(5, abs=4)
    with deadline.within(100), deadline.within(-1):
        assert deadline.remaining_s() == 0
    assert deadline.remaining_s() is None


def test_a_thread_has_no_deadline_of_another():
    found = []
    with deadline.within(5):
        thread = threading.Thread(target=lambda: found.append(deadline.remaining_s()))
        thread.start()
        thread.join(20)
    assert found == [None]


def test_a_held_key_is_refused_with_who_holds_it():
    in_flight = InFlight()
    with in_flight.hold("volume/1", by="delete"):
        with (
            pytest.raises(OperationPending, match="volume/1 is busy: delete has been at work on it"),
            in_flight.hold("volume/1"),
        ):
            pass
        assert not in_flight.take("volume/1")
    assert in_flight.take("volume/1")
    in_flight.release("volume/1")


def test_all_keys_are_held_or_none():
    in_flight = InFlight()
    with in_flight.hold("b"):
        with pytest.raises(OperationPending), in_flight.hold("a", "b"):
            pass
        assert in_flight.take("a")


def test_a_key_is_free_after_an_error():
    in_flight = InFlight()
    with pytest.raises(ValueError, match="x"), in_flight.hold("a", "a"):
        raise ValueError("x")
    assert in_flight.take("a")


def test_one_of_many_threads_gets_the_key():
    in_flight = InFlight()
    together = threading.Barrier(8)
    won = []

    def race():
        together.wait(20)
        won.append(in_flight.take("a"))

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(won) == [False] * 7 + [True]
