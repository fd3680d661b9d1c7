"""Consistent groups through Cinder's door: whose are used, what drivers are told, what their answers mean."""

import importlib.util
import re
from dataclasses import replace
from pathlib import Path

import pytest

from cinderblock.cinder import quirks
from cinderblock.errors import BackendUnavailable
from cinderblock.grouped import GROUP_ID
from tests.contract.drivers import stored_snapshot
from tests.contract.test_groups import free, joined, member_of, planned, taken

#: Cinder's drivers whose groups were read and found fit: their snapshots belong together, each can be restored, and
#: they are found when the volumes have left. By module or package.
FIT = {
    "dell_emc.sc",
    "hitachi",
    "huawei",
    "ibm.storwize_svc",
    "infinidat",
    "inspur.instorage",
    "netapp.dataontap.block_cmode",
    "netapp.dataontap.fc_cmode",
    "netapp.dataontap.iscsi_cmode",
    "netapp.dataontap.nfs_cmode",
    "nexenta.ns5",
    "solidfire",
}
#: Not a driver itself: what nvme_cmode rests on.
LIBRARIES = {"netapp.dataontap.nvme_library"}


@pytest.fixture
def array(lab):
    """A driver with groups, the vendor's object, and two volumes."""
    driver, vendor = lab.start("grouping.ScriptedDriver")
    lab.driver = driver
    volumes = [lab.volume() for _ in range(2)]
    for volume in volumes:
        driver.create(volume)
    return driver, vendor, volumes


def cinder_error(name):
    # Cinder is imported by the runtime, which knows in which order.
    from cinder import exception

    return getattr(exception, name)


def admin():
    from cinderblock.cinder.objects import new_context

    return new_context()


def of_package(module, packages):
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def test_the_groups_of_each_of_cinder_s_drivers_were_looked_at():
    found = importlib.util.find_spec("cinder")
    assert found
    assert found.origin
    root = Path(found.origin).parent / "volume" / "drivers"
    having = {
        ".".join(file.relative_to(root).with_suffix("").parts)
        for file in root.rglob("*.py")
        if re.search(r"def create_group_snapshot\(", file.read_text(encoding="utf-8"))
    }
    unfit = quirks._UNFIT_GROUPS  # noqa: SLF001 -- the table itself is what is checked
    undecided = {module for module in having if not of_package(module, FIT | LIBRARIES | unfit.keys())}
    assert not undecided
    assert not {package for package in FIT | unfit.keys() if of_package(package, LIBRARIES)}
    assert not {package for package in FIT if of_package(package, unfit)}


def test_an_unfit_driver_says_why():
    unfit = type("SomeDriver", (), {"__module__": "cinder.volume.drivers.dell_emc.unity.driver"})
    derived = type("DerivedDriver", (unfit,), {"__module__": "vendor.own"})
    other = type("OtherDriver", (), {"__module__": "cinder.volume.drivers.purest"})
    assert "all at once only" in quirks.no_groups_because(derived())
    assert quirks.no_groups_because(other()) == ""


def test_a_driver_that_claims_nothing_or_has_not_all_methods_has_no_groups(lab):
    driver, _ = lab.start("vendor.VendorDriver")
    abilities = driver.abilities()
    assert (abilities.consistent_groups, abilities.no_groups_because) == (
        False,
        "its driver takes snapshots one by one",
    )


def test_a_pool_without_groups_is_told_before_anything_is_made(lab):
    driver, vendor = lab.start("grouping.TwoPoolsDriver")
    assert driver.abilities().consistent_groups
    lab.driver = driver
    flex, wide = lab.volume(pool="flex"), lab.volume(pool="wide")
    with pytest.raises(NotImplementedError, match="pool 'wide' cannot be in a group"):
        driver.create_group(planned(lab, [flex, wide]))
    assert list(vendor.groups.iterdir()) == []
    driver.create_group(planned(lab, [flex]))
    assert len(list(vendor.groups.iterdir())) == 1


