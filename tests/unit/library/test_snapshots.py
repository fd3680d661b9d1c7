"""What the verbs on snapshots promise."""

import pytest

from cinderblock.errors import AlreadyExists, BackendUnavailable, InUse, NotFound, OperationPending, OutOfSpace
from persistence.records import Status
from tests.fakes.mortal import Life
from tests.unit.library.world import in_thread, mend, size, snapshot, volume
from tests.waiting import eventually


@pytest.fixture(autouse=True)
def source(world, library):
    return library.volumes.create(volume())


def test_a_snapshot_is_taken_once_however_often_it_is_asked_for(world, library, source):
    first = library.snapshots.create(snapshot())
    assert library.snapshots.create(snapshot()) == first
    assert (first.size_gib, first.volume_cinder_id) == (1, source.cinder_id)
    assert list(world.driver.snapshots) == [first.cinder_id]


def test_a_name_is_not_given_to_a_snapshot_of_another_volume(library):
    library.volumes.create(volume("w"))
    library.snapshots.create(snapshot())
    with pytest.raises(AlreadyExists, match="'s' is of volume 'v'"):
        library.snapshots.create(snapshot(of="w"))


def test_a_snapshot_of_an_earlier_volume_of_the_name_is_not_taken_for_one_of_the_new_volume(library):
    taken = library.snapshots.create(snapshot())
    library.volumes.delete("v")
    assert library.snapshots.create(snapshot()) == taken
    library.volumes.create(volume())
    with pytest.raises(AlreadyExists, match="earlier volume 'v'"):
        library.snapshots.create(snapshot())


def test_a_snapshot_of_what_does_not_exist_is_not_found_and_leaves_nothing(world, library):
    with pytest.raises(NotFound):
        library.snapshots.create(snapshot(of="nothing"))
    assert not world.snapshots()


def test_a_snapshot_that_was_cut_off_and_whose_volume_has_gone_leaves_nothing(world, library):
    world.driver.fail("create_snapshot", RuntimeError("a bug"), after=True)
    with pytest.raises(BackendUnavailable):
        library.snapshots.create(snapshot())
    library.volumes.delete("v")
    with pytest.raises(NotFound):
        library.snapshots.create(snapshot())
    assert not world.snapshots()
    assert not world.disagreements()


def test_a_snapshot_that_failed_for_good_leaves_nothing(world, library):
    world.driver.fail("create_snapshot", OutOfSpace("full"), after=True)
    with pytest.raises(OutOfSpace):
        library.snapshots.create(snapshot())
    assert not world.snapshots()
    assert not world.disagreements()


def test_a_failed_snapshot_that_cannot_be_undone_is_no_final_answer(world, library):
    world.driver.fail("create_snapshot", OutOfSpace("full"), after=True)
    world.driver.fail("delete_snapshot", InUse("busy"))
    with pytest.raises(BackendUnavailable):
        library.snapshots.create(snapshot())
    library.snapshots.create(snapshot())
    assert not world.disagreements()


def test_what_nobody_knows_of_is_deleted_with_success(library):
    library.snapshots.delete("never")


def test_a_snapshot_that_the_array_needs_stays(world, library):
    library.snapshots.create(snapshot())
    world.driver.fail("delete_snapshot", InUse("a clone rests on it"))
    with pytest.raises(InUse):
        library.snapshots.delete("s")
    assert library.snapshots.get("s").status is Status.AVAILABLE


def test_a_snapshot_that_is_being_restored_is_not_deleted(world, library):
    library.snapshots.create(snapshot())
    with world.driver.hold("create_from_snapshot") as held:
        working = in_thread(lambda: library.volumes.create(volume("r", snapshot="s")))
        assert held.entered.wait(5)
        for process in (library, world.process("b")):
            with pytest.raises(OperationPending, match="copy"):
                process.snapshots.delete("s")
    working.result(5)
    assert library.snapshots.get("s").status is Status.AVAILABLE
    assert not world.disagreements()


