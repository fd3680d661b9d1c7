"""Who may take over what a process works on."""

import threading
import time
from dataclasses import replace

import pytest
from cinderblock.errors import OperationPending
from cinderblock.leases import Leases
from persistence.errors import StoreUnavailable
from persistence.memory import MemoryStore

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
        leases = Leases(table, owner, ttl_s=TTL_S, on_lost=on_lost)
        leases.start()
        made.append(leases)
        return leases

    yield started
    for leases in made:
        leases.close()


def eventually(condition, timeout_s=5.0):
    ends_at = time.monotonic() + timeout_s
    waiting = threading.Event()
    while not condition():
        if time.monotonic() > ends_at:
            return False
        waiting.wait(0.01)
    return True


def test_nobodys_and_ones_own_are_free(make):
    leases = make("a")
    assert leases.may_take("")
    assert leases.may_take("a")


def test_a_living_process_keeps_what_it_works_on(make):
    mine, _theirs = make("a"), make("b")
    ends_at = time.monotonic() + 3 * TTL_S
    while time.monotonic() < ends_at:
        assert not mine.may_take("b")


def test_what_a_dead_process_worked_on_is_free_after_the_time_to_live(make, table):
    mine = make("a")
    dead = Leases(table, "b", ttl_s=TTL_S, on_lost=lambda: None)
    dead.start()
    dead._closing.set()  # noqa: SLF001 -- as after kill -9: no beat any more, and no farewell
    first_refused_at = time.monotonic()
    assert not mine.may_take("b")
    assert eventually(lambda: mine.may_take("b"))
    assert time.monotonic() - first_refused_at > TTL_S


def test_a_process_that_says_farewell_need_not_be_waited_for(make):
    mine, theirs = make("a"), make("b")
    theirs.close()
    assert mine.may_take("b")


def test_a_restarted_process_takes_its_name_back_at_once(make, table):
    crashed = Leases(table, "a", ttl_s=TTL_S, on_lost=lambda: None)
    crashed.start()
    crashed._closing.set()  # noqa: SLF001 -- as after kill -9
    again = make("a")
    again.held()
    assert again.may_take("a")


def test_a_process_that_cannot_renew_ends_itself(make, table):
    lost = threading.Event()
    unreachable = Unreachable(table)
    leases = make("a", table=unreachable, on_lost=lost.set)
    unreachable.gone.set()
    assert lost.wait(5.0)
    with pytest.raises(OperationPending, match="could not renew"):
        leases.held()


def test_a_process_whose_name_another_took_ends_itself(make, table):
    lost = threading.Event()
    make("a", on_lost=lost.set)
    beat = table.get("lease/a")
    table.replace(replace(beat, value="1000"))
    assert lost.wait(5.0)
