"""A cluster's API that is killed, frozen, crowded or cut off: said in bounded time, and nothing lost or doubled."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest

from persistence.crd import open_store
from persistence.errors import RecordExists, StoreUnavailable
from tests.contract.stores import every_id, key_value, volume
from tests.lab.relay import Relay, Way
from tests.robustness.crowding import one_at_a_time, turned_away, under_way
from tests.robustness.failing import (
    AFTER,
    BEFORE,
    VERBS,
    answered,
    bounded,
    check_frozen,
    check_unnoticed,
    finish,
    held,
    lose_what_another_has_made,
)
from tests.waiting import eventually

#: How long an answer is waited for where none is to come.
SOON_S = 0.5
#: How long one is waited for that has to come, however busy the machine is.
PATIENT_S = 30.0


@pytest.fixture
def store(kubernetes, space):
    """The store, on a way of its own."""
    with closing(open_store(kubernetes.url(space))) as store:
        yield store


@pytest.fixture
def impatient(kubernetes, space):
    """The same, with somebody who does not wait long."""
    with closing(open_store(kubernetes.url(space), wait_s=SOON_S)) as store:
        yield store


@pytest.fixture
def relay(kubernetes):
    relay = Relay(kubernetes.port)
    yield relay
    relay.close()


@pytest.fixture
def behind(kubernetes, space, relay):
    """A store behind the relay."""
    with closing(open_store(kubernetes.url(space, port=relay.port))) as store:
        yield store


@pytest.fixture
def late(kubernetes, space, relay):
    """One behind the relay that does not wait long."""
    with closing(open_store(kubernetes.url(space, port=relay.port), wait_s=SOON_S)) as store:
        yield store


def vacant_names(kubernetes, space):
    """Return the names that are held for late writes, and hold no record."""
    found = kubernetes.ask("GET", f"/apis/cinderblock.io/v1/namespaces/{space}/cinderkeyvalues")["items"]
    return [one["metadata"]["name"] for one in found if "spec" not in one]


def test_a_server_that_is_killed_inside_of_every_verb_costs_a_retry_at_most(kubernetes, store, impatient):
    old = {verb: store.key_values.insert(key_value(verb)) for verb in VERBS}
    assert answered(impatient).keys() == old.keys()
    kubernetes.freeze()
    with ThreadPoolExecutor(len(VERBS)) as pool:
        begun = {verb: pool.submit(VERBS[verb], store.key_values, old[verb]) for verb in VERBS}
        kubernetes.kill()
        # Without a server it is told at once.
        for work in VERBS.values():
            with pytest.raises(StoreUnavailable, match=r"^kubernetes://store.* does not answer now: "), bounded():
                work(impatient.key_values, old["get"])
        kubernetes.start()
        errors = {verb: one.exception(timeout=60) for verb, one in begun.items()}
    assert {type(error) for error in errors.values()} <= {type(None), StoreUnavailable}
    # What was not told to be done may have been.
    finish(store, answered(store), old)
    assert answered(impatient) == held(store)


@pytest.mark.parametrize("part", ["the API server", "etcd"])
def test_a_frozen_server_is_told_in_time_and_what_it_does_when_it_wakes_is_settled(kubernetes, store, impatient, part):
    server = kubernetes if part == "the API server" else kubernetes.etcd
    check_frozen(server, store, impatient)


@pytest.mark.parametrize("way", [Way.REQUEST_LOST, Way.ANSWER_LOST])
@pytest.mark.parametrize("verb", VERBS)
def test_a_connection_that_ends_inside_of_a_verb_is_not_noticed(store, relay, behind, verb, way):
    check_unnoticed(behind, relay, store, verb, way)


def test_what_another_has_made_is_not_taken_for_ones_own(store, relay, behind):
    theirs = lose_what_another_has_made(behind, relay, store)
    # It was touched, and not changed.
    assert replace(store.key_values.get("old"), revision="") == replace(theirs, revision="")
    assert store.key_values.replace(replace(theirs, value="changed")).value == "changed"


@pytest.mark.parametrize("verb", ["insert", "replace", "delete"])
def test_what_is_heard_too_late_is_not_done_any_more(kubernetes, space, store, relay, late, verb):
    old = store.key_values.insert(key_value("old"))
    assert answered(late) == BEFORE
    relay.go(Way.LATE)
    with pytest.raises(StoreUnavailable, match="does not answer now: there was no answer in time"):
        VERBS[verb](late.key_values, old)
    assert relay.hit.is_set()
    # What is seen now is final.
    assert answered(late) == BEFORE
    relay.deliver()
    assert held(store) == BEFORE
    assert vacant_names(kubernetes, space) == (["0new"] if verb == "insert" else [])
    VERBS[verb](store.key_values, old)
    assert answered(late) == AFTER[verb]


def test_what_was_inserted_and_deleted_after_its_answer_was_lost_never_comes_back(
    kubernetes, space, store, relay, late
):
    assert answered(late) == {}
    relay.go(Way.LATE)
    with pytest.raises(StoreUnavailable):
        late.key_values.insert(key_value("new", "late"))
    assert answered(late) == {}
    stored = store.key_values.replace(store.key_values.insert(key_value("new", "other")))
    assert store.key_values.page() == [stored]
    store.key_values.delete(stored)
    store.key_values.delete(stored)
    relay.deliver()
    assert store.key_values.get("new") is None
    assert store.key_values.page() == []
    assert every_id(store.key_values, limit=1) == []
    assert vacant_names(kubernetes, space) == ["0new"]
    # The name can be had again.
    again = store.key_values.insert(key_value("new", "again"))
    assert store.key_values.page() == [again]
    with pytest.raises(RecordExists):
        late.key_values.insert(key_value("new", "twice"))


def test_what_another_inserted_while_the_answer_was_lost_stays_deleted_when_it_is(store, relay, late):
    assert answered(late) == {}
    relay.go(Way.LATE)
    with pytest.raises(StoreUnavailable):
        late.key_values.insert(key_value("new", "late"))
    stored = store.key_values.insert(key_value("new", "other"))
    assert answered(late) == {"new": "other"}
    store.key_values.delete(stored)
    relay.deliver()
    assert held(store) == {}


def test_a_server_that_has_no_time_for_us_is_told_and_asked_again(kubernetes, space, store, impatient):
    old = store.key_values.insert(key_value("old"))
    patient = open_store(kubernetes.url(space), wait_s=PATIENT_S)
    with one_at_a_time(kubernetes, space), closing(patient), ThreadPoolExecutor(1) as pool:
        kubernetes.etcd.freeze()
        try:
            # This is the one, and it takes its time.
            begun = pool.submit(patient.key_values.replace, replace(old, value="changed"))
            eventually(lambda: under_way(kubernetes, space))
            assert is_turned_away(impatient)
            for verb in VERBS.values():
                with pytest.raises(StoreUnavailable, match=r"does not answer now: .*oo many requests"), bounded():
                    verb(impatient.key_values, old)
        finally:
            kubernetes.etcd.thaw()
        assert begun.result(timeout=2 * PATIENT_S).value == "changed"
        assert answered(impatient) == AFTER["replace"]


def test_a_crowd_that_is_let_in_one_by_one_gets_done_what_it_wants(kubernetes, space, store):
    with one_at_a_time(kubernetes, space), ThreadPoolExecutor(8) as pool:
        begun = [pool.submit(store.key_values.insert, key_value(f"{number:02}")) for number in range(40)]
        for one in begun:
            one.result(timeout=60)
        assert turned_away(kubernetes, space)
    assert every_id(store.key_values) == [f"{number:02}" for number in range(40)]


def is_turned_away(store):
    try:
        store.key_values.page()
    except StoreUnavailable as error:
        return "oo many requests" in str(error)
    return False


def test_a_storm_of_changes_that_meet_each_other_ends_with_all_of_them(kubernetes, space, store):
    stored = store.volumes.insert(volume())
    ended = threading.Event()

    def touch():
        path = f"/apis/cinderblock.io/v1/namespaces/{space}/cindervolumes/0v1"
        number = 0
        while not ended.is_set():
            number += 1
            content = kubernetes.ask("GET", path)
            content["metadata"]["annotations"] = {"touched": str(number)}
            kubernetes.ask("PUT", path, content, refused=409)
        return number

    with ThreadPoolExecutor(2) as pool:
        touching = [pool.submit(touch) for _ in range(2)]
        try:
            for size in range(10, 60):
                stored = store.volumes.replace(replace(stored, size_gib=size))
        finally:
            ended.set()
        assert all(one.result(timeout=30) for one in touching)
    assert store.volumes.get("v1").size_gib == 59
