"""What the verbs on connections promise."""

from dataclasses import replace

import pytest

from cinderblock.errors import (
    AlreadyExists,
    BackendUnavailable,
    InUse,
    InvalidRequest,
    NotFound,
    OperationPending,
    OutOfSpace,
)
from persistence.records import Status
from tests.unit.library.world import connection, in_thread, volume


@pytest.fixture(autouse=True)
def published(world, library):
    return library.volumes.create(volume())


def test_a_volume_is_published_once_however_often_it_is_asked_for(world, library):
    first = library.connections.publish(connection())
    assert library.connections.publish(connection()) == first
    assert first.connection_info["driver_volume_type"] == "fake"
    assert not world.disagreements()


def test_the_secret_of_an_export_is_kept_with_the_volume(world, library):
    library.connections.publish(connection())
    assert "secret-of" in world.volume().provider_auth


def test_what_does_not_exist_is_not_published(library):
    with pytest.raises(NotFound):
        library.connections.publish(connection("nothing"))


def test_a_volume_of_one_node_is_not_published_to_another(world, library):
    library.connections.publish(connection())
    with pytest.raises(InUse, match="node-1"):
        library.connections.publish(connection(node="node-2"))
    library.connections.unpublish("v", "v/node-1")
    library.connections.publish(connection(node="node-2"))
    assert not world.disagreements()


def test_a_volume_that_may_be_shared_is_published_to_several_in_modes_that_share(world, library):
    library.volumes.create(volume("m", multiattach=True))
    library.connections.publish(connection("m", shared=True))
    with pytest.raises(InUse):
        library.connections.publish(connection("m", "node-2"))
    library.connections.publish(connection("m", "node-2", shared=True))
    assert library.connections.published_nodes("m") == ["node-1", "node-2"]
    library.connections.unpublish("m", "m/node-1")
    assert library.connections.published_nodes("m") == ["node-2"]
    assert not world.disagreements()


def test_a_mode_that_shares_does_not_make_a_volume_shareable(library):
    library.connections.publish(connection(shared=True))
    with pytest.raises(InUse):
        library.connections.publish(connection(node="node-2", shared=True))


@pytest.mark.parametrize("other", [{"readonly": True}, {"access": "block/SINGLE_NODE_WRITER"}])
def test_a_volume_is_not_published_in_another_way_to_the_same_node(library, other):
    library.connections.publish(connection(access="mount/SINGLE_NODE_WRITER"))
    with pytest.raises(AlreadyExists, match="unpublish it first"):
        library.connections.publish(replace(connection(access="mount/SINGLE_NODE_WRITER"), **other))


def test_a_node_takes_no_more_volumes_than_it_says(world, library):
    for name in ("w", "x"):
        library.volumes.create(volume(name))
        library.connections.publish(connection(name, max_volumes=2))
    with pytest.raises(OutOfSpace, match="has 2 volumes"):
        library.connections.publish(connection(max_volumes=2))
    library.connections.publish(connection("x", max_volumes=2))
    assert not world.disagreements()


def test_the_last_place_of_a_node_is_not_given_to_two_volumes(world, library):
    library.volumes.create(volume("w"))
    with world.driver.hold("validate_connector", most=1) as held:
        working = in_thread(lambda: library.connections.publish(connection(max_volumes=1)))
        assert held.entered.wait(5)
        world.process("b").connections.publish(connection("w", max_volumes=1))
    with pytest.raises(OutOfSpace):
        working.result(5)
    assert [one.id for one in world.connections()] == ["w/node-1"]
    assert not world.disagreements()


def test_a_volume_that_is_published_while_its_deletion_begins_is_not_deleted(world, library):
    with world.driver.hold("connect", most=1) as held:
        working = in_thread(lambda: world.process("b").connections.publish(connection()))
        assert held.entered.wait(5)
        with pytest.raises((OperationPending, InUse)):
            library.volumes.delete("v")
    working.result(5)
    assert not world.disagreements()


def test_a_node_that_lacks_what_the_protocol_needs_is_told_and_nothing_is_left(world, library):
    with pytest.raises(InvalidRequest, match="host"):
        library.connections.publish(replace(connection(), connector={"ip": "192.0.2.1"}))
    assert not world.connections()


def test_a_publication_that_failed_for_good_is_taken_back(world, library):
    world.driver.fail("connect", InUse("a reservation"), after=True)
    with pytest.raises(InUse):
        library.connections.publish(connection())
    assert not world.connections()
    assert not world.disagreements()


def test_a_publication_that_cannot_be_taken_back_is_no_final_answer(world, library):
    world.driver.fail("connect", InUse("a reservation"), after=True)
    world.driver.fail("disconnect", InvalidRequest("not now"))
    with pytest.raises(BackendUnavailable):
        library.connections.publish(connection())
    library.connections.publish(connection())
    assert not world.disagreements()