def test_a_volume_whose_snapshot_is_in_work_is_not_deleted(world, library):
    with world.driver.hold("create_snapshot") as held:
        working = in_thread(lambda: library.snapshots.create(snapshot()))
        assert held.entered.wait(5)
        for process in (library, world.process("b")):
            with pytest.raises(OperationPending, match="copy"):
                process.volumes.delete("v")
    working.result(5)
    assert not world.disagreements()


def test_a_snapshot_of_a_volume_that_is_being_deleted_waits_for_the_end_of_that(world, library):
    library.snapshots.create(snapshot())
    with world.driver.hold("delete") as held:
        working = in_thread(lambda: library.volumes.delete("v"))
        assert held.entered.wait(5)
        for process in (library, world.process("b")):
            with pytest.raises(OperationPending, match="being deleted"):
                process.snapshots.create(snapshot("t"))
            with pytest.raises(OperationPending, match="being deleted"):
                process.snapshots.delete("s")
    working.result(5)
    library.snapshots.delete("s")
    assert not world.snapshots()
    assert not world.disagreements()


def test_the_tombstone_goes_with_the_last_of_two_snapshots_that_are_deleted_at_once(dependent):
    library = dependent.process()
    library.volumes.create(volume("d"))
    for name in ("s", "t"):
        library.snapshots.create(snapshot(name, "d"))
    library.volumes.delete("d")
    with dependent.driver.hold("delete_snapshot") as held:
        working = [
            in_thread(lambda name=name, process=process: process.snapshots.delete(name))
            for name, process in (("s", library), ("t", dependent.process("b")))
        ]
        assert held.entered.wait(5)
    for one in working:
        one.exception(5)
    for name in ("s", "t"):
        library.snapshots.delete(name)
    assert not dependent.volumes()
    assert not dependent.driver.volumes
    assert not dependent.disagreements()


def test_a_tombstone_that_could_not_go_with_its_last_snapshot_goes_with_the_next_try(dependent):
    library = dependent.process()
    library.volumes.create(volume("d"))
    library.snapshots.create(snapshot("s", "d"))
    library.volumes.delete("d")
    dependent.driver.fail("delete", BackendUnavailable("no answer"))
    with pytest.raises(BackendUnavailable):
        library.snapshots.delete("s")
    with pytest.raises(NotFound):
        library.snapshots.get("s")
    library.snapshots.delete("s")
    assert not dependent.driver.volumes
    assert not dependent.disagreements()


def test_a_tombstone_that_the_array_needs_for_something_else_is_removed_later(dependent):
    library = dependent.process()
    library.volumes.create(volume("d"))
    library.snapshots.create(snapshot("s", "d"))
    library.volumes.delete("d")
    dependent.driver.fail("delete", InUse("a clone rests on it"), times=2)
    library.snapshots.delete("s")
    assert not dependent.snapshots()
    assert len(dependent.driver.volumes) == 1
    mend(library)
    assert not dependent.driver.volumes
    assert not dependent.disagreements()


def test_a_snapshot_of_what_has_grown_meanwhile_is_begun_anew(world, library):
    life = Life()
    slow = world.process("slow", life=life, workers=1)
    with world.driver.hold("create") as held:
        busy = in_thread(lambda: slow.volumes.create(volume("w")))
        assert held.entered.wait(5)
        taking = in_thread(lambda: slow.snapshots.create(snapshot()))
        # It has read how large the volume is, and waits for its turn at the driver.
        assert eventually(lambda: life.calls[-1] == "store.volumes.get")
        library.volumes.extend("v", size(2))
    busy.result(5)
    with pytest.raises(OperationPending, match="was changed"):
        taking.result(5)
    assert not world.snapshots()
    assert library.snapshots.create(snapshot()).size_gib == 2
    assert not world.disagreements()
