"""What Cinder's drivers are told, and what is made of their answers, when they take over, let go, revert and retype."""

from dataclasses import replace

import pytest

from cinderblock.errors import AlreadyExists, BackendUnavailable, InUse, InvalidRequest
from persistence.records import Specs, Status
from tests.contract.drivers import stored_connection, stored_snapshot

FOUND = {"source-name": "disk.img"}
SILVER = Specs(extra={"tier": "silver"}, qos={"iops": "500", "consumer": "front-end"})


@pytest.fixture
def changeable(lab):
    driver, vendor = lab.start("vendor.ChangeableDriver")
    (lab.folder / "array" / "disk.img").write_bytes(b"foreign!")
    volume = lab.volume(extra_specs={"tier": "gold"}, multiattach=True)
    driver.create(volume)
    return driver, vendor, volume


def test_a_retype_is_told_the_difference_as_cinder_tells_it(lab, changeable):
    driver, vendor, volume = changeable
    vendor.answer = (True, {"provider_location": "elsewhere", "host": "not the driver's to change"})
    update = driver.retype(replace(volume, status=Status.RETYPING), SILVER)
    assert update == {"provider_location": "elsewhere"}
    assert vendor.said["old"] == {"tier": "gold", "multiattach": "<is> True"}
    assert vendor.said["new"] == {"tier": "silver", "multiattach": "<is> True"}
    assert vendor.said["qos"] == {"iops": "500"}
    assert vendor.said["status"] == "retyping"
    assert vendor.said["diff"] == {
        "extra_specs": {"tier": ("gold", "silver"), "multiattach": ("<is> True", "<is> True")},
        "qos_specs": {"iops": (None, "500"), "consumer": (None, "front-end")},
        "encryption": {},
    }
    host = vendor.said["host"]
    assert (host["host"], host["cluster_name"]) == (volume.host, None)
    assert host["capabilities"]["storage_protocol"] == "local"


def test_a_driver_with_pools_is_told_the_capabilities_of_the_volume_s_own(lab):
    driver, vendor = lab.start("vendor.PooledChangeableDriver")
    volume = lab.volume(pool="slow")
    driver.create(volume)
    driver.retype(volume, SILVER)
    capabilities = vendor.said["host"]["capabilities"]
    assert (capabilities["pool_name"], capabilities["reserved_percentage"]) == ("slow", 10)
    assert capabilities["volume_backend_name"] == "array"
    assert "pools" not in capabilities


@pytest.mark.parametrize("answer", [True, (True, None), (True, {})])
def test_a_retype_without_an_update_changes_nothing_else(changeable, answer):
    driver, vendor, volume = changeable
    vendor.answer = answer
    assert driver.retype(volume, SILVER) == {}


@pytest.mark.parametrize("answer", [False, None, (False, None)])
def test_a_retype_that_is_refused_says_what_was_asked(changeable, answer):
    driver, vendor, volume = changeable
    vendor.answer = answer
    with pytest.raises(InvalidRequest, match=r"tier from 'gold' to 'silver'.*iops from None to '500'"):
        driver.retype(volume, SILVER)


def test_the_driver_is_not_asked_for_a_change_that_is_none(changeable):
    driver, vendor, volume = changeable
    driver.retype(volume, Specs(extra={"tier": "gold"}))
    assert not hasattr(vendor, "said")


