"""What is kept beside a record: what it has no field for, and nothing that it speaks for."""

from cinderblock.cinderlib.kept import Fields, difference, kept, together
from tests.contract.stores import connection, key_value, snapshot, volume

LIVE = frozenset({"metadata", "name"})


def test_what_a_record_has_no_field_for_comes_back():
    given: Fields = {"zone": "a", "name": "x", "new": None}
    told: Fields = {"zone": None, "name": "x"}
    assert together(told, difference(given, told, live=LIVE), live=LIVE) == given


def test_what_a_record_speaks_for_is_not_kept_a_second_time():
    assert difference({"metadata": {"a": None}}, {"metadata": {"a": ""}}, live=LIVE) == {}


def test_that_there_was_nothing_is_kept_until_there_is_something():
    before = difference({"name": None}, {"name": ""}, live=LIVE)
    assert together({"name": ""}, before, live=LIVE) == {"name": None}
    assert together({"name": "now"}, before, live=LIVE) == {"name": "now"}


def test_a_state_is_kept_only_while_it_lasts():
    told: Fields = {"status": "available", "size": 1}
    before = difference({"status": "error", "size": 1}, told, live=LIVE)
    assert together(told, before, live=LIVE)["status"] == "error"
    assert together({**told, "size": 2}, before, live=LIVE)["status"] == "available"


def test_of_what_was_made_here_nothing_is_kept():
    assert [dict(kept(record)) for record in (volume(), snapshot(), connection(), key_value())] == [{}] * 4
