"""What stands around a driver's calls: exports, secrets, the database, the words of failures."""

from dataclasses import replace

import pytest
from oslo_concurrency import processutils

from cinderblock.concealment import masked
from cinderblock.errors import InUse, InvalidRequest
from cinderblock.intents import changed
from persistence.records import Status
from tests.contract.drivers import CONNECTOR, stored_connection, stored_snapshot


@pytest.fixture
def exporting(lab):
    driver, vendor = lab.start("vendor.VendorDriver")
    volume = lab.volume()
    driver.create(volume)
    return driver, vendor, volume


def test_an_export_is_in_the_store_before_the_driver_says_how_to_reach_it(lab, exporting):
    driver, vendor, volume = exporting
    update, info = driver.connect(volume, stored_connection(lab.store, volume))
    stored = lab.store.volumes.get(volume.id)
    assert stored.provider_auth == update["provider_auth"]
    assert stored.driver_data["provider_location"] == update["provider_location"]
    assert info["data"]["auth_password"] == stored.provider_auth.split()[-1]
    assert info["data"]["luns"] == [1, 2]
    assert vendor.log == ["create_export", "initialize_connection detached"]


def test_connecting_again_keeps_the_secret(lab, exporting):
    driver, _, volume = exporting
    connection = stored_connection(lab.store, volume)
    first = driver.connect(volume, connection)
    assert driver.connect(lab.store.volumes.get(volume.id), connection)[1] == first[1]


def test_a_secret_that_a_driver_makes_is_masked_from_then_on(lab, exporting):
    driver, _, volume = exporting
    _, info = driver.connect(volume, stored_connection(lab.store, volume))
    secret = info["data"]["auth_password"]
    assert masked(f"cinder-rtstool create /dev/x iqn user {secret}") == "cinder-rtstool create /dev/x iqn user ***"


def test_a_connection_that_fails_takes_back_its_export(lab, exporting):
    driver, vendor, volume = exporting
    vendor.failing = "initialize_connection"
    with pytest.raises(processutils.ProcessExecutionError) as caught:
        driver.connect(volume, stored_connection(lab.store, volume))
    secret = lab.store.volumes.get(volume.id).provider_auth.split()[-1]
    assert secret not in masked(str(caught.value))
    assert vendor.log[-1] == "remove_export"
    assert not vendor.exports


def test_a_connection_that_fails_leaves_the_export_that_another_one_uses(lab, exporting):
    driver, vendor, volume = exporting
    driver.connect(volume, stored_connection(lab.store, volume, status=Status.AVAILABLE))
    vendor.failing = "initialize_connection"
    with pytest.raises(processutils.ProcessExecutionError):
        driver.connect(lab.store.volumes.get(volume.id), stored_connection(lab.store, volume, "node-2"))
    assert vendor.exports


@pytest.mark.parametrize(("last", "shared", "kept"), [(True, None, False), (True, True, True), (False, None, True)])
def test_an_export_goes_with_its_last_user_only(lab, exporting, last, shared, kept):
    driver, vendor, volume = exporting
    connection = stored_connection(lab.store, volume, status=Status.UNPUBLISHING)
    driver.connect(volume, connection)
    vendor.shared = shared
    driver.disconnect(lab.store.volumes.get(volume.id), connection, last=last)
    assert bool(vendor.exports) is kept
    assert "terminate_connection attached" in vendor.log


def test_a_deleted_volume_leaves_no_lock_file_of_its_driver(lab, exporting):
    driver, vendor, volume = exporting
    driver.delete(volume)
    assert f"clean_volume_file_locks {volume.cinder_id}" in vendor.log


def test_a_deleted_volume_loses_its_export_first(lab, exporting):
    driver, vendor, volume = exporting
    driver.connect(volume, stored_connection(lab.store, volume))
    driver.delete(volume)
    assert not vendor.exports


def test_an_export_is_made_again_after_a_restart_with_its_secret(lab, exporting):
    driver, vendor, volume = exporting
    driver.connect(volume, stored_connection(lab.store, volume, status=Status.AVAILABLE))
    before = lab.store.volumes.get(volume.id)
    vendor.log.clear()
    update = driver.ensure_export(before)
    assert vendor.log == ["ensure_export", "create_export"]
    assert update["provider_auth"] == before.provider_auth


def test_a_volume_that_nobody_uses_is_not_exported_by_a_restart(exporting):
    driver, vendor, volume = exporting
    vendor.log.clear()
    driver.ensure_export(volume)
    assert vendor.log == ["ensure_export"]


