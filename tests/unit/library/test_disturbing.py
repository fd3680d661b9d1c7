"""Back ends whose snapshots and clones change the volume's own files: what goes on at once, and what does not."""

from contextlib import suppress

import pytest

from cinderblock.driver import Abilities
from cinderblock.errors import InUse, OperationPending
from tests.fakes.mortal import Life
from tests.unit.library.world import World, connection, in_thread, mend, snapshot, volume

COPIES = {
    "take": ("create_snapshot", lambda library: library.snapshots.create(snapshot("t"))),
    "remove": ("delete_snapshot", lambda library: library.snapshots.delete("s")),
    "clone": ("clone", lambda library: library.volumes.create(volume("c", clone="v"))),
}


@pytest.fixture
def world():
    world = World(abilities=Abilities(copies_disturb=True))
    library = world.process("setting up")
    library.volumes.create(volume())
    library.snapshots.create(snapshot())
    yield world
    assert not world.disagreements()
    world.close()


@pytest.fixture
def library(world):
    return world.process()


@pytest.mark.parametrize("copy", COPIES)
def test_a_published_volume_is_not_copied_until_it_is_withdrawn(world, library, copy):
    verb, act = COPIES[copy]
    library.connections.publish(connection())
    calls = len(world.driver.calls)
    with pytest.raises(InUse, match=r"'v' is published to node-1.*unpublish it first"):
        act(library)
    assert verb not in {called for called, _ in world.driver.calls[calls:]}
    library.connections.unpublish("v")
    act(library)


@pytest.mark.parametrize("copy", COPIES)
def test_a_volume_is_not_published_while_another_process_copies_it(world, library, copy):
    verb, act = COPIES[copy]
    other = world.process("b")
    with world.driver.hold(verb) as held:
        copying = in_thread(lambda: act(other))
        assert held.entered.wait(10)
        with pytest.raises(OperationPending, match="a copy of 'v', is"):
            library.connections.publish(connection())
        held.release()
        assert copying.exception(10) is None
    library.connections.publish(connection())


@pytest.mark.parametrize("one", COPIES)
@pytest.mark.parametrize("other", ["take", "clone"])
def test_a_volume_is_copied_once_at_a_time(world, library, one, other):
    verb, act = COPIES[one]
    with world.driver.hold(verb, most=1) as held:
        copying = in_thread(lambda: act(world.process("b")))
        assert held.entered.wait(10)
        with pytest.raises(OperationPending):
            COPIES[other][1](library)
        held.release()
        assert copying.exception(10) is None
    COPIES[other][1](library)


def test_a_clone_that_is_being_removed_keeps_its_source_from_being_published(world, library):
    library.volumes.create(volume("c", clone="v"))
    with world.driver.hold("delete") as held:
        removing = in_thread(lambda: world.process("b").volumes.delete("c"))
        assert held.entered.wait(10)
        with pytest.raises(OperationPending):
            library.connections.publish(connection())
        held.release()
        assert removing.exception(10) is None


@pytest.mark.parametrize("copy", COPIES)
def test_whatever_falls_between_the_calls_of_another_process_a_published_volume_is_not_touched(world, copy):
    act, before = COPIES[copy][1], world.picture()

    class Meanwhile(Life):
        """Publishes from another process before one of its own calls."""

        def call(self, name, function, *args, **kwargs):
            if len(self.calls) + 1 == stop:
                with suppress(InUse, OperationPending):
                    other.connections.publish(connection())
            return super().call(name, function, *args, **kwargs)

    stop, calls = 2, 3
    while stop <= calls:
        here = World(abilities=Abilities(copies_disturb=True))
        here.restore(before)
        other, life = here.process("b"), Meanwhile()
        library = here.process("a", life=life)
        with suppress(InUse, OperationPending):
            act(library)
        calls = len(life.calls)
        mend(library)
        other.connections.unpublish("v")
        assert not here.disagreements(), f"published before call {stop} of {calls}"
        here.close()
        stop += 1
    assert stop > 5
