"""What becomes of what cinderlib remembered: every object, in the state from which our verbs go on."""

import pytest

from cinderblock.cinderlib.kept import KEPT, key_value_id, snapshot_id, volume_id
from cinderblock.ids import connection_id
from persistence.records import SourceKind, Status
from tests.unit.cinderlib.data import HOSTS, one, planned, write_database


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return planned(write_database(tmp_path_factory.mktemp("cinderlib")))


def remarks_on(plan, name):
    return [remark for remark in plan.remarks if repr(name) in remark]


def test_everything_is_planned_and_nothing_is_in_the_way(plan):
    assert plan.problems == []
    kinds = (plan.volumes, plan.snapshots, plan.connections, plan.key_values)
    assert [len(kind) for kind in kinds] == [17, 6, 4, 3]
    assert plan.marker.value == "17 volumes, 6 snapshots, 4 connections, 3 key values"
    assert len({record.id for record in plan.records()}) == 30


def test_a_volume_keeps_its_name_size_place_and_cinder_s_id(plan):
    plain = one(plan.volumes, "plain")
    assert plain.cinder_id == "0f0f0f0f-1111-4000-8000-000000000001"
    assert plain.id == volume_id(plain.cinder_id) == "f818d71c-33ad-5ec2-9bdc-dda4eaf7e6a2"
    assert (plain.size_gib, plain.status, plain.backend) == (1, Status.AVAILABLE, "fast")
    assert plain.host == "cinderblock@fast#bronze"
    assert (plain.description, dict(plain.metadata)) == ("Nothing special", {"owner": "anna"})
    assert plain.driver_data["provider_location"].startswith("192.0.2.1:3260,1 iqn")
    assert plain.created_at > 1_700_000_000


def test_specs_metadata_and_pools_come_along(plan):
    special = one(plan.volumes, "special")
    assert special.host == "cinderblock@fast#silver"
    assert dict(special.extra_specs) == {"thin": "true", "compression": "<is> False"}
    assert dict(special.qos_specs) == {"maxIOPS": "1000", "minIOPS": "100"}
    assert dict(special.admin_metadata) == {"readonly": "False"}
    assert one(plan.volumes, "wide").multiattach is True


def test_a_name_may_be_empty_and_a_description_anything(plan):
    assert one(plan.volumes, "").description.startswith("Käse ✓ xxx")


def test_what_drivers_go_by_is_kept(plan):
    boot, migrated = one(plan.volumes, "boot"), one(plan.volumes, "migrated")
    kept = boot.driver_data[KEPT]
    assert {name: kept[name] for name in ("project_id", "user_id", "availability_zone", "bootable")} == {
        "project_id": "cinderlib",
        "user_id": "cinderlib",
        "availability_zone": "zone-a",
        "bootable": True,
    }
    assert migrated.driver_data["_name_id"] == "0f0f0f0f-2222-4000-8000-000000000002"
    assert migrated.driver_data["provider_id"] == "array-17"
    assert migrated.driver_data["replication_status"] == "disabled"


def test_a_copy_knows_what_it_was_made_from(plan):
    plain, before, of_copy = (
        one(plan.volumes, "plain"),
        one(plan.snapshots, "before"),
        one(plan.snapshots, "of-copy"),
    )
    sources = {name: one(plan.volumes, name).source for name in ("restored", "copy", "of-both")}
    assert (sources["restored"].kind, sources["restored"].cinder_id) == (SourceKind.SNAPSHOT, before.cinder_id)
    assert (sources["copy"].kind, sources["copy"].id) == (SourceKind.VOLUME, plain.id)
    # Its volume was a clone, and cinderlib copied to it what that was made from.
    assert (sources["of-both"].kind, sources["of-both"].id) == (SourceKind.SNAPSHOT, of_copy.id)
    assert one(plan.volumes, "of-both").source_cinder_id == of_copy.cinder_id


