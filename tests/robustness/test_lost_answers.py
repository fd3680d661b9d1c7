"""A connection to a database's server that ends at the wrong moment, or is heard too late."""

from contextlib import closing

import pytest

from persistence.errors import RecordExists, StoreUnavailable
from persistence.sql import open_store
from tests.contract.stores import key_value, volume
from tests.lab.relay import Relay, Way
from tests.robustness.failing import AFTER, BEFORE, VERBS, answered, check_unnoticed, held, lose_what_another_has_made

#: How long an answer is waited for where none is to come.
SOON_S = 0.3


@pytest.fixture
def relay(server):
    relay = Relay(server.socket)
    yield relay
    relay.close()


@pytest.fixture
def url(server):
    return server.emptied()


@pytest.fixture
def behind(server, relay, url):
    """The URL of the same database behind the relay."""
    return url.replace(str(server.folder), str(relay.folder))


@pytest.fixture
def store(behind):
    """A store behind the relay."""
    with closing(open_store(behind)) as store:
        yield store


@pytest.fixture
def impatient(behind):
    """One that does not wait long."""
    with closing(open_store(behind, busy_timeout_s=SOON_S)) as store:
        yield store


@pytest.fixture
def other(url):
    """The same store, on a way of its own."""
    with closing(open_store(url)) as store:
        yield store


@pytest.mark.parametrize("way", [Way.REQUEST_LOST, Way.ANSWER_LOST])
@pytest.mark.parametrize("verb", VERBS)
def test_a_connection_that_ends_inside_of_a_verb_is_not_noticed(store, relay, other, verb, way):
    check_unnoticed(store, relay, other, verb, way)


def test_what_another_has_made_is_not_taken_for_ones_own(store, relay, other):
    theirs = lose_what_another_has_made(store, relay, other)
    assert other.key_values.get("old") == theirs


@pytest.mark.parametrize("way", [Way.REQUEST_LOST, Way.ANSWER_LOST])
def test_records_that_are_stored_at_once_are_stored_once_wherever_the_connection_ends(store, relay, other, way):
    for after in range(20):
        records = [key_value(f"{after:02}-{number}") for number in range(3)] + [volume(f"{after:02}")]
        other.volumes.get("any")
        assert store.volumes.get("any") is None
        relay.go(way, after=after)
        store.insert_all(records)
        assert [record.id for record in other.key_values.page(after=f"{after:02}")] == [one.id for one in records[:3]]
        assert other.volumes.get(f"{after:02}") is not None
        if not relay.hit.is_set():
            break
    # It was begun, written to and committed.
    assert 3 <= after < 19


def test_records_of_which_another_has_stored_one_are_not_stored(store, relay, other):
    assert store.volumes.get("any") is None
    theirs = other.key_values.insert(key_value("theirs"))
    for after in range(5):
        relay.go(Way.ANSWER_LOST, after=after)
        with pytest.raises(RecordExists):
            store.insert_all([key_value("mine"), key_value("theirs", "mine")])
        assert other.key_values.page() == [theirs]


@pytest.mark.parametrize("verb", ["insert", "replace", "delete"])
def test_what_is_heard_too_late_is_not_done_any_more(server, impatient, relay, other, verb):
    old = other.key_values.insert(key_value("old"))
    assert answered(impatient) == BEFORE
    sessions = len(server.run(server.sessions))
    relay.go(Way.LATE)
    with pytest.raises(StoreUnavailable, match="does not answer now"):
        VERBS[verb](impatient.key_values, old)
    assert relay.hit.is_set()
    # What is seen now is final.
    assert answered(impatient) == BEFORE
    assert len(server.run(server.sessions)) == sessions
    relay.deliver()
    assert held(other) == BEFORE
    VERBS[verb](other.key_values, old)
    assert answered(impatient) == AFTER[verb]
