"""What reverting and retyping promise, and what is kept away meanwhile."""

from dataclasses import replace

import pytest

from cinderblock.errors import (
    BackendUnavailable,
    InUse,
    InvalidRequest,
    NotFound,
    OperationPending,
    OutOfSpace,
)
from persistence.records import Specs, Status
from tests.unit.library.world import INDEPENDENT, World, connection, in_thread, size, snapshot, volume

GOLD = {"extra_specs": {"tier": "gold"}, "qos_specs": {"iops": "500"}}


@pytest.fixture(autouse=True)
def reverted(world, library):
    """A volume with a snapshot, written to before it and after it."""
    library.volumes.create(volume())
    world.write("old")
    library.snapshots.create(snapshot())
    world.write("new")


def cut_off(world, library, verb="revert"):
    world.driver.fail(verb, BackendUnavailable("no answer"))
    with pytest.raises(BackendUnavailable):
        library.volumes.revert("v", "s") if verb == "revert" else library.volumes.retype("v", **GOLD)


def test_a_volume_goes_back_to_its_snapshot_and_keeps_it(world, library):
    found = library.volumes.revert("v", "s")
    assert (found.status, found.wanted_snapshot_cinder_id) == (Status.AVAILABLE, "")
    assert world.content() == "old"
    world.write("newer")
    library.volumes.revert("v", "s")
    assert world.content() == "old"
    assert not world.disagreements()


def test_a_published_volume_is_not_reverted(world, library):
    library.connections.publish(connection())
    with pytest.raises(InUse, match="node-1"):
        library.volumes.revert("v", "s")
    assert world.content() == "new"


def test_only_a_snapshot_of_the_volume_counts(world, library):
    library.volumes.create(volume("w"))
    for volume_id, snapshot_id in (("w", "s"), ("v", "t"), ("x", "s")):
        with pytest.raises(NotFound):
            library.volumes.revert(volume_id, snapshot_id)


def test_later_snapshots_are_not_passed_unless_the_driver_says_that_they_stay(world, library):
    library.snapshots.create(snapshot("t"))
    with pytest.raises(InUse, match="later snapshots than 's': 't'"):
        library.volumes.revert("v", "s")
    library.volumes.revert("v", "t")
    able = World(abilities=replace(INDEPENDENT, revert_past_others=True), store=world.store)
    able.driver.volumes, able.driver.snapshots = world.driver.volumes, world.driver.snapshots
    able.process("able").volumes.revert("v", "s")
    assert world.content() == "old"
    able.close()


def test_nobody_knows_when_a_snapshot_was_taken_that_was_taken_over(world, library):
    world.add_foreign("disk", size_gib=1)
    library.snapshots.manage(snapshot("t"), {"source-name": "disk"})
    for snapshot_id in ("s", "t"):
        with pytest.raises(InUse, match="later snapshots"):
            library.volumes.revert("v", snapshot_id)
    library.snapshots.delete("s")
    library.volumes.revert("v", "t")
    assert world.content() == "disk"


def test_a_volume_of_another_size_than_then_is_not_reverted(world, library):
    library.volumes.extend("v", size(2))
    with pytest.raises(InvalidRequest, match="has 2 GiB, and had 1 GiB"):
        library.volumes.revert("v", "s")
    assert world.volume().status is Status.AVAILABLE


@pytest.mark.parametrize("how", ["by its abilities", "when it is called"])
def test_a_driver_that_cannot_revert_leaves_everything_as_it_was(world, library, how):
    if how == "by its abilities":
        other = World(abilities=replace(INDEPENDENT, revert=False), store=world.store)
        with pytest.raises(InvalidRequest, match="cannot let a volume go back"):
            other.process("unable").volumes.revert("v", "s")
        other.close()
    else:
        world.driver.fail("revert", NotImplementedError("not for thin volumes"))
        with pytest.raises(InvalidRequest, match="not for thin volumes"):
            library.volumes.revert("v", "s")
    assert (world.volume().status, world.volume().wanted_snapshot_cinder_id) == (Status.AVAILABLE, "")
    library.connections.publish(connection())


