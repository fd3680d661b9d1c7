"""Group snapshots of published volumes, through a group of the back end that is there no longer than it must be."""

from dataclasses import replace

import pytest

from cinderblock.driver import Abilities
from cinderblock.errors import BackendUnavailable, InUse, InvalidRequest, NotFound, OperationPending, OutOfSpace
from cinderblock.grouped import GROUP_ID, every_consistency_group
from persistence.records import Status
from tests.fakes.driver import FakeDriver
from tests.unit.library.scenarios import TOGETHER, make, publish, take_group, unpublish
from tests.unit.library.world import World, asked_again, in_thread, mend, snapshot, volume

NO_ANSWER = BackendUnavailable("no answer")


@pytest.fixture(params=[False, True], ids=["independent", "dependent"])
def world(request):
    world = World(abilities=replace(TOGETHER, snapshots_depend=request.param))
    yield world
    world.close()


@pytest.fixture
def library(world):
    """A process with two published volumes."""
    library = world.process()
    for step in (make(), make("w"), publish(), publish("w")):
        step(library)
    return library


def cut_off(world, library, verb, *, after=True, name="g"):
    world.driver.fail(verb, NO_ANSWER, after=after)
    with pytest.raises(BackendUnavailable):
        take_group("v", "w", name=name)(library)


def verbs(world):
    return [verb for verb, _ in world.driver.calls if "group" in verb]


def test_the_volumes_are_in_the_group_only_while_the_snapshot_is_taken(world, library):
    take_group("v", "w")(library)
    assert verbs(world) == ["create_group", "join_group", "create_group_snapshot", "leave_group"]
    assert not any(GROUP_ID in one.driver_data for one in world.volumes())
    library.groups.delete("g")
    assert verbs(world)[4:] == ["delete_group_snapshot", "delete_group"]
    assert not world.disagreements()


def test_volumes_that_stand_still_need_no_group(world, library):
    for name in ("v", "w"):
        unpublish(name)(library)
    take_group("v", "w")(library)
    assert verbs(world) == []


def test_one_published_volume_is_enough_to_take_all_together(world, library):
    unpublish("w")(library)
    group, snapshots = take_group("v", "w")(library)
    assert group.consistency.members == {one.volume_cinder_id: one.cinder_id for one in snapshots}


def test_the_same_wish_again_takes_nothing_more(world, library):
    taken = take_group("v", "w")(library)
    calls = list(world.driver.calls)
    assert take_group("v", "w")(library) == taken
    assert world.driver.calls == calls


@pytest.mark.parametrize("verb", ["join_group", "create_group_snapshot", "leave_group"])
@pytest.mark.parametrize("after", [False, True])
def test_a_volume_that_was_left_in_a_group_is_taken_out_of_it_before_it_goes(world, library, verb, after):
    cut_off(world, library, verb, after=after)
    for name in ("v", "w"):
        unpublish(name)(library)
        library.volumes.delete(name)
    # The fake notes a volume that is deleted while it is in a group.
    assert not world.driver.violations
    library.groups.delete("g")
    assert not world.disagreements()


def test_a_volume_that_was_left_in_a_group_can_be_in_the_next_one(world, library):
    cut_off(world, library, "create_group_snapshot")
    take_group("v", name="h")(library)
    assert not world.driver.violations
    take_group("v", "w")(library)
    assert not world.disagreements()


def test_a_try_that_was_cut_off_is_made_anew_under_its_old_ids(world, library):
    cut_off(world, library, "create_group_snapshot")
    (left,) = every_consistency_group(world.store.key_values)
    group, _ = take_group("v", "w")(library)
    assert group.consistency == left
    library.groups.delete("g")
    other, _ = take_group("v", "w")(library)
    assert other.consistency.cinder_id != left.cinder_id


def test_a_try_of_other_volumes_has_ids_of_its_own(world, library):
    cut_off(world, library, "create_group_snapshot")
    (left,) = every_consistency_group(world.store.key_values)
    group, _ = take_group("v")(library)
    assert group.consistency.cinder_id != left.cinder_id
    assert not world.disagreements()


def test_a_group_stays_when_a_volume_may_still_be_in_it(world, library):
    cut_off(world, library, "create_group_snapshot")
    world.driver.fail("leave_group", NO_ANSWER, times=2)
    for _ in range(2):
        with pytest.raises(BackendUnavailable):
            library.groups.delete("g")
    assert "delete_group" not in verbs(world)
    library.groups.delete("g")
    assert verbs(world)[-1] == "delete_group"
    assert not world.disagreements()


def test_what_the_driver_said_is_recorded_before_anything_else_can_fail(world, library):
    cut_off(world, library, "leave_group")
    (group,) = every_consistency_group(world.store.key_values)
    said = {one.cinder_id: one.driver_data["provider_id"] for one in world.snapshots()}
    assert said == {cinder_id: f"taken-{cinder_id}" for cinder_id in group.members.values()}
    assert {one.driver_data["provider_id"] for one in world.volumes()} == {f"joined-{group.cinder_id}"}


def test_the_next_start_takes_back_what_was_cut_off_though_nobody_asks_again(world, library):
    cut_off(world, library, "create_group_snapshot")
    library.recovery.run("fake")
    assert world.groups() == []
    assert not world.disagreements()