def test_a_failed_publication_does_not_take_the_export_from_another_node(world, library):
    library.volumes.create(volume("m", multiattach=True))
    library.connections.publish(connection("m", shared=True))
    world.driver.fail("connect", InUse("a reservation"), after=True)
    with pytest.raises(InUse):
        library.connections.publish(connection("m", "node-2", shared=True))
    assert not world.disagreements()


def test_what_may_be_half_published_keeps_other_nodes_away(world, library):
    world.driver.fail("connect", RuntimeError("a bug"), after=True)
    with pytest.raises(BackendUnavailable):
        library.connections.publish(connection())
    assert library.connections.published_nodes("v") == []
    with pytest.raises(InUse):
        library.connections.publish(connection(node="node-2"))
    with pytest.raises(InUse):
        library.volumes.delete("v")
    library.connections.unpublish("v", "v/node-1")
    library.connections.publish(connection(node="node-2"))
    assert not world.disagreements()


@pytest.mark.parametrize("other", [{"readonly": True}, {"connector": {"host": "node-1", "initiator": "another"}}])
def test_a_publication_that_was_cut_off_is_withdrawn_before_one_in_another_way(world, library, other):
    world.driver.fail("connect", RuntimeError("a bug"), after=True)
    with pytest.raises(BackendUnavailable):
        library.connections.publish(connection())
    made = library.connections.publish(replace(connection(), **other))
    assert (made.readonly, made.connector) == (other.get("readonly", False), other.get("connector", {"host": "node-1"}))
    assert [verb for verb, _ in world.driver.calls if "connect" in verb and "or" not in verb] == [
        "connect",
        "disconnect",
        "connect",
    ]
    assert not world.disagreements()


def test_a_withdrawal_that_was_cut_off_is_finished_before_the_volume_is_published_again(world, library):
    library.connections.publish(connection())
    world.driver.fail("disconnect", RuntimeError("a bug"))
    with pytest.raises(BackendUnavailable):
        library.connections.unpublish("v", "v/node-1")
    assert library.connections.published_nodes("v") == ["node-1"]
    library.connections.publish(connection())
    assert not world.disagreements()


def test_what_is_not_published_is_withdrawn_with_success(library):
    library.connections.unpublish("v", "v/node-1")
    library.connections.unpublish("v")
    library.connections.unpublish("never", "never/node-1")


def test_a_connection_of_an_earlier_volume_of_the_name_is_not_taken_for_one_of_the_new_volume(world, library):
    stale = library.connections.publish(connection())
    library.connections.unpublish("v")
    library.volumes.delete("v")
    # As a process leaves it that was frozen while another one deleted the volume.
    world.store.connections.insert(replace(stale, status=Status.AVAILABLE))
    library.volumes.create(volume())
    made = library.connections.publish(connection())
    assert made.volume_cinder_id == world.volume().cinder_id
    assert not world.disagreements()


@pytest.mark.parametrize("again", [False, True])
def test_a_connection_of_a_volume_that_has_gone_is_forgotten(world, library, again):
    stale = library.connections.publish(connection())
    library.connections.unpublish("v")
    library.volumes.delete("v")
    world.store.connections.insert(stale)
    if again:
        library.volumes.create(volume())
    library.connections.unpublish("v", "v/node-1")
    assert not world.connections()
    assert not world.disagreements()


def test_a_volume_that_may_be_half_deleted_can_still_be_withdrawn(world, library):
    stale = library.connections.publish(connection())
    library.connections.unpublish("v")
    world.driver.fail("delete", RuntimeError("a bug"))
    with pytest.raises(BackendUnavailable):
        library.volumes.delete("v")
    # As a process leaves it that was frozen before it could see the deletion.
    world.store.connections.insert(replace(stale, status=Status.PUBLISHING))
    with pytest.raises(InUse):
        library.volumes.delete("v")
    library.connections.unpublish("v")
    library.volumes.delete("v")
    assert not world.volumes()
    assert not world.disagreements()


def test_a_volume_in_work_is_neither_published_nor_withdrawn_by_anybody_else(world, library):
    with world.driver.hold("connect") as held:
        working = in_thread(lambda: library.connections.publish(connection()))
        assert held.entered.wait(5)
        for process in (library, world.process("b")):
            for verb in (
                lambda process=process: process.connections.publish(connection(node="node-2")),
                lambda process=process: process.connections.publish(connection()),
                lambda process=process: process.connections.unpublish("v"),
                lambda process=process: process.volumes.delete("v"),
            ):
                with pytest.raises((OperationPending, InUse)):
                    verb()
    working.result(5)
    assert library.connections.published_nodes("v") == ["node-1"]
    assert not world.disagreements()
