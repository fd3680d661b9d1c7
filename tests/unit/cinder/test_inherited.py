"""What drivers are told of objects that were cinderlib's."""

import json

import pytest

from cinderblock.cinder.rows import PROJECT_ID, USER_ID
from tests.unit.cinderlib.data import one, planned, write_database


@pytest.fixture
def plan(tmp_path):
    return planned(write_database(tmp_path))


@pytest.fixture
def database(lab, plan):
    """What a driver asks, over a store that took everything over."""
    for volume in plan.volumes:
        lab.store.volumes.insert(volume)
    for snapshot in plan.snapshots:
        lab.store.snapshots.insert(snapshot)
    for connection in plan.connections:
        lab.store.connections.insert(connection)
    _, vendor = lab.start("vendor.VendorDriver")
    return vendor.db


def test_an_object_stays_its_owner_s_because_drivers_name_things_after_that(database, plan):
    volume = database.volume_get(None, one(plan.volumes, "boot").cinder_id)
    snapshot = database.snapshot_get(None, one(plan.snapshots, "before").cinder_id)
    assert (volume.project_id, volume.user_id) == ("cinderlib", "cinderlib")
    assert (snapshot.project_id, snapshot.user_id) == ("cinderlib", "cinderlib")
    assert (volume.availability_zone, volume.bootable) == ("zone-a", True)


def test_what_is_made_here_is_ours(database, lab):
    row = database.volume_get(None, lab.volume().cinder_id)
    assert (row.project_id, row.user_id, row.bootable) == (PROJECT_ID, USER_ID, False)


def test_a_volume_has_the_name_that_it_has_on_the_array(database, plan):
    row = database.volume_get(None, one(plan.volumes, "migrated").cinder_id)
    assert row.name == "volume-0f0f0f0f-2222-4000-8000-000000000002"
    assert (row.provider_id, row.replication_status) == ("array-17", "disabled")


def test_its_type_has_the_specs_that_it_had(database, plan):
    row = database.volume_get(None, one(plan.volumes, "forgetful").cinder_id)
    assert row.volume_type.extra_specs == {"thin": "true"}
    assert row.volume_type.qos_specs.specs == {"maxIOPS": "7"}


def test_a_driver_sees_nothing_that_is_kept_for_others(database, plan):
    used = database.volume_get(None, one(plan.volumes, "used").cinder_id)
    assert "cinderlib" not in used
    assert "cinderlib" not in database.snapshot_get(None, one(plan.snapshots, "before").cinder_id)
    attached = [json.loads(attachment.connection_info) for attachment in used.volume_attachment]
    assert [sorted(info) for info in attached] == [["data", "driver_volume_type"]] * 4
    assert used.status == "in-use"
