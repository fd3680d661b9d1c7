"""Changing some of a volume's specs and metadata, by name, in one call that may be repeated."""

from dataclasses import replace

import pytest

from cinderblock.errors import BackendUnavailable, InvalidRequest, OperationPending
from cinderblock.wanted import Changes
from persistence.records import Specs, Status
from tests.unit.library.world import INDEPENDENT, World, connection, in_thread, size, volume

GOLD = Changes(metadata={"m": "gold"}, extra_specs={"e": "gold"}, qos_specs={"q": "gold"})


@pytest.fixture(autouse=True)
def made(library):
    library.volumes.create(volume(metadata={"n": "1"}, extra_specs={"f": "1"}, qos_specs={"r": "1"}))


def asked(world):
    found = world.volume()
    return dict(found.metadata), dict(found.extra_specs), dict(found.qos_specs)


def test_what_is_named_changes_and_the_rest_stays(world, library):
    library.connections.publish(connection())
    found = library.volumes.modify("v", GOLD)
    assert asked(world) == ({"n": "1", "m": "gold"}, {"f": "1", "e": "gold"}, {"r": "1", "q": "gold"})
    assert world.driver.specs[found.cinder_id] == Specs(extra={"f": "1", "e": "gold"}, qos={"r": "1", "q": "gold"})
    calls = list(world.driver.calls)
    assert library.volumes.modify("v", GOLD) == found
    assert world.driver.calls == calls


def test_an_empty_value_takes_a_spec_away_and_is_a_value_of_metadata(world, library):
    library.volumes.modify("v", Changes(metadata={"n": ""}, extra_specs={"f": ""}, qos_specs={"r": "", "x": ""}))
    assert asked(world) == ({"n": ""}, {}, {})


@pytest.mark.parametrize("why", ["the specs", "the driver", "what it says when it is asked"])
def test_where_the_specs_are_refused_the_metadata_has_not_changed_either(world, library, why):
    before = world.volume()
    if why == "the driver":
        unable = World(abilities=replace(INDEPENDENT, retype=False), store=world.store)
        with pytest.raises(InvalidRequest, match="cannot let a volume change specs"):
            unable.process("unable").volumes.modify("v", GOLD)
        unable.close()
        assert not unable.driver.calls
    else:
        if why != "the specs":
            world.driver.fail("retype", NotImplementedError("not by this one"))
        with pytest.raises(InvalidRequest):
            library.volumes.modify("v", replace(GOLD, extra_specs={"impossible": "1"}))
        assert "update_metadata" not in [verb for verb, _ in world.driver.calls]
    assert replace(world.volume(), revision=before.revision) == before


def test_metadata_alone_asks_nothing_of_a_driver_that_cannot_retype(world):
    unable = World(abilities=replace(INDEPENDENT, retype=False), store=world.store)
    unable.process("unable").volumes.modify("v", replace(GOLD, extra_specs={}, qos_specs={}))
    unable.close()
    assert asked(world) == ({"n": "1", "m": "gold"}, {"f": "1"}, {"r": "1"})


def test_metadata_alone_does_not_wait_for_what_was_cut_off(world, library):
    world.driver.fail("extend", BackendUnavailable("no answer"))
    with pytest.raises(BackendUnavailable):
        library.volumes.extend("v", size(2))
    library.volumes.modify("v", Changes(metadata={"m": "gold"}))
    assert world.volume().status is Status.EXTENDING
    assert asked(world)[0] == {"n": "1", "m": "gold"}
    assert [verb for verb, _ in world.driver.calls].count("extend") == 1


def test_what_was_cut_off_is_finished_by_the_same_call(world, library):
    world.driver.fail("retype", BackendUnavailable("no answer"))
    with pytest.raises(BackendUnavailable):
        library.volumes.modify("v", GOLD)
    assert world.volume().status is Status.RETYPING
    library.volumes.modify("v", GOLD)
    assert asked(world) == ({"n": "1", "m": "gold"}, {"f": "1", "e": "gold"}, {"r": "1", "q": "gold"})
    assert not world.disagreements()


def test_an_earlier_change_that_is_refused_after_all_is_not_held_against_the_next_one(world, library):
    world.driver.fail("retype", BackendUnavailable("no answer"))
    with pytest.raises(BackendUnavailable):
        library.volumes.modify("v", GOLD)
    world.driver.fail("retype", InvalidRequest("not for gold"))
    library.volumes.modify("v", Changes(qos_specs={"q": "tin"}))
    assert asked(world) == ({"n": "1"}, {"f": "1"}, {"r": "1", "q": "tin"})
    assert not world.disagreements()


def test_one_at_a_time(world, library):
    with world.driver.hold("retype", most=1) as held:
        working = in_thread(lambda: library.volumes.modify("v", GOLD))
        assert held.entered.wait(5)
        for changes in (GOLD, Changes(metadata={"m": "tin"})):
            with pytest.raises(OperationPending):
                world.process("b").volumes.modify("v", changes)
    working.result(5)
    assert asked(world)[0] == {"n": "1", "m": "gold"}
