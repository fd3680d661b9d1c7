"""Two processes with many threads over ten names: whatever they do to each other, records and array agree."""

import random
import threading
import time

import pytest

from cinderblock.errors import CinderblockError
from persistence.errors import PersistenceError
from persistence.sql import open_store
from tests.fakes.mortal import Life
from tests.unit.library.test_crashes import clear_away
from tests.unit.library.world import DEPENDENT, INDEPENDENT, World, connection, in_thread, mend, size, snapshot, volume

NAMES = [f"v{number}" for number in range(10)]
THREADS = 8


@pytest.fixture(params=["memory", "sqlite"])
def open_stores(request, tmp_path):
    """Return how each process opens the store that both share."""
    opened = []

    def open_one():
        opened.append(open_store(f"sqlite:///{tmp_path}/store.db"))
        return opened[-1]

    yield (lambda: None) if request.param == "memory" else open_one
    for store in opened:
        store.close()


def act_at_random(library, dice):
    name, other = dice.choice(NAMES), dice.choice(NAMES)
    node = dice.choice(("node-1", "node-2"))
    dice.choice(
        (
            lambda: library.volumes.create(volume(name)),
            lambda: library.volumes.create(volume(name, clone=other)),
            lambda: library.volumes.create(volume(name, snapshot=f"s-{other}")),
            lambda: library.volumes.delete(name),
            lambda: library.volumes.extend(name, size(dice.randint(1, 3))),
            lambda: library.snapshots.create(snapshot(f"s-{name}", name)),
            lambda: library.snapshots.delete(f"s-{name}"),
            lambda: library.volumes.create(volume(name, multiattach=True)),
            lambda: library.connections.publish(connection(name, node)),
            lambda: library.connections.publish(connection(name, node, shared=True)),
            lambda: library.connections.unpublish(name),
            lambda: library.connections.unpublish(name, f"{name}/{node}"),
        )
    )()


def crowd(library, ends_at, seed):
    dice = random.Random(seed)
    outcomes = {"done": 0, "refused": 0}
    while time.monotonic() < ends_at:
        try:
            act_at_random(library, dice)
            outcomes["done"] += 1
        except (CinderblockError, PersistenceError, NotImplementedError):
            outcomes["refused"] += 1
    return outcomes


class Slow(Life):
    """Calls to the driver take their time, before their effect and after it."""

    _dice, _pause = random.Random(1), threading.Event()

    def call(self, name, function, *args, **kwargs):
        if not name.startswith("driver"):
            return function(*args, **kwargs)
        self._pause.wait(self._dice.random() / 200)
        try:
            return function(*args, **kwargs)
        finally:
            self._pause.wait(self._dice.random() / 200)


def hammered(world, stores, *, seconds, troubles=False):
    libraries = [world.process(owner, store=stores(), life=Slow()) for owner in ("a", "b")]
    ends_at = time.monotonic() + seconds
    working = [
        in_thread(lambda library=library, seed=seed: crowd(library, ends_at, seed))
        for library in libraries
        for seed in range(THREADS)
    ]
    if troubles:
        make_trouble(world.driver, ends_at)
    outcomes = [one.result(seconds + 20) for one in working]
    done = sum(outcome["done"] for outcome in outcomes)
    assert done > len(working), outcomes
    for library in libraries:
        mend(library)
    return libraries[0]


def make_trouble(driver, ends_at):
    dice, pause = random.Random(7), threading.Event()
    verbs = ("create", "clone", "delete", "create_snapshot", "delete_snapshot", "extend", "connect", "disconnect")
    while time.monotonic() < ends_at:
        driver.fail(dice.choice(verbs), RuntimeError("a bug"), after=dice.random() < 0.5)
        pause.wait(0.01)


@pytest.mark.parametrize("abilities", [INDEPENDENT, DEPENDENT], ids=["independent", "dependent"])
def test_nothing_is_lost_doubled_or_orphaned_in_a_crowd(open_stores, abilities):
    world = World(store=open_stores(), abilities=abilities)
    library = hammered(world, open_stores, seconds=0.8)
    assert not world.disagreements()
    clear_away(world, library)
    assert not world.driver.volumes
    assert not world.driver.snapshots
    assert not world.volumes()
    world.close()


def test_nothing_is_left_of_a_crowd_in_trouble(open_stores):
    world = World(store=open_stores(), abilities=DEPENDENT)
    library = hammered(world, open_stores, seconds=0.8, troubles=True)
    world.driver.fail_no_more()
    clear_away(world, library)
    mend(library)
    assert not world.disagreements()
    assert not world.driver.volumes
    assert not world.driver.snapshots
    assert not (*world.volumes(), *world.snapshots(), *world.connections())
    world.close()
