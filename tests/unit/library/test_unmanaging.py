"""What giving a volume back to its back end promises."""

from dataclasses import replace

import pytest

from cinderblock.errors import BackendUnavailable, InUse, InvalidRequest, NotFound
from cinderblock.wanted import WantedGroup
from tests.unit.library.world import INDEPENDENT, World, connection, snapshot, volume

FOUND = {"source-name": "disk"}


@pytest.fixture(autouse=True)
def _foreign(world):
    world.add_foreign("disk", "other")


def test_giving_back_forgets_the_volume_keeps_its_content_and_may_be_repeated(world, library):
    made = library.volumes.manage(volume(), FOUND)
    now = library.volumes.unmanage("v")
    assert now == {"source-name": f"volume-{made.cinder_id}"}
    assert library.volumes.unmanage("v") == {}
    assert not world.volumes()
    again = library.volumes.manage(volume("again"), now)
    assert again.cinder_id != made.cinder_id
    assert world.content("again") == "disk"


def test_what_is_published_or_has_snapshots_is_not_given_back(world, library):
    library.volumes.manage(volume(), FOUND)
    library.connections.publish(connection())
    with pytest.raises(InUse, match="node-1"):
        library.volumes.unmanage("v")
    library.connections.unpublish("v")
    library.snapshots.create(snapshot())
    with pytest.raises(InUse, match="'s'"):
        library.volumes.unmanage("v")
    library.snapshots.unmanage("s")
    library.volumes.unmanage("v")
    assert not world.disagreements()


def test_a_volume_that_was_left_in_a_group_leaves_it_before_it_is_given_back():
    world = World(abilities=replace(INDEPENDENT, consistent_groups=True))
    library = world.process()
    for name in ("v", "w"):
        library.volumes.create(volume(name))
        library.connections.publish(connection(name))
    world.driver.fail("join_group", BackendUnavailable("no answer"), after=True)
    members = tuple(snapshot(f"g/{of}", of, group_id="g") for of in ("v", "w"))
    with pytest.raises(BackendUnavailable):
        library.groups.create(WantedGroup(id="g", name="g", members=members))
    library.connections.unpublish("v")
    library.volumes.unmanage("v")
    assert world.driver.violations == []
    library.groups.delete("g")
    assert not world.disagreements()
    world.close()


def test_a_driver_that_cannot_let_go_leaves_everything_as_it_was(world, library):
    made = library.volumes.manage(volume(), FOUND)
    world.driver.fail("unmanage", NotImplementedError("not by this one"))
    with pytest.raises(InvalidRequest, match="not by this one"):
        library.volumes.unmanage("v")
    assert replace(world.volume(), revision=made.revision) == made


@pytest.mark.parametrize("verb", ["delete", "create"])
def test_what_was_half_given_back_is_not_deleted_by_whoever_deletes_or_creates(world, library, verb):
    library.volumes.manage(volume(), FOUND)
    world.driver.fail("unmanage", BackendUnavailable("no answer"))
    with pytest.raises(BackendUnavailable):
        library.volumes.unmanage("v")
    with pytest.raises(NotFound):
        library.volumes.get("v")
    if verb == "delete":
        library.volumes.delete("v")
        assert not world.volumes()
    else:
        library.volumes.create(volume())
    assert sorted(disk.data[0] for disk in world.driver.foreign.values()) == [b"disk", b"other"]
    assert "delete" not in [verb for verb, _ in world.driver.calls]