def test_a_clone_of_what_was_restored_is_a_clone(tmp_path):
    url = write_database(
        tmp_path,
        "UPDATE volumes SET (source_volid, snapshot_id) = (SELECT id, snapshot_id FROM volumes WHERE display_name = "
        "'restored') WHERE display_name = 'copy'",
    )
    found = planned(url)
    source = one(found.volumes, "copy").source
    assert (source.kind, source.id) == (SourceKind.VOLUME, one(found.volumes, "restored").id)


def test_a_snapshot_comes_with_its_volume_s_ids(plan):
    before = one(plan.snapshots, "before")
    assert (before.volume_id, before.volume_cinder_id) == (
        one(plan.volumes, "plain").id,
        one(plan.volumes, "plain").cinder_id,
    )
    assert before.id == snapshot_id(before.cinder_id)
    assert (before.backend, before.size_gib, before.status) == ("fast", 1, Status.AVAILABLE)
    assert before.driver_data["provider_id"].startswith("array-")
    assert (before.description, dict(before.metadata)) == ("the upgrade", {"why": "upgrade"})


def test_a_connection_leads_to_its_node_and_carries_what_undoes_it(plan):
    used = one(plan.volumes, "used")
    found = {connection.node_id: connection for connection in plan.connections if connection.node_id != "node-7"}
    assert used.provider_auth.startswith("CHAP user-")
    assert set(found) == {"node-7-id", "node-8"}
    for node_id, connection in found.items():
        assert connection.id == connection_id(used.id, node_id)
        assert (connection.volume_id, connection.volume_cinder_id) == (used.id, used.cinder_id)
        assert connection.status is Status.AVAILABLE
        assert connection.connection_info["driver_volume_type"] == "iscsi"
        assert connection.connection_info["data"]["auth_password"].startswith("s3cr3t-of-")
        assert connection.connector["initiator"].startswith("iqn.2004-10.com.example:node-")
    assert (found["node-7-id"].readonly, found["node-8"].readonly) == (False, True)


def test_a_second_connection_to_the_same_node_is_not_lost(plan):
    used = one(plan.volumes, "used")
    twice = sorted(
        (connection for connection in plan.connections if connection.node_id == "node-7"),
        key=lambda connection: connection.created_at,
    )
    assert len(twice) == 2
    assert twice[0].id == connection_id(used.id, "node-7")
    assert twice[1].id != twice[0].id


def test_where_a_volume_is_attached_is_said_and_kept(plan):
    (remark,) = remarks_on(plan, "node-7-id")
    assert "attached there as /dev/sdx; detach it there" in remark
    (connection,) = [one for one in plan.connections if one.node_id == "node-7-id"]
    assert connection.connection_info[KEPT]["connection_info"]["device"]["path"] == "/dev/sdx"


def test_a_connection_of_a_volume_that_is_gone_is_left_out_with_a_word(plan):
    (remark,) = [remark for remark in plan.remarks if "left out" in remark]
    assert "which is not there" in remark


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("broken", Status.CREATING, "was not made completely"),
        ("half-made", Status.CREATING, "was not made completely"),
        ("half-gone", Status.DELETING, "the driver goes on with that"),
        ("stuck", Status.AVAILABLE, "could not be deleted; it is there as before"),
        ("stiff", Status.AVAILABLE, "could not be extended; it is taken over with 1 GiB"),
        ("parent", Status.TOMBSTONE, "goes with the last of them"),
        ("forgetful", Status.AVAILABLE, "lost its extra specs; they were found again"),
    ],
)
def test_a_volume_that_is_not_whole_is_in_a_state_that_our_verbs_finish(plan, name, status, words):
    record = one(plan.volumes, name)
    assert record.status is status
    assert any(words in remark for remark in remarks_on(plan, name))
    assert (record.id == record.cinder_id) is (status is Status.TOMBSTONE)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("child", Status.AVAILABLE),
        ("stuck", Status.AVAILABLE),
        ("half-gone", Status.DELETING),
        ("half-made", Status.CREATING),
    ],
)
def test_a_snapshot_of_a_buried_volume_is_in_a_state_that_our_verbs_finish(plan, name, status):
    record = one(plan.snapshots, name)
    assert record.status is status
    assert record.volume_cinder_id == one(plan.volumes, "parent").cinder_id