def test_what_is_half_reverted_is_kept_from_everybody_until_it_is_repeated(world, library):
    cut_off(world, library)
    for act in (
        lambda: library.connections.publish(connection()),
        lambda: library.snapshots.create(snapshot("t")),
        lambda: library.volumes.create(volume("c", clone="v")),
        lambda: library.volumes.extend("v", size(2)),
        lambda: library.volumes.retype("v", **GOLD),
        lambda: library.volumes.unmanage("v"),
        lambda: library.snapshots.delete("s"),
    ):
        with pytest.raises(InUse, match="cut off"):
            act()
    assert [one.id for one in (*world.volumes(), *world.snapshots(), *world.connections())] == ["v", "s"]
    library.volumes.revert("v", "s")
    library.connections.publish(connection())
    assert world.content() == "old"
    assert not world.disagreements()


def test_what_is_half_reverted_goes_back_to_no_other_snapshot(world, library):
    library.snapshots.create(snapshot("t"))
    world.driver.fail("revert", OutOfSpace("full"))
    with pytest.raises(OutOfSpace):
        library.volumes.revert("v", "t")
    with pytest.raises(InUse, match="another snapshot"):
        library.volumes.revert("v", "s")


def test_a_snapshot_can_be_rescued_from_a_revert_that_never_ends(world, library):
    cut_off(world, library)
    library.volumes.create(volume("rescued", snapshot="s"))
    assert world.content("rescued") == "old"


def test_what_is_half_reverted_can_be_deleted(world, library):
    cut_off(world, library)
    library.volumes.delete("v")
    library.snapshots.delete("s")
    assert not world.disagreements()


def test_a_refusal_before_the_driver_is_called_tells_nothing_of_the_content(world, library):
    cut_off(world, library)
    with world.driver.hold("create_from_snapshot") as held:
        working = in_thread(lambda: world.process("b").volumes.create(volume("r", snapshot="s")))
        assert held.entered.wait(5)
        with pytest.raises(OperationPending):
            library.volumes.revert("v", "s")
    working.result(5)
    assert world.volume().status is Status.REVERTING


def test_the_next_start_finishes_a_revert_and_tells_the_driver_that_it_is_one_more(world, library):
    cut_off(world, library)
    world.process("b").recovery.run("fake")
    assert world.content() == "old"
    assert world.driver.reverted == [False, True]
    assert not world.disagreements()


@pytest.mark.parametrize("verb", ["revert", "retype"])
def test_what_is_changing_is_left_alone_by_all_others(world, library, verb):
    other = world.process("b")
    acts = {"revert": lambda: library.volumes.revert("v", "s"), "retype": lambda: library.volumes.retype("v", **GOLD)}
    others = {
        "publish": lambda: other.connections.publish(connection()),
        "snapshot": lambda: other.snapshots.create(snapshot("t")),
        "clone": lambda: other.volumes.create(volume("c", clone="v")),
        "extend": lambda: other.volumes.extend("v", size(2)),
        "retype": lambda: other.volumes.retype("v", extra_specs={"tier": "tin"}, qos_specs={}),
        "revert": lambda: other.volumes.revert("v", "s"),
        "unmanage": lambda: other.volumes.unmanage("v"),
        "delete": lambda: other.volumes.delete("v"),
    }
    if verb == "revert":
        others["delete the snapshot"] = lambda: other.snapshots.delete("s")
        others["unmanage the snapshot"] = lambda: other.snapshots.unmanage("s")
        others["restore"] = lambda: other.volumes.create(volume("r", snapshot="s"))
    with world.driver.hold(verb, most=1) as held:
        working = in_thread(acts[verb])
        assert held.entered.wait(5)
        for act in others.values():
            with pytest.raises(OperationPending):
                act()
    working.result(5)
    assert [one.id for one in world.volumes()] == ["v"]
    assert not world.disagreements()


