"""What happens to a volume while something else is done to it, by this process or by another."""

import time

import pytest

from cinderblock.errors import NotFound, OperationPending, OutOfSpace
from persistence.errors import RecordChanged
from persistence.records import Status
from tests.unit.library.world import in_thread, size, volume
from tests.waiting import eventually


@pytest.mark.alone
def test_a_second_call_on_a_volume_in_work_is_refused_at_once(world, library):
    with world.driver.hold("create") as held:
        working = in_thread(lambda: library.volumes.create(volume()))
        assert held.entered.wait(5)
        other = world.process("b")
        for verb in (
            lambda: library.volumes.create(volume()),
            lambda: library.volumes.delete("v"),
            lambda: other.volumes.create(volume()),
            lambda: other.volumes.delete("v"),
        ):
            began_s = time.monotonic()
            with pytest.raises(OperationPending, match="ask again"):
                verb()
            assert time.monotonic() - began_s < 0.05
    working.result(5)
    assert not world.disagreements()


def test_eight_volumes_are_in_the_making_at_once(world, library):
    with world.driver.hold("create") as held:
        working = [in_thread(lambda name=f"v{n}": library.volumes.create(volume(name))) for n in range(8)]
        assert eventually(lambda: held.inside == 8)
    assert len({one.result(5).id for one in working}) == 8
    assert not world.disagreements()


def test_what_is_being_copied_is_neither_deleted_nor_extended(world, library):
    library.volumes.create(volume())
    with world.driver.hold("clone") as held:
        working = in_thread(lambda: library.volumes.create(volume("c", clone="v")))
        assert held.entered.wait(5)
        other = world.process("b")
        for verb in (
            lambda: library.volumes.delete("v"),
            lambda: library.volumes.extend("v", size(2)),
            lambda: other.volumes.delete("v"),
            lambda: other.volumes.extend("v", size(2)),
        ):
            with pytest.raises(OperationPending, match="copy"):
                verb()
        assert library.volumes.get("v").status is Status.AVAILABLE
    working.result(5)
    assert not world.disagreements()


def copying_while(world, act):
    """Return what becomes of a clone whose source is changed before the clone's intent is recorded."""
    slow = world.process("slow")
    with world.driver.hold("pools", most=1) as held:
        working = in_thread(lambda: slow.volumes.create(volume("c", clone="v")))
        assert held.entered.wait(5)
        act()
    return working


def test_a_copy_of_what_has_grown_meanwhile_is_begun_anew(world, library):
    library.volumes.create(volume())
    working = copying_while(world, lambda: library.volumes.extend("v", size(2)))
    with pytest.raises(OperationPending, match="has grown to 2 GiB"):
        working.result(5)
    assert world.volume("c") is None
    assert library.volumes.create(volume("c", clone="v")).size_gib == 2
    assert not world.disagreements()


@pytest.mark.parametrize("again", [False, True])
def test_a_copy_of_what_was_deleted_meanwhile_is_not_made_of_what_has_its_name_now(world, library, again):
    def replaced():
        library.volumes.delete("v")
        if again:
            library.volumes.create(volume())

    library.volumes.create(volume())
    with pytest.raises(NotFound):
        copying_while(world, replaced).result(5)
    assert world.volume("c") is None
    assert not world.disagreements()


def test_a_process_that_was_overtaken_leaves_the_work_of_its_successor_alone(world, library):
    with world.driver.hold("create", most=1) as held:
        frozen = in_thread(lambda: library.volumes.create(volume()))
        assert held.entered.wait(5)
        world.outlive("a")
        made = world.process("b").volumes.create(volume())
        # What the first one now would undo, and forget, is the second one's.
        world.driver.fail("create", OutOfSpace("full"))
    with pytest.raises(RecordChanged):
        frozen.result(5)
    assert world.volume() == made
    assert not world.disagreements()