def test_a_connector_that_lacks_what_the_protocol_needs_is_invalid_by_name(exporting):
    driver, _, _ = exporting
    driver.validate_connector(CONNECTOR)
    with pytest.raises(InvalidRequest, match="initiator"):
        driver.validate_connector({"host": "node-1"})


def test_a_driver_reads_and_writes_the_store_while_it_works(lab):
    driver, vendor = lab.start("vendor.TalkativeDriver")
    volume = lab.volume(
        metadata={"team": "blue"},
        extra_specs={"tier": "gold"},
        qos_specs={"iops": "500"},
        multiattach=True,
    )
    update = driver.create(volume)
    specs = {"tier": "gold", "multiattach": "<is> True"}
    assert vendor.said["extra_specs"] == vendor.said["by_id"] == specs
    assert vendor.said["qos"]["specs"] == vendor.said["specs"] == {"iops": "500"}
    assert vendor.said["hosted"] == [volume.cinder_id]
    assert vendor.said["exists"]
    assert vendor.said["is_multiattach"]
    stored = lab.store.volumes.get(volume.id)
    assert stored.metadata == {"team": "blue", "made": "yes"}
    assert stored.admin_metadata == {"format": "raw"}
    assert stored.size_gib == 1
    # What was not saved, and what was returned, is the update; what is ours to say is not in it.
    assert update == {"provider_id": "unsaved", "provider_geometry": "16 63 255", "vendor_note": {"a": [1, 2]}}


def test_equal_specs_are_one_type_and_none_are_cinder_s_default(lab):
    driver, vendor = lab.start("vendor.TalkativeDriver")
    plain = lab.volume()
    driver.create(plain)
    assert vendor.said["extra_specs"] == {}
    assert vendor.said["qos"] is None


def test_a_snapshot_that_a_driver_makes_for_itself_never_reaches_the_store(lab):
    driver, vendor = lab.start("vendor.TalkativeDriver")
    source = lab.volume()
    driver.create(source)
    driver.clone(lab.volume(size_gib=2), source)
    assert len(vendor.during) == 1
    assert not lab.store.snapshots.page()
    assert lab.store.volumes.get(source.id).admin_metadata == {"format": "qcow2"}
    assert not list((lab.folder / "array").glob("snapshot-*"))


def test_a_driver_changes_the_volume_of_its_snapshot(lab):
    driver, _ = lab.start("vendor.TalkativeDriver")
    volume = lab.volume()
    driver.create(volume)
    snapshot = stored_snapshot(lab.store, volume)
    update = driver.create_snapshot(snapshot)
    assert update == {"provider_id": "snap-7", "metadata": {"taken": "yes"}}
    assert lab.store.volumes.get(volume.id).admin_metadata == {"format": "qcow2"}
    assert replace(snapshot, **changed(snapshot, update)).driver_data == {"provider_id": "snap-7"}


def test_a_question_that_the_database_does_not_answer_is_refused_by_name(lab):
    driver, _ = lab.start("vendor.TalkativeDriver")
    with pytest.raises(Exception, match=r"cinder\.db\.api\.backup_get"):
        driver.delete(lab.volume())


def test_pools_are_read_in_every_shape(lab):
    driver, _ = lab.start("vendor.ArrayDriver")
    fast, slow, auto = driver.pools()
    assert (fast.total_gib, fast.free_gib, fast.multiattach) == (float("inf"), None, True)
    assert (slow.total_gib, slow.free_gib, slow.over_subscription, slow.thin) == (100.0, 40.5, 20.0, True)
    assert slow.reserved_percent == 10
    assert auto.over_subscription == pytest.approx(1.0)
    abilities = driver.abilities()
    assert (abilities.multiattach, abilities.online_extend, abilities.snapshots_depend) == (True, False, True)


def test_what_a_driver_does_not_count_is_counted_from_the_store(lab):
    driver, _ = lab.start("vendor.ArrayDriver")
    lab.volume(pool="auto", size_gib=5)
    lab.volume(pool="slow", size_gib=7)
    _, slow, auto = driver.pools()
    assert (slow.provisioned_gib, auto.provisioned_gib) == (7.0, 5.0)
    assert auto.over_subscription == pytest.approx(1.5)


def test_a_driver_over_shared_files_does_not_snapshot_what_is_published(lab):
    driver, vendor = lab.start("vendor.VendorDriver")
    vars(vendor)["_create_snapshot_online"] = None
    volume = lab.volume()
    driver.create(volume)
    connection = stored_connection(lab.store, volume, status=Status.AVAILABLE)
    snapshot = stored_snapshot(lab.store, volume)
    with pytest.raises(InUse, match="published to node 'node-1'"):
        driver.create_snapshot(snapshot)
    lab.store.connections.delete(connection)
    driver.create_snapshot(snapshot)
