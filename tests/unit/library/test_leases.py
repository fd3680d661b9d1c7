"""Who may take over what a process works on."""

import threading
import time
from dataclasses import replace

import pytest

from cinderblock.errors import OperationPending
from cinderblock.leases import Leases, Tenure, process_of
from persistence.errors import StoreUnavailable
from persistence.memory import MemoryStore
from tests.waiting import eventually

pytestmark = pytest.mark.alone

TTL_S = 0.3


class Unreachable:
    """A table whose server has gone: nothing is written any more."""

    def __init__(self, table):
        self._table = table
        self.gone = threading.Event()

    def __getattr__(self, verb):
        if self.gone.is_set():
            raise StoreUnavailable("the server has gone")
        return getattr(self._table, verb)


@pytest.fixture
def table():
    return MemoryStore().key_values


@pytest.fixture
def make(table):
    made = []

    def started(owner, *, table=table, on_lost=lambda: None):
        leases = Leases(table, owner, tenure=Tenure(ttl_s=TTL_S), on_lost=on_lost)
        leases.start()
        made.append(leases)
        return leases

    yield started
    for leases in made:
        leases.close()


def killed(leases):
    """End it as kill -9 does: no beat any more, and no farewell."""
    leases.close(withdraw=False)
    return leases


def test_nobodys_and_ones_own_are_free(make):
    leases = make("a")
    assert leases.may_take("")
    assert leases.may_take(leases.new_work())


def test_a_living_process_keeps_what_it_works_on(make):
    mine, work = make("a"), make("b").new_work()
    ends_at = time.monotonic() + 3 * TTL_S
    while time.monotonic() < ends_at:
        assert not mine.may_take(work)


def test_what_a_dead_process_worked_on_is_free_after_the_time_to_live(make):
    mine, work = make("a"), killed(make("b")).new_work()
    first_refused_at = time.monotonic()
    assert not mine.may_take(work)
    assert eventually(lambda: mine.may_take(work))
    assert time.monotonic() - first_refused_at > TTL_S


def test_a_process_that_was_only_frozen_cannot_come_back(make, table):
    lost = threading.Event()
    unreachable = Unreachable(table)
    mine, frozen = make("a"), make("b", table=unreachable, on_lost=lost.set)
    work = frozen.new_work()
    unreachable.gone.set()
    assert eventually(lambda: mine.may_take(work))
    unreachable.gone.clear()
    assert lost.wait(5.0)
    assert table.get("lease/b") is None


def test_the_name_of_a_process_may_hold_anything(make):
    mine, work = make("a"), make("b/c/d").new_work()
    assert not mine.may_take(work)
    assert process_of(work) == "b/c/d"


def test_a_process_that_says_farewell_need_not_be_waited_for(make):
    mine, theirs = make("a"), make("b")
    theirs.close()
    assert mine.may_take(theirs.new_work())
    with pytest.raises(OperationPending):
        theirs.held()


def test_a_restarted_process_takes_its_name_back_at_once(make):
    before = killed(make("a"))
    again = make("a")
    again.held()
    assert again.may_take(before.new_work())


def test_others_need_not_wait_either_for_the_run_before_a_restart(make):
    mine, before = make("b"), killed(make("a"))
    again = make("a")
    assert mine.may_take(before.new_work())
    assert not mine.may_take(again.new_work())


def test_a_process_that_cannot_renew_ends_itself(make, table):
    lost = threading.Event()
    unreachable = Unreachable(table)
    leases = make("a", table=unreachable, on_lost=lost.set)
    unreachable.gone.set()
    assert lost.wait(5.0)
    with pytest.raises(OperationPending, match="could not renew"):
        leases.held()


def test_a_beat_that_failed_is_tried_again_soon(make, table):
    lost = threading.Event()
    refusing = Refusing(table)
    make("a", table=refusing, on_lost=lost.set)
    assert lost.wait(5.0)
    # At the pace of beats that succeed it would be three.
    assert refusing.beats > 5


class Refusing:
    """A table that takes no beat after the first one."""

    def __init__(self, table):
        self._table = table
        self.beats = 0

    def __getattr__(self, verb):
        return getattr(self._table, verb)

    def replace(self, record):
        self.beats += 1
        raise StoreUnavailable("not now")


def test_a_process_whose_store_hangs_ends_itself(make, table):
    lost = threading.Event()
    hanging = Hanging(table)
    make("a", table=hanging, on_lost=lost.set)
    assert lost.wait(5.0)
    hanging.free.set()


class Hanging:
    """A table that answers nothing after the first beat."""

    def __init__(self, table):
        self._table = table
        self.free = threading.Event()

    def insert(self, record):
        return self._table.insert(record)

    def replace(self, record):
        self.free.wait(30)
        return self._table.replace(record)

    def get(self, record_id):
        return self._table.get(record_id)

    def delete(self, record):
        self._table.delete(record)


def test_a_process_whose_name_another_took_ends_itself(make, table):
    lost = threading.Event()
    make("a", on_lost=lost.set)
    beat = table.get("lease/a")
    table.replace(replace(beat, value="another-run 1000"))
    assert lost.wait(5.0)


def test_a_beat_whose_answer_was_lost_is_no_reason_to_end(make, table):
    lost = threading.Event()
    deaf = Deaf(table)
    leases = make("a", table=deaf, on_lost=lost.set)
    assert eventually(lambda: deaf.lost_answers >= 2 and deaf.answers >= 2)
    leases.held()
    assert not lost.is_set()


class Deaf:
    """A table of which every other answer to a beat gets lost, after the beat was stored."""

    def __init__(self, table):
        self._table = table
        self.lost_answers = self.answers = 0

    def __getattr__(self, verb):
        return getattr(self._table, verb)

    def replace(self, record):
        stored = self._table.replace(record)
        if self.lost_answers <= self.answers:
            self.lost_answers += 1
            raise StoreUnavailable("the connection was cut")
        self.answers += 1
        return stored


def test_the_heartbeats_of_the_dead_are_swept_away_and_those_of_the_living_stay(make, table):
    for number in range(3):
        killed(make(f"dead-{number}"))
    make("alive")
    make("own").sweep()
    assert len(beats(table)) == 5
    own = make("other")

    def swept():
        own.sweep()
        return beats(table) == ["lease/alive", "lease/other", "lease/own"]

    assert eventually(swept)


def beats(table):
    return [record.id for record in table.page()]


@pytest.mark.parametrize(("withdraw", "at_last"), [(True, [0.0]), (False, [])])
def test_a_guard_is_told_how_long_the_lease_lasts_and_when_nothing_is_held_any_more(table, withdraw, at_last):
    told: list[float] = []
    leases = Leases(table, "a", tenure=Tenure(ttl_s=TTL_S, guard=told.append), on_lost=lambda: None)
    leases.start()
    eventually(lambda: len(told) > 2)
    leases.close(withdraw=withdraw)
    left, given = told[len(told) - len(at_last) :], told[: len(told) - len(at_last)]
    assert left == at_last
    assert all(0 < each <= TTL_S for each in given)