def test_a_driver_that_takes_volumes_neither_in_nor_out_says_so_and_leaves_nothing(lab):
    driver, vendor = lab.start("grouping.RefusingDriver")
    lab.driver = driver
    volume = lab.volume()
    driver.create(volume)
    group = planned(lab, [volume])
    driver.create_group(group)
    with pytest.raises(NotImplementedError):
        driver.join_group(group, [member_of(lab, group, volume)])
    driver.leave_group(group, [lab.store.volumes.get(volume.id)])
    free(lab, volume)
    driver.delete_group(group)
    assert list(vendor.groups.iterdir()) == []


def test_a_group_is_never_removed_while_a_volume_may_be_in_it(lab, array):
    driver, vendor, volumes = array
    group, _ = joined(lab, volumes)
    free(lab, volumes[0])
    with pytest.raises(BackendUnavailable, match=f"{volumes[1].cinder_id} may still be in it"):
        driver.delete_group(group)
    assert all((vendor._folder / f"volume-{volume.cinder_id}").exists() for volume in volumes)  # noqa: SLF001 -- its array
    assert len(list(vendor.groups.iterdir())) == 1


def test_a_volume_that_cannot_leave_is_an_error_and_one_that_had_not_joined_is_none(lab, array):
    driver, vendor, volumes = array
    group, members = joined(lab, volumes)
    (vendor.groups / f"group-{group.cinder_id}" / f"volume-{volumes[0].cinder_id}").unlink()
    driver.leave_group(group, members)
    assert list((vendor.groups / f"group-{group.cinder_id}").iterdir()) == []
    other, _ = joined(lab, volumes)
    # What the array does not let go stays: neither out of the first group nor into it.
    with pytest.raises(cinder_error("VolumeBackendAPIException")):
        driver.leave_group(group, members)
    assert len(list((vendor.groups / f"group-{other.cinder_id}").iterdir())) == len(volumes)


def test_what_a_driver_says_of_each_volume_and_snapshot_is_returned_in_their_order(lab, array):
    driver, _, volumes = array
    group = planned(lab, volumes)
    driver.create_group(group)
    members = [member_of(lab, group, volume) for volume in reversed(volumes)]
    updates = driver.join_group(group, members)
    assert [update["provider_id"] for update in updates] == [f"member-{one.cinder_id}" for one in members]
    snapshots = [stored_snapshot(lab.store, volume, group_id=f"group-{group.cinder_id}") for volume in volumes]
    updates = driver.create_group_snapshot(group, snapshots)
    assert [update["provider_id"] for update in updates] == [f"taken-{one.cinder_id}" for one in snapshots]
    assert GROUP_ID not in {name for update in updates for name in update}


@pytest.mark.parametrize("broken", ["create_group", "update_group", "create_group_snapshot", "delete_group_snapshot"])
def test_a_failure_that_is_only_a_word_in_the_answer_is_an_error(lab, array, broken):
    driver, vendor, volumes = array
    group = planned(lab, volumes)
    snapshots = [stored_snapshot(lab.store, volume, group_id=f"group-{group.cinder_id}") for volume in volumes]
    calls = {
        "create_group": lambda: driver.create_group(group),
        "update_group": lambda: driver.join_group(group, [member_of(lab, group, volume) for volume in volumes]),
        "create_group_snapshot": lambda: driver.create_group_snapshot(group, snapshots),
        "delete_group_snapshot": lambda: driver.delete_group_snapshot(group, snapshots),
    }
    said = {
        "create_group": {"status": "error"},
        "update_group": ({"status": "available"}, [{"id": volumes[1].cinder_id, "status": "error"}], None),
        "create_group_snapshot": (None, [{"id": snapshots[0].cinder_id, "status": "error"}]),
        "delete_group_snapshot": ({"status": "error_deleting"}, None),
    }
    vendor.script[broken] = said[broken]
    for verb, call in calls.items():
        if verb == broken:
            with pytest.raises(cinder_error("VolumeDriverException"), match="the driver says 'error"):
                call()
            return
        call()


