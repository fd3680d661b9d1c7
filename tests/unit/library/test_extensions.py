"""What an extension promises, and what a volume of unknown size can still be used for."""

import pytest

from cinderblock.driver import Abilities
from cinderblock.errors import BackendUnavailable, InUse, OperationPending, OutOfRange, OutOfSpace
from persistence.records import Status
from tests.unit.library.world import World, connection, size, snapshot, volume


def test_a_volume_grows_and_never_shrinks(world, library):
    library.volumes.create(volume(size_gib=2))
    assert library.volumes.extend("v", size(3)).size_gib == 3
    assert library.volumes.extend("v", size(1)).size_gib == 3
    with pytest.raises(OutOfRange):
        library.volumes.extend("v", size(1, limit_gib=2))
    assert not world.disagreements()


def test_an_extension_that_was_refused_leaves_the_volume_as_it_was(world, library):
    library.volumes.create(volume())
    with pytest.raises(OutOfSpace):
        library.volumes.extend("v", size(5000))
    found = world.volume()
    assert (found.status, found.size_gib, found.wanted_size_gib) == (Status.AVAILABLE, 1, 0)


def test_a_back_end_that_grows_only_what_is_not_published_is_asked_for_nothing_else():
    world = World(abilities=Abilities(online_extend=False))
    library = world.process()
    library.volumes.create(volume())
    library.connections.publish(connection())
    with pytest.raises(InUse, match="unpublish it first"):
        library.volumes.extend("v", size(2))
    library.connections.unpublish("v")
    assert library.volumes.extend("v", size(2)).size_gib == 2
    assert not world.disagreements()
    world.close()


def failed_extension(world, library):
    library.volumes.create(volume())
    world.driver.fail("extend", RuntimeError("a bug"), after=True)
    with pytest.raises(BackendUnavailable):
        library.volumes.extend("v", size(3))


def test_a_volume_of_unknown_size_is_published_and_withdrawn_all_the_same(world, library):
    failed_extension(world, library)
    library.connections.publish(connection())
    library.connections.unpublish("v")
    assert world.volume().status is Status.EXTENDING
    assert library.volumes.extend("v", size(3)).size_gib == 3
    assert not world.disagreements()


def test_a_refusal_to_grow_on_does_not_make_an_unknown_size_known():
    world = World(abilities=Abilities(online_extend=False))
    library = world.process()
    failed_extension(world, library)
    library.connections.publish(connection())
    with pytest.raises(InUse):
        library.volumes.extend("v", size(3))
    assert (world.volume().status, world.volume().wanted_size_gib) == (Status.EXTENDING, 3)
    library.connections.unpublish("v")
    library.volumes.extend("v", size(2))
    assert not world.disagreements()
    world.close()


@pytest.mark.parametrize("copy", ["snapshot", "clone"])
def test_a_volume_of_unknown_size_is_not_copied(world, library, copy):
    failed_extension(world, library)
    copied = {
        "snapshot": lambda: library.snapshots.create(snapshot()),
        "clone": lambda: library.volumes.create(volume("c", clone="v")),
    }[copy]
    with pytest.raises(OperationPending, match="being extended"):
        copied()
    library.volumes.extend("v", size(2))
    copied()
    assert world.volume().size_gib == 3
    assert not world.disagreements()


def test_a_volume_of_unknown_size_can_be_deleted(world, library):
    failed_extension(world, library)
    library.volumes.delete("v")
    assert not world.volumes()
    assert not world.driver.volumes
