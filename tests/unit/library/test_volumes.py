"""What the verbs on volumes promise."""

from dataclasses import replace

import pytest

from cinderblock.errors import (
    AlreadyExists,
    BackendUnavailable,
    InUse,
    InvalidRequest,
    NotFound,
    OutOfRange,
    OutOfSpace,
)
from persistence.records import Status
from tests.fakes.driver import FakeDriver
from tests.unit.library.world import connection, size, snapshot, volume


def test_a_volume_is_made_once_however_often_it_is_asked_for(world, library):
    first = library.volumes.create(volume())
    assert library.volumes.create(volume()) == first
    assert first.status is Status.AVAILABLE
    assert list(world.driver.volumes) == [first.cinder_id]


def test_the_array_never_sees_the_id_that_is_derived_from_the_name(world, library):
    made = library.volumes.create(volume())
    assert made.cinder_id != made.id
    library.volumes.delete("v")
    assert library.volumes.create(volume()).cinder_id != made.cinder_id


def test_a_size_is_rounded_up_never_down(library):
    made = library.volumes.create(volume(size_gib=1.5))
    assert made.size_gib == 2
    assert library.volumes.create(volume(size_gib=1.5)) == made


@pytest.mark.parametrize(
    "other",
    [
        volume(size_gib=2),
        volume(parameters={"pool": "gold"}),
        volume(access=("block/SINGLE_NODE_WRITER",)),
        volume(snapshot="s"),
        volume(clone="w"),
    ],
)
def test_a_name_is_not_given_to_a_volume_that_differs(library, other):
    library.volumes.create(volume())
    library.volumes.create(volume("w"))
    library.snapshots.create(snapshot())
    with pytest.raises(AlreadyExists, match="'v'"):
        library.volumes.create(other)


def test_a_name_whose_source_was_replaced_by_another_of_its_name_is_taken(library):
    library.volumes.create(volume())
    library.snapshots.create(snapshot())
    library.volumes.create(volume("r", snapshot="s"))
    library.snapshots.delete("s")
    assert library.volumes.create(volume("r", snapshot="s")).id == "r"
    library.snapshots.create(snapshot())
    with pytest.raises(AlreadyExists, match="earlier 's'"):
        library.volumes.create(volume("r", snapshot="s"))


@pytest.mark.parametrize("kind", ["snapshot", "clone"])
def test_a_copy_of_what_does_not_exist_is_not_found_and_leaves_nothing(world, library, kind):
    with pytest.raises(NotFound):
        library.volumes.create(volume(**{kind: "nothing"}))
    assert not world.volumes()
    assert not world.driver.calls


def test_a_copy_is_never_smaller_than_its_source(library):
    library.volumes.create(volume(size_gib=3))
    assert library.volumes.create(volume("c", clone="v")).size_gib == 3
    small = replace(volume("d", clone="v"), size=size(1, limit_gib=2))
    with pytest.raises(OutOfRange):
        library.volumes.create(small)


def test_what_does_not_fit_is_out_of_space_and_leaves_nothing(world, library):
    with pytest.raises(OutOfSpace, match="2000 GiB"):
        library.volumes.create(volume(size_gib=2000))
    assert not world.volumes()


def test_room_that_a_deletion_makes_is_seen_at_once(library):
    library.volumes.create(volume(size_gib=1000))
    with pytest.raises(OutOfSpace):
        library.volumes.create(volume("w", size_gib=1000))
    library.volumes.delete("v")
    library.volumes.create(volume("w", size_gib=1000))


def test_an_unknown_pool_is_named_with_the_known_ones(library):
    with pytest.raises(InvalidRequest, match="no pool 'gold'; it has: fake"):
        library.volumes.create(volume(pool="gold"))


def test_a_creation_that_was_cut_off_may_be_asked_for_with_other_properties(world, library):
    world.driver.fail("create", RuntimeError("a bug"), after=True)
    with pytest.raises(BackendUnavailable):
        library.volumes.create(volume())
    assert library.volumes.create(volume(size_gib=5)).size_gib == 5
    assert not world.disagreements()


def test_a_creation_that_was_cut_off_whose_source_has_gone_leaves_nothing(world, library):
    library.volumes.create(volume())
    library.snapshots.create(snapshot())
    world.driver.fail("create_from_snapshot", RuntimeError("a bug"), after=True)
    with pytest.raises(BackendUnavailable):
        library.volumes.create(volume("r", snapshot="s"))
    library.snapshots.delete("s")
    with pytest.raises(NotFound):
        library.volumes.create(volume("r", snapshot="s"))
    assert world.volume("r") is None
    assert not world.disagreements()