def test_a_driver_that_refuses_at_run_time_is_not_taken_for_one_that_failed(lab, changeable):
    driver, vendor, volume = changeable
    snapshot = stored_snapshot(lab.store, volume)
    driver.create_snapshot(snapshot)
    vendor.refusal = NotImplementedError("not for thin volumes")
    for act in (
        lambda: driver.revert(volume, snapshot, again=False),
        lambda: driver.retype(volume, SILVER),
        lambda: driver.manage(lab.volume(), FOUND),
        lambda: driver.unmanage(volume),
    ):
        with pytest.raises(NotImplementedError):
            act()


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("ManageExistingInvalidReference", InvalidRequest),
        ("ManageExistingVolumeTypeMismatch", InvalidRequest),
        ("ManageExistingAlreadyManaged", AlreadyExists),
        ("VolumeIsBusy", InUse),
    ],
)
def test_what_a_driver_says_against_taking_over_is_known(lab, changeable, name, error):
    from cinder import exception

    driver, vendor, _ = changeable
    vendor.refusal = getattr(exception, name)(f"{name} disk.img")
    with pytest.raises(error, match=r"taking over .*disk.img"):
        driver.manage(lab.volume(), FOUND)


def test_what_is_not_found_while_looking_is_an_invalid_reference(lab, changeable):
    driver, _, _ = changeable
    with pytest.raises(InvalidRequest, match=r"nothing at .*source-id"):
        driver.size_gib_of(lab.volume(), {"source-id": "7"})


def test_what_a_driver_says_of_what_it_took_over_is_kept_and_its_size_is_not(lab, changeable):
    driver, _, _ = changeable
    volume = lab.volume()
    assert driver.size_gib_of(volume, FOUND) == 1
    assert driver.manage(volume, FOUND) == {"provider_id": "77", "admin_metadata": {"found": "disk.img"}}


def test_an_export_is_removed_before_a_volume_is_let_go_of(lab, changeable):
    driver, vendor, volume = changeable
    driver.connect(volume, stored_connection(lab.store, volume))
    vendor.log.clear()
    driver.unmanage(volume)
    assert vendor.log == ["remove_export", "unmanage"]
    assert not vendor.exports


def test_a_volume_that_is_not_there_any_more_has_been_let_go_of(changeable):
    from cinder import exception

    driver, vendor, volume = changeable
    vendor.refusal = exception.VolumeNotFound(volume_id=volume.cinder_id)
    driver.unmanage(volume)
    vendor.refusal = exception.VolumeNotFound(volume_id="another one")
    with pytest.raises(BackendUnavailable):
        driver.unmanage(volume)


@pytest.mark.parametrize(("counts_pages", "pages"), [(True, ["list from 0", "list from 500"]), (False, None)])
def test_a_list_is_read_to_its_end_and_one_without_pages_only_once(changeable, counts_pages, pages):
    driver, vendor, volume = changeable
    vendor.counts_pages = counts_pages
    number = 700 if counts_pages else 500
    vendor.entries = [
        {"reference": {"source-name": f"disk-{at:04}"}, "size": at, "safe_to_manage": at % 2, "reason_not_safe": None}
        for at in range(number)
    ]
    vendor.log.clear()
    listed = driver.manageable_volumes([volume])
    assert [one.size_gib for one in listed] == list(range(number))
    assert listed[0].in_the_way == "the driver does not say why"
    assert not listed[1].in_the_way
    assert vendor.log == (pages or ["list from 0", "list from 500"])


def test_a_driver_without_methods_of_its_own_claims_nothing(lab):
    driver, _ = lab.start("idle.IdleDriver")
    abilities = driver.abilities()
    claimed = (abilities.manage, abilities.manage_snapshots, abilities.list_manageable, abilities.retype)
    assert (*claimed, abilities.revert, abilities.revert_past_others) == (False,) * 6


def test_names_follow_the_templates(lab):
    driver, _ = lab.start("vendor.VendorDriver", default="volume_name_template = vol.%s\nsnapshot_name_template = s.%s")
    volume = lab.volume()
    assert driver.reference(volume) == {"source-name": f"vol.{volume.cinder_id}"}
    snapshot = stored_snapshot(lab.store, volume)
    assert driver.reference(snapshot) == {"source-name": f"s.{snapshot.cinder_id}"}
    moved = replace(volume, driver_data={"_name_id": "moved"})
    assert driver.reference(moved) == {"source-name": "vol.moved"}
