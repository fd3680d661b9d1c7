"""Two processes at one volume: whichever call of theirs the other one's fall between, all agrees in the end."""

import threading
from contextlib import suppress
from itertools import combinations

import pytest

from cinderblock.errors import AlreadyExists, InUse, InvalidRequest, NotFound
from tests.fakes.mortal import Life
from tests.unit.library.world import (
    ASK_AGAIN,
    DEPENDENT,
    World,
    asked_again,
    connection,
    in_thread,
    mend,
    snapshot,
    volume,
)

#: Answers after which nobody asks again.
FINAL = (AlreadyExists, InUse, InvalidRequest, NotFound)

FOREIGN = {"source-name": "disk"}

#: What is done to a volume "v".
VERBS = {
    "delete the volume": lambda library: library.volumes.delete("v"),
    "delete the snapshot": lambda library: library.snapshots.delete("s"),
    "take a snapshot": lambda library: library.snapshots.create(snapshot("t")),
    "clone": lambda library: library.volumes.create(volume("c", clone="v")),
    "restore": lambda library: library.volumes.create(volume("r", snapshot="s")),
    "publish": lambda library: library.connections.publish(connection()),
    "unmanage": lambda library: library.volumes.unmanage("v"),
    "revert": lambda library: library.volumes.revert("v", "s"),
    "take over": lambda library: library.volumes.manage(volume("w"), FOREIGN),
    "take over the same": lambda library: library.volumes.manage(volume("x"), FOREIGN),
}

#: What needs a snapshot "s" of it; without one, no other snapshot keeps the volume from going.
OF_A_SNAPSHOT = {"delete the snapshot", "restore", "revert"}

#: Which of them are in each other's way.
PAIRS = [
    ("delete the volume", "delete the snapshot"),
    ("delete the volume", "take a snapshot"),
    ("delete the volume", "clone"),
    ("delete the volume", "restore"),
    ("delete the volume", "publish"),
    ("delete the snapshot", "restore"),
    ("unmanage", "take a snapshot"),
    ("revert", "delete the snapshot"),
]
#: Those for which the other way round is the same, or the same as another pair.
ONE_WAY = [("unmanage", "publish"), ("revert", "publish"), ("take over", "take over the same")]


class Stopping(Life):
    """Stops before some of its calls, each time until it may go on."""

    def __init__(self, *stops):
        super().__init__()
        self.at_rest, self._go_on = threading.Event(), threading.Event()
        self._stops = stops

    def call(self, name, function, *args, **kwargs):
        if len(self.calls) + 1 in self._stops:
            self._go_on.clear()
            self.at_rest.set()
            assert self._go_on.wait(10)
        return super().call(name, function, *args, **kwargs)

    def go_on(self):
        """Go on until the next stop, or the end."""
        self.at_rest.clear()
        self._go_on.set()


class Run:
    """A verb in a process of its own."""

    def __init__(self, world, owner, verb, *stops):
        self.life = Stopping(*stops)
        self.library = world.process(owner, life=self.life)
        self._ended = in_thread(lambda: VERBS[verb](self.library))
        self._ended.add_done_callback(lambda _: self.life.at_rest.set())
        assert self.life.at_rest.wait(10)

    def go_on(self):
        if not self._ended.done():
            self.life.go_on()
            if self._ended.done():
                return
            assert self.life.at_rest.wait(10)

    def answer(self):
        self.life.go_on()
        return self._ended.exception(10)


def calls_of(verb):
    """Return how many calls the verb makes when nobody is in its way."""
    world = prepared(verb)
    run = Run(world, "alone", verb)
    assert run.answer() is None
    world.close()
    return len(run.life.calls)


def prepared(*verbs):
    world = World(abilities=DEPENDENT)
    world.add_foreign("disk")
    library = world.process("setting up")
    library.volumes.create(volume())
    if OF_A_SNAPSHOT.intersection(verbs):
        library.snapshots.create(snapshot())
    return world


@pytest.mark.parametrize(("one", "other"), [*PAIRS, *((other, one) for one, other in PAIRS), *ONE_WAY])
def test_whatever_falls_between_the_calls_of_another_process_all_agrees_in_the_end(one, other):
    its_calls, other_calls = calls_of(one), calls_of(other)
    for stops in combinations(range(2, its_calls + 2), 2):
        for stop in range(2, other_calls + 2):
            interleave(one, stops, other, stop)


def interleave(one, stops, other, stop):
    """Run the one to its first stop, the other to its own, the one to its second; then the other ends, and the one."""
    world = prepared(one, other)
    first = Run(world, "one", one, *stops)
    second = Run(world, "other", other, stop)
    first.go_on()
    answers = {other: second.answer(), one: first.answer()}
    library = world.process("later")
    for verb, answer in answers.items():
        if isinstance(answer, ASK_AGAIN):
            try_again(library, verb)
    for each in (first, second):
        mend(each.library)
    found = world.disagreements()
    assert not found, f"{one} stopped before {stops}, {other} before {stop}, {answers}: {found}"
    world.close()


def try_again(library, verb):
    """Ask again until the answer is final; whichever it is, all must agree."""
    with suppress(*FINAL):
        asked_again(lambda: VERBS[verb](library))