def test_the_next_start_leaves_a_complete_group_snapshot_and_one_that_is_in_work(world, library):
    take_group("v", "w")(library)
    with world.driver.hold("create_group") as held:
        other = world.process("b")

        taking = in_thread(lambda: take_group("v", "w", name="h")(library))
        assert held.entered.wait(10)
        other.recovery.run("fake")
        held.release()
        taking.result(10)
    mend(other)
    assert sorted(world.groups()) == ["g", "h"]
    assert not world.disagreements()


def test_a_deletion_that_was_cut_off_goes_on_at_the_next_start_with_the_group_as_a_whole(world, library):
    take_group("v", "w")(library)
    world.driver.fail("delete_group_snapshot", NO_ANSWER)
    with pytest.raises(BackendUnavailable):
        library.groups.delete("g")
    library.recovery.run("fake")
    assert world.groups() == []
    assert "delete_snapshot" not in [verb for verb, _ in world.driver.calls]
    assert not world.disagreements()


def test_what_cannot_go_at_the_next_start_goes_with_its_group_later(world, library):
    take_group("v", "w")(library)
    world.driver.fail("delete_group_snapshot", NO_ANSWER, times=2)
    with pytest.raises(BackendUnavailable):
        library.groups.delete("g")
    library.recovery.run("fake")
    assert world.groups() == ["g"]
    mend(library)
    assert world.groups() == []
    assert not world.disagreements()


def test_a_snapshot_of_the_group_is_not_deleted_for_itself(world, library):
    take_group("v", "w")(library)
    with pytest.raises(InvalidRequest, match="belongs to group snapshot 'g'"):
        library.snapshots.delete("g/v")


def test_a_deletion_waits_for_a_volume_that_is_made_from_one_of_the_snapshots(world, library):
    take_group("v", "w")(library)
    with world.driver.hold("create_from_snapshot") as held:
        making = in_thread(lambda: library.volumes.create(volume("r", snapshot="g/v")))
        assert held.entered.wait(10)
        with pytest.raises(OperationPending, match="a copy of 'g/v'"):
            library.groups.delete("g")
        assert {one.status for one in world.snapshots()} == {Status.AVAILABLE}
        held.release()
        making.result(10)
    library.groups.delete("g")
    assert not world.disagreements()


def test_a_snapshot_that_the_back_end_needs_keeps_the_group_on_its_way_out(world, library):
    take_group("v", "w")(library)
    world.driver.fail("delete_group_snapshot", InUse("a volume lives in it"))
    with pytest.raises(InUse):
        library.groups.delete("g")
    # Others may be gone already: none of them is shown as whole again.
    with pytest.raises(NotFound):
        library.groups.get("g")
    with pytest.raises(NotFound):
        library.snapshots.get("g/w")
    library.groups.delete("g")
    assert not world.disagreements()


def test_a_driver_that_cannot_after_all_is_a_refusal_that_leaves_nothing(world, library):
    world.driver.fail("join_group", NotImplementedError("not these"))
    with pytest.raises(InUse, match="not these, so the snapshots would not belong together"):
        take_group("v", "w")(library)
    assert world.groups() == []
    assert not world.disagreements()


def test_a_back_end_that_is_full_leaves_nothing(world, library):
    world.driver.fail("create_group_snapshot", OutOfSpace("full"), after=True)
    with pytest.raises(OutOfSpace):
        take_group("v", "w")(library)
    assert world.groups() == []
    assert not world.disagreements()


def test_the_one_slot_of_a_back_end_is_enough(world):
    library = world.process(workers=1)
    for step in (make(), make("w"), publish(), publish("w"), take_group("v", "w")):
        step(library)
    world.driver.fail("create_group_snapshot", OutOfSpace("full"))
    with pytest.raises(OutOfSpace):
        take_group("v", "w", name="h")(library)
    library.groups.delete("g")
    assert not world.disagreements()


def test_a_volume_that_is_being_extended_is_not_taken(world, library):
    world.driver.fail("extend", NO_ANSWER)
    with pytest.raises(BackendUnavailable):
        library.volumes.extend("v", volume(size_gib=2).size)
    with pytest.raises(OperationPending, match="is being extended"):
        take_group("v", "w")(library)
    assert world.groups() == []


def test_a_back_end_without_groups_says_why():
    world = World(abilities=Abilities(no_groups_because="its driver takes snapshots one by one"))
    library = world.process()
    for step in (make(), make("w"), publish()):
        step(library)
    with pytest.raises(InUse, match=r"at one moment \(its driver takes snapshots one by one\), so the snapshots"):
        take_group("v", "w")(library)
    world.close()


def test_published_volumes_of_two_back_ends_are_refused(world):
    library = world.process(more={"other": FakeDriver(name="other", abilities=TOGETHER)})
    library.volumes.create(volume("v", backend="fake"))
    library.volumes.create(volume("w", backend="other"))
    publish()(library)
    with pytest.raises(InUse, match="they span back ends"):
        take_group("v", "w")(library)


def test_a_single_snapshot_of_a_volume_that_was_left_in_a_group_is_as_any_other(world, library):
    cut_off(world, library, "leave_group", after=False)
    library.snapshots.create(snapshot())
    library.snapshots.delete("s")
    asked_again(lambda: take_group("v", "w")(library))
    assert not world.disagreements()