@pytest.mark.parametrize(
    ("held_verb", "act"),
    [
        ("create_snapshot", lambda other: other.snapshots.create(snapshot("t"))),
        ("delete_snapshot", lambda other: other.snapshots.delete("s")),
        ("clone", lambda other: other.volumes.create(volume("c", clone="v"))),
        ("create_from_snapshot", lambda other: other.volumes.create(volume("r", snapshot="s"))),
        ("connect", lambda other: other.connections.publish(connection())),
        ("delete", lambda other: other.volumes.delete("v")),
    ],
)
def test_a_volume_is_not_reverted_under_what_others_do(world, library, held_verb, act):
    with world.driver.hold(held_verb, most=1) as held:
        working = in_thread(lambda: act(world.process("b")))
        assert held.entered.wait(5)
        with pytest.raises((OperationPending, InUse, NotFound)):
            library.volumes.revert("v", "s")
    working.result(5)
    assert "revert" not in [verb for verb, _ in world.driver.calls]
    assert not world.disagreements()


def test_specs_change_on_the_back_end_and_in_the_record(world, library):
    found = library.volumes.retype("v", **GOLD)
    assert (found.extra_specs, found.qos_specs) == ({"tier": "gold"}, {"iops": "500"})
    assert (found.status, found.wanted_specs, found.driver_data["retyped"]) == (Status.AVAILABLE, None, True)
    assert world.driver.specs[found.cinder_id] == Specs(extra={"tier": "gold"}, qos={"iops": "500"})
    calls = list(world.driver.calls)
    assert library.volumes.retype("v", **GOLD) == found
    assert world.driver.calls == calls


def test_a_published_volume_gets_other_specs_and_stays_published(world, library):
    library.connections.publish(connection())
    library.volumes.retype("v", **GOLD)
    assert library.connections.published_nodes("v") == ["node-1"]
    assert not world.disagreements()


def test_what_the_back_end_refuses_changes_nothing(world, library):
    before = library.volumes.get("v")
    with pytest.raises(InvalidRequest, match="impossible"):
        library.volumes.retype("v", extra_specs={"impossible": "yes"}, qos_specs={})
    world.driver.fail("retype", NotImplementedError("not by this one"))
    with pytest.raises(InvalidRequest, match="not by this one"):
        library.volumes.retype("v", **GOLD)
    with pytest.raises(InvalidRequest, match="several nodes"):
        library.volumes.retype("v", extra_specs={"multiattach": "<is> True"}, qos_specs={})
    assert replace(library.volumes.get("v"), revision=before.revision) == before


def test_what_was_begun_is_finished_before_it_is_changed_again(world, library):
    cut_off(world, library, "retype")
    assert world.volume().status is Status.RETYPING
    library.volumes.retype("v", extra_specs={"tier": "tin"}, qos_specs={})
    assert [verb for verb, _ in world.driver.calls].count("retype") == 3
    cut_off(world, library, "retype")
    library.volumes.extend("v", size(2))
    found = library.volumes.get("v")
    assert (found.extra_specs, found.size_gib) == ({"tier": "gold"}, 2)
    assert world.driver.specs[found.cinder_id].extra == {"tier": "gold"}


def test_a_retype_that_was_cut_off_is_finished_before_a_revert(world, library):
    cut_off(world, library, "retype")
    library.volumes.revert("v", "s")
    assert library.volumes.get("v").extra_specs == {"tier": "gold"}
    assert world.content() == "old"


def test_the_next_start_finishes_a_retype(world, library):
    cut_off(world, library, "retype")
    world.process("b").recovery.run("fake")
    assert world.volume().extra_specs == {"tier": "gold"}
    assert not world.disagreements()
