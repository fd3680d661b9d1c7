"""A group snapshot of published volumes meets another process's verb at each of its calls: all agrees in the end."""

from contextlib import suppress

import pytest

from cinderblock.errors import AlreadyExists, InUse, InvalidRequest, NotFound
from tests.unit.library.scenarios import TOGETHER, delete, make, publish, take_group, unpublish
from tests.unit.library.test_interleavings import Stopping
from tests.unit.library.world import ASK_AGAIN, World, asked_again, in_thread, mend, volume

#: Answers after which nobody asks again.
FINAL = (AlreadyExists, InUse, InvalidRequest, NotFound)


def delete_group(library):
    library.groups.delete("g")


def withdraw_and_delete(library):
    unpublish()(library)
    delete()(library)


def restore(library):
    library.volumes.create(volume("r", snapshot="g/v"))


SETTING_UP = (make(), make("w"), publish(), publish("w"))
MEETINGS = {
    "taken, and deleted": ((), take_group("v", "w"), delete_group),
    "taken twice": ((), take_group("v", "w"), take_group("v", "w")),
    "taken of a volume that another one takes": ((), take_group("v", "w"), take_group("v", name="h")),
    "taken of a volume that goes": ((), take_group("v", "w"), withdraw_and_delete),
    "deleted, and taken": ((take_group("v", "w"),), delete_group, take_group("v", "w")),
    "deleted while a volume is made from it": ((take_group("v", "w"),), delete_group, restore),
    "deleted while its volume goes": ((take_group("v", "w"),), delete_group, withdraw_and_delete),
}


@pytest.mark.parametrize("name", MEETINGS)
def test_whichever_call_the_other_process_falls_between_all_agrees_in_the_end(name):
    before, one, other = MEETINGS[name]
    wrong, stop, ended = {}, 1, False
    while not ended:
        world = World(abilities=TOGETHER)
        for step in (*SETTING_UP, *before):
            step(world.process("setting up"))
        ended = meet(world, one, other, stop)
        found = world.disagreements()
        if found:
            wrong[stop] = found
        world.close()
        stop += 1
    assert not wrong
    assert stop > 10, "there was no call to fall between"


def meet(world, one, other, stop):
    """Run one verb to its stop, the other to its end, then the first; tell whether there was no such stop any more."""
    life = Stopping(stop)
    first, second = world.process("one", life=life), world.process("other")
    running = in_thread(lambda: one(first))
    running.add_done_callback(lambda _: life.at_rest.set())
    assert life.at_rest.wait(10)
    ended = running.done()
    answers = {other: answer(second, other)}
    life.go_on()
    answers[one] = running.exception(10)
    later = world.process("later")
    for verb, error in answers.items():
        if isinstance(error, ASK_AGAIN):
            with suppress(*FINAL):
                asked_again(lambda verb=verb: verb(later))
        else:
            assert error is None or isinstance(error, FINAL)
    for library in (first, second, later):
        mend(library)
    return ended


def answer(library, verb):
    try:
        verb(library)
    except Exception as error:  # noqa: BLE001 -- whoever waits for the answer looks at it
        return error
    return None