def test_a_volume_in_error_that_is_used_was_made(tmp_path):
    found = planned(
        write_database(tmp_path, "UPDATE volumes SET status = 'error' WHERE display_name IN ('used', 'plain')")
    )
    assert one(found.volumes, "used").status is Status.AVAILABLE
    assert one(found.volumes, "plain").status is Status.AVAILABLE


def test_qos_specs_that_are_lost_are_said(tmp_path):
    url = write_database(tmp_path, "UPDATE quality_of_service_specs SET updated_at = NULL")
    assert sum("which cannot be told any more" in remark for remark in planned(url).remarks) == 2


def test_a_connection_without_data_is_one_to_withdraw(tmp_path):
    url = write_database(
        tmp_path, "UPDATE volume_attachment SET connection_info = NULL WHERE attached_host IS NOT NULL"
    )
    found = planned(url)
    (connection,) = [one for one in found.connections if one.node_id == "node-7-id"]
    assert connection.status is Status.PUBLISHING
    assert any("was cut off; unpublish it" in remark for remark in found.remarks)


def test_keys_of_programs_cannot_be_taken_for_ours(plan):
    found = {record.id: record.value for record in plan.key_values}
    assert set(found) == {"/node-7", "/empty", "/nothing"}
    assert found["/node-7"].startswith('{"platform"')
    assert key_value_id("lease/x") == "/lease/x"


def test_a_back_end_that_is_not_configured_is_named_with_its_section(tmp_path):
    found = planned(write_database(tmp_path), {"files": HOSTS["files"]})
    (problem,) = found.problems
    assert "10 volumes and snapshots are on back end 'fast'" in problem
    assert "add a section [fast]" in problem


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE volumes SET host = 'fast' WHERE display_name = 'wide'", "is no HOST@BACKEND#POOL"),
        ("UPDATE volumes SET host = NULL WHERE display_name = 'wide'", "is no HOST@BACKEND#POOL"),
        ("UPDATE volumes SET size = NULL WHERE display_name = 'wide'", "size is None, whole GiB wanted"),
        ("UPDATE volumes SET size = 0 WHERE display_name = 'wide'", "size is 0, whole GiB wanted"),
        ("UPDATE volumes SET size = 'much' WHERE display_name = 'wide'", "size is 'much', whole GiB wanted"),
        ("UPDATE volumes SET display_name = hex(zeroblob(200)) WHERE display_name = 'wide'", "400 characters"),
        ("UPDATE snapshots SET volume_size = -1 WHERE display_name = 'before'", "volume_size is -1"),
        ("UPDATE cinderlib_persistence_key_value SET key = hex(zeroblob(200)) WHERE key = 'empty'", "characters"),
    ],
)
def test_what_cannot_be_taken_over_is_named(tmp_path, change, words):
    (problem,) = planned(write_database(tmp_path, change)).problems
    assert words in problem
    assert "cannot be taken over" in problem


def test_a_snapshot_whose_volume_is_gone_is_taken_over_with_a_word(tmp_path):
    found = planned(write_database(tmp_path, "DELETE FROM volumes WHERE display_name = 'copy'"))
    assert found.problems == []
    assert one(found.snapshots, "of-copy").backend == "fast"
    assert any("is of a volume that is not there" in remark for remark in remarks_on(found, "of-copy"))


def test_progress_is_told_on_long_work(tmp_path):
    from cinderblock.cinderlib.planning import tell

    told = []
    for done in range(3001):
        tell(lambda *words: told.append(words), "volumes read", done, 3000)
    assert told == [("volumes read", done, 3000) for done in (1000, 2000, 3000)]
