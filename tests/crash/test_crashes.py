"""A driver that is killed at any point of any RPC, started again and asked again, has done what was asked, once."""

import itertools

import pytest

from tests.crash.scenarios import CONTROLLER, NODE

pytestmark = pytest.mark.slow


def each_crash(world, scenario):
    """Yield at every point that the RPC comes by, after the driver was killed there and started again."""
    for number in itertools.count(1):
        for step in scenario.before:
            step(world)
        point = world.cut_off(scenario.work, number, scenario.call)
        if not point:
            break
        print(f"killed at {number}, {point}")
        yield
        world.clear()
    assert number > 1, f"{scenario.work} came by no point"
    world.check()
    if not scenario.before:
        world.check_nothing_held()
    world.clear()
    world.check()


def named(*tables):
    """Run a test with each of these scenarios, for one driver and that driver's only."""
    found = {name: scenario for table in tables for name, scenario in table.items()}
    return pytest.mark.parametrize("scenario", found.values(), ids=found)


def with_undo(*tables):
    return named(*({name: each for name, each in table.items() if each.undo} for table in tables))


@named(CONTROLLER, NODE)
def test_the_same_call_again_finishes_what_was_cut_off_anywhere(world, scenario):
    for _ in each_crash(world, scenario):
        scenario.call(world)
        world.check()


@with_undo(CONTROLLER, NODE)
def test_what_was_cut_off_anywhere_can_be_taken_back(world, scenario):
    for _ in each_crash(world, scenario):
        scenario.undo(world)
        world.check()


@pytest.mark.parametrize("driver", ["TwinDriver"])
@named(CONTROLLER)
def test_creates_that_cannot_be_repeated_are_not(world, scenario):
    for _ in each_crash(world, scenario):
        scenario.call(world)
        world.check()


@pytest.mark.parametrize("driver", ["TwinDriver"])
@named({name: each for name, each in CONTROLLER.items() if each.mended})
def test_a_crash_while_an_earlier_one_is_mended_is_mended_as_well(world, scenario):
    # Where the intent is recorded and the driver is about to be called: everything is left to do.
    at = points_of(world, scenario).index(scenario.mended) + 1
    for number in itertools.count(1):
        for step in scenario.before:
            step(world)
        assert world.kill(scenario.work, at, scenario.call) == scenario.mended
        point = world.kill_while_mending("array", number)
        print(f"killed at {number}, {point}")
        if point:
            world.restart()
        scenario.call(world)
        world.check()
        world.clear()
        if not point:
            break
    assert number > 1, "nothing was mended"


def points_of(world, scenario):
    """Return the points that the RPC comes by when nobody cuts it off."""
    for step in scenario.before:
        step(world)
    world.process.plan.arm(scenario.work)
    scenario.call(world)
    found = world.process.plan.disarm()
    world.clear()
    return found
