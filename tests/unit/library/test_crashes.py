"""The process dies at each call to store or driver, before it or after it; whoever comes next finishes.

The points come from tracing the verb, not from a list: a verb that learns to
make another call has another point.
"""

import pytest

from cinderblock.errors import UnknownOutcome
from tests.fakes.mortal import Killed, Life
from tests.unit.library.scenarios import SCENARIOS, points, prepared
from tests.unit.library.world import asked_again


def crashed(scenario, *, at, after):
    """Return a world in which process "a" died at a point of the verb."""
    world = prepared(scenario)
    life = Life(at=at, after=after)
    library = world.process("a", life=life)
    # The library may take the end for a driver's whim; it matters only that nothing goes out any more.
    with pytest.raises((Killed, UnknownOutcome)):
        scenario.act(library)
    assert life.dead
    world.kill("a")
    return world


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_same_process_finishes_what_it_was_killed_at(name):
    scenario = SCENARIOS[name]
    wrong = {}
    for at, call, after in points(scenario):
        world = crashed(scenario, at=at, after=after)
        # A restarted process has its old name, so nothing has to be waited for.
        scenario.act(world.process("a"))
        wrong[at, call, after] = scenario.found_wrong(world)
        world.close()
    assert not {point: found for point, found in wrong.items() if found}


@pytest.mark.parametrize("name", SCENARIOS)
def test_another_process_finishes_it_at_once_when_the_first_was_started_again(name):
    scenario = SCENARIOS[name]
    wrong = {}
    for at, call, after in points(scenario):
        world = crashed(scenario, at=at, after=after)
        world.process("a")
        scenario.act(world.process("b"))
        wrong[at, call, after] = scenario.found_wrong(world)
        world.close()
    assert not {point: found for point, found in wrong.items() if found}


@pytest.mark.parametrize("name", SCENARIOS)
def test_another_process_finishes_it_when_the_lease_has_run_out(name):
    scenario = SCENARIOS[name]
    wrong = {}
    for at, call, after in points(scenario):
        world = crashed(scenario, at=at, after=after)
        world.outlive("a")
        scenario.act(world.process("b"))
        wrong[at, call, after] = scenario.found_wrong(world)
        world.close()
    assert not {point: found for point, found in wrong.items() if found}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_next_start_settles_it_and_everything_can_be_deleted_when_nobody_asks_again(name):
    scenario = SCENARIOS[name]
    wrong = {}
    for at, call, after in points(scenario):
        world = crashed(scenario, at=at, after=after)
        library = world.process("a")
        library.recovery.run("fake")
        found = [f"left over: {len(library.leftovers)}"] if len(library.leftovers) else []
        clear_away(world, library)
        found += world.disagreements()
        found += [str(record) for record in (*world.volumes(), *world.snapshots(), *world.connections())]
        wrong[at, call, after] = found
        world.close()
    assert not {point: found for point, found in wrong.items() if found}


def clear_away(world, library):
    for volume in world.volumes():
        asked_again(lambda volume=volume: library.connections.unpublish(volume.id))
    for group_id in world.groups():
        asked_again(lambda group_id=group_id: library.groups.delete(group_id))
    for snapshot in world.snapshots():
        asked_again(lambda snapshot=snapshot: library.snapshots.delete(snapshot.id))
    for volume in world.volumes():
        asked_again(lambda volume=volume: library.volumes.delete(volume.id))