def test_what_the_array_finishes_late_is_found_under_its_old_name(world, library):
    world.driver.fail("create", TimeoutError("the array does not answer"))
    with pytest.raises(BackendUnavailable):
        library.volumes.create(volume())
    cut_off = world.volume().cinder_id
    library.volumes.create(volume())
    assert world.volume().cinder_id == cut_off


def test_what_nobody_knows_of_is_deleted_with_success(library):
    library.volumes.delete("never")


def test_a_published_volume_is_not_deleted(world, library):
    library.volumes.create(volume())
    library.connections.publish(connection())
    with pytest.raises(InUse, match="node-1"):
        library.volumes.delete("v")
    assert world.volume().status is Status.AVAILABLE
    assert not world.disagreements()


def test_a_volume_that_the_array_needs_stays_as_it_was(world, library):
    library.volumes.create(volume())
    world.driver.fail("delete", InUse("a clone rests on it"))
    with pytest.raises(InUse):
        library.volumes.delete("v")
    assert library.volumes.get("v").status is Status.AVAILABLE
    assert not world.disagreements()


def test_a_volume_that_may_be_half_deleted_is_not_found_any_more(world, library):
    library.volumes.create(volume())
    world.driver.fail("delete", RuntimeError("a bug"))
    with pytest.raises(BackendUnavailable):
        library.volumes.delete("v")
    with pytest.raises(NotFound):
        library.volumes.get("v")
    library.volumes.delete("v")
    assert not world.volumes()


def test_a_volume_that_its_snapshots_need_is_a_tombstone_and_its_name_is_free(dependent):
    library = dependent.process()
    old = library.volumes.create(volume())
    library.snapshots.create(snapshot())
    library.volumes.delete("v")
    with pytest.raises(NotFound):
        library.volumes.get("v")
    new = library.volumes.create(volume(size_gib=2))
    assert set(dependent.driver.volumes) == {old.cinder_id, new.cinder_id}
    assert library.volumes.create(volume("r", snapshot="s")).size_gib == 1
    library.snapshots.delete("s")
    assert old.cinder_id not in dependent.driver.volumes
    assert not dependent.disagreements()


def test_a_tombstone_cannot_be_deleted_by_its_hidden_id(dependent):
    library = dependent.process()
    old = library.volumes.create(volume())
    library.snapshots.create(snapshot())
    library.volumes.delete("v")
    library.volumes.delete(old.cinder_id)
    assert old.cinder_id in dependent.driver.volumes


def test_metadata_that_the_driver_was_not_told_is_told_again(world, library):
    library.volumes.create(volume(metadata={"a": "1"}))
    world.driver.fail("update_metadata", BackendUnavailable("no answer"))
    with pytest.raises(BackendUnavailable):
        library.volumes.set_metadata("v", {"b": "2"})
    assert library.volumes.set_metadata("v", {"b": "2"}).metadata == {"a": "1", "b": "2"}
    library.volumes.set_metadata("v", {"b": "2"})
    assert [verb for verb, _ in world.driver.calls].count("update_metadata") == 2


def test_what_the_driver_says_of_a_volume_is_kept(world, library):
    class Talkative(FakeDriver):
        def create(self, volume):
            super().create(volume)
            return {"provider_location": "shelf 7", "provider_auth": "CHAP u p", "metadata": {"x": 1}, "name_id": None}

    library = world.process("t", more={"talkative": Talkative()})
    made = library.volumes.create(volume(backend="talkative"))
    assert made.driver_data == {"provider_location": "shelf 7", "name_id": None}
    assert (made.provider_auth, made.metadata) == ("CHAP u p", {"x": "1"})


@pytest.mark.parametrize("update", [None, {"provider_location": object()}, {"provider_id": float("nan")}])
def test_an_answer_that_cannot_be_stored_is_no_final_one(world, update):
    class Confused(FakeDriver):
        def create(self, volume):
            super().create(volume)
            return update

    driver = Confused()
    library = world.process("t", more={"confused": driver})
    with pytest.raises(BackendUnavailable):
        library.volumes.create(volume(backend="confused"))
    library.volumes.delete("v")
    assert not driver.volumes
    assert not world.volumes()
