"""What taking over a snapshot, and giving it back, promises."""

import pytest

from cinderblock.errors import AlreadyExists, BackendUnavailable, InUse, NotFound, OperationPending
from tests.unit.library.world import in_thread, size, snapshot, volume


@pytest.fixture(autouse=True)
def _taken(world, library):
    library.volumes.create(volume())
    library.snapshots.create(snapshot())


def test_a_snapshot_is_taken_over_once_and_given_back(world, library):
    world.add_foreign("disk", size_gib=1)
    found = {"source-name": "disk"}
    made = library.snapshots.manage(snapshot("t"), found)
    assert (made.volume_id, made.size_gib, made.reference) == ("v", 1, found)
    assert library.snapshots.manage(snapshot("t"), found) == made
    for wanted, error in (
        (snapshot("s"), AlreadyExists),
        (snapshot("u"), AlreadyExists),
        (snapshot("u", "w"), NotFound),
    ):
        with pytest.raises(error):
            library.snapshots.manage(wanted, found)
    library.volumes.create(volume("r", snapshot="t"))
    assert world.content("r") == "disk"
    now = library.snapshots.unmanage("t")
    assert library.snapshots.unmanage("t") == {}
    assert list(world.driver.foreign) == [now["source-name"]]
    assert not world.disagreements()


def test_a_snapshot_that_was_half_taken_over_or_given_back_is_never_deleted(world, library):
    world.add_foreign("disk", size_gib=1)
    world.driver.fail("manage", BackendUnavailable("no answer"), after=True)
    with pytest.raises(BackendUnavailable):
        library.snapshots.manage(snapshot("t"), {"source-name": "disk"})
    with pytest.raises(InUse, match="repeat that"):
        library.snapshots.delete("t")
    with pytest.raises(AlreadyExists, match="repeat that"):
        library.snapshots.create(snapshot("t"))
    library.recovery.run("fake")
    world.driver.fail("unmanage", BackendUnavailable("no answer"))
    with pytest.raises(BackendUnavailable):
        library.snapshots.unmanage("t")
    library.snapshots.delete("t")
    assert [disk.data[0] for disk in world.driver.foreign.values()] == [b"disk"]
    assert "delete_snapshot" not in [verb for verb, _ in world.driver.calls]


def test_the_snapshot_of_a_deleted_volume_is_not_given_back(dependent):
    library = dependent.process()
    library.volumes.create(volume())
    library.snapshots.create(snapshot())
    library.volumes.delete("v")
    with pytest.raises(InUse, match="delete the snapshot"):
        library.snapshots.unmanage("s")
    library.snapshots.delete("s")
    assert not dependent.disagreements()


def test_a_volume_is_not_touched_while_a_snapshot_of_it_is_taken_over(world, library):
    world.add_foreign("disk", size_gib=1)
    with world.driver.hold("manage", most=1) as held:
        working = in_thread(lambda: library.snapshots.manage(snapshot("t"), {"source-name": "disk"}))
        assert held.entered.wait(5)
        for act in (
            lambda other: other.volumes.extend("v", size(2)),
            lambda other: other.volumes.delete("v"),
            lambda other: other.snapshots.delete("t"),
        ):
            with pytest.raises(OperationPending):
                act(world.process("b"))
    working.result(5)
    assert not world.disagreements()