def test_an_answer_of_nothing_is_none_and_what_is_absent_is_success(lab, array):
    driver, vendor, volumes = array
    group, snapshots = taken(lab, volumes)
    for answer in (
        None,
        cinder_error("GroupSnapshotNotFound")(group_snapshot_id=group.snapshot_cinder_id),
        cinder_error("VolumeDriverException")(message="Failed to find group snapshot named: x"),
    ):
        vendor.script["delete_group_snapshot"] = answer
        driver.delete_group_snapshot(group, snapshots)
    for answer in (None, cinder_error("GroupNotFound")(group_id=group.cinder_id), NotImplementedError()):
        vendor.script["delete_group"] = answer
        driver.delete_group(group)
    # Without its group, nobody knows what became of a snapshot.
    vendor.script["delete_group_snapshot"] = cinder_error("GroupNotFound")(group_id=group.cinder_id)
    with pytest.raises(cinder_error("GroupNotFound")):
        driver.delete_group_snapshot(group, snapshots)


def test_a_driver_that_removes_no_group_snapshots_after_all_removes_each(lab, array):
    driver, vendor, volumes = array
    group, snapshots = taken(lab, volumes)
    vendor.script["delete_group_snapshot"] = NotImplementedError()
    driver.delete_group_snapshot(group, snapshots)
    assert vendor.dropped == [snapshot.cinder_id for snapshot in snapshots]


def test_drivers_find_groups_their_type_their_volumes_and_their_snapshots(lab, array):
    from cinder import objects
    from cinder.volume import volume_types

    _, vendor, volumes = array
    lab.store.volumes.replace(replace(lab.store.volumes.get(volumes[0].id), extra_specs={"tier": "gold"}))
    group, snapshots = taken(lab, volumes)
    context = admin()
    found = objects.Group.get_by_id(context, group.cinder_id)
    assert (found.name, found.host, found.is_replicated) == ("backup", volumes[0].host, False)
    assert {one.extra_specs.get("tier") for one in found.volume_types} == {"gold", None}
    assert found.volume_type_ids == [one.id for one in objects.Group.get_by_id(context, group.cinder_id).volume_types]
    assert volume_types.get_volume_type(None, found.volume_type_ids[0])["id"] in found.volume_type_ids
    specs = objects.GroupType.get_by_id(context, found.group_type_id).group_specs
    assert specs == {"consistent_group_snapshot_enabled": "<is> True"}
    assert list(found.volumes) == []
    for volume in volumes:
        member_of(lab, group, volume)
    inside = objects.Group.get_by_id(context, group.cinder_id).volumes
    assert {one.id for one in inside} == {one.cinder_id for one in volumes}
    assert inside[0].group.id == group.cinder_id
    (taken_of_it,) = found.group_snapshots
    assert (taken_of_it.id, taken_of_it.group.id) == (group.snapshot_cinder_id, group.cinder_id)
    assert {one.id for one in taken_of_it.snapshots} == {one.cinder_id for one in snapshots}
    member = objects.Snapshot.get_by_id(context, snapshots[0].cinder_id)
    assert member.group_snapshot.id == member.group_snapshot_id == group.snapshot_cinder_id
    assert [one.id for one in objects.GroupList.get_all(context, filters={"host": volumes[0].host})] == [
        group.cinder_id
    ]
    vendor.db.group_update(context, group.cinder_id, {"status": "error"})
    vendor.db.group_snapshot_update(context, group.snapshot_cinder_id, {"status": "error"})
    assert objects.Group.get_by_id(context, group.cinder_id).status == "available"
    for absent in (objects.Group, objects.GroupSnapshot, objects.GroupType):
        with pytest.raises(cinder_error("NotFound")):
            absent.get_by_id(context, "5a2b7e0c-6f43-5d1e-9c0b-3f0d1b1c4e78")
    with pytest.raises(cinder_error("GroupTypeNotFoundByName")):
        vendor.db.group_type_get_by_name(context, "default_cgsnapshot_type")


def test_a_snapshot_that_was_taken_for_itself_is_in_no_group(lab, array):
    from cinder import objects

    driver, _, volumes = array
    snapshot = stored_snapshot(lab.store, volumes[0], group_id="taken one by one")
    driver.create_snapshot(snapshot)
    context = admin()
    assert objects.Snapshot.get_by_id(context, snapshot.cinder_id).group_snapshot_id is None
