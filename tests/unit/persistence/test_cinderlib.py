"""Cinderlib's database: what is read of it, and that it is never written."""

import hashlib
import sqlite3
from contextlib import closing

import pytest
import sqlalchemy as sa
import sqlalchemy.exc

from persistence.errors import StoreUnavailable, StoreUnusable
from persistence.sql import open_store
from persistence.sql.cinderlib import look, open_cinderlib, read_only_engine
from tests.contract.stores import sqlite_url
from tests.unit.cinderlib.data import write_database


def volumes(url):
    with open_cinderlib(url) as database:
        return {fields["display_name"]: fields for fields in database.volumes()}


def all_of(url, kind):
    with open_cinderlib(url) as database:
        return list(getattr(database, kind)())


def digest(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture
def url(tmp_path):
    return write_database(tmp_path)


def test_everything_is_read_and_nothing_is_written(url, tmp_path):
    before = digest(tmp_path)
    with open_cinderlib(url) as database:
        read = {kind: len(list(getattr(database, kind)())) for kind in database.counts()}
        assert read == database.counts() == {"volumes": 17, "snapshots": 6, "connections": 5, "key_values": 3}
    look(url)
    assert digest(tmp_path) == before


def test_the_connection_itself_cannot_write(url, tmp_path):
    engine = read_only_engine(tmp_path / "cinderlib.db", busy_timeout_s=1)
    with engine.connect() as connection, pytest.raises(sa.exc.OperationalError, match="readonly"):
        connection.exec_driver_sql("DELETE FROM volumes")
    engine.dispose()


def test_what_is_marked_as_deleted_is_left_out(url):
    found = volumes(url)
    assert "soft-gone" not in found
    assert "gone" not in found
    assert "soft-gone" not in {fields["display_name"] for fields in all_of(url, "snapshots")}
    assert {fields["volume_id"] for fields in all_of(url, "connections")} >= {found["used"]["id"]}
    assert all(fields["attach_mode"] for fields in all_of(url, "connections"))


def test_metadata_of_all_kinds_is_with_its_object(url):
    special = volumes(url)["special"]
    assert special["metadata"] == {"a": "1", "b": "2"}
    assert special["admin_metadata"] == {"readonly": "False"}
    (before,) = [fields for fields in all_of(url, "snapshots") if fields["display_name"] == "before"]
    assert before["metadata"] == {"why": "upgrade"}


def test_qos_specs_are_found_that_belong_to_nothing(url):
    special = volumes(url)["special"]
    assert special["extra_specs"] == {"thin": "true", "compression": "<is> False"}
    assert special["qos_specs"] == {"maxIOPS": "1000", "minIOPS": "100"}
    assert "qos_specs_lost" not in special


def test_specs_are_found_again_that_an_update_had_taken_away(url):
    forgetful = volumes(url)["forgetful"]
    assert forgetful["size"] == 3
    assert forgetful["extra_specs"] == {"thin": "true"}
    assert forgetful["qos_specs"] == {"maxIOPS": "7"}
    assert forgetful["specs_forgotten"] is True


def test_qos_specs_that_could_be_two_volumes_are_nobodys(tmp_path):
    url = write_database(
        tmp_path, "UPDATE quality_of_service_specs SET created_at = '2026-01-01 00:00:00', updated_at = created_at"
    )
    found = volumes(url)
    assert [(found[name]["qos_specs"], found[name]["qos_specs_lost"]) for name in ("special", "forgetful")] == [
        ({}, True),
        ({}, True),
    ]


def test_qos_specs_that_belong_to_their_type_need_no_guess(tmp_path):
    url = write_database(
        tmp_path,
        "UPDATE quality_of_service_specs SET specs_id = (SELECT id FROM volumes WHERE display_name = 'special') "
        "WHERE specs_id = (SELECT specs_id FROM quality_of_service_specs WHERE key = 'minIOPS')",
        "UPDATE quality_of_service_specs SET value = 'both' WHERE key = 'consumer'",
        "UPDATE volume_types SET qos_specs_id = id WHERE id IN (SELECT id FROM volumes WHERE display_name = 'special')",
    )
    assert volumes(url)["special"]["qos_specs"] == {"maxIOPS": "1000", "minIOPS": "100", "consumer": "both"}


def test_times_are_told_to_the_microsecond(url):
    assert volumes(url)["plain"]["created_at"].endswith("Z")
    assert len(volumes(url)["plain"]["created_at"]) == len("2026-11-21T15:25:35.512725Z")


def test_connections_come_with_what_their_columns_hold(url):
    used = volumes(url)["used"]["id"]
    found = [fields for fields in all_of(url, "connections") if fields["volume_id"] == used]
    assert {fields["connector"]["host"] for fields in found} == {"node-7", "node-8"}
    assert all(fields["connection_info"]["conn"]["driver_volume_type"] == "iscsi" for fields in found)


def test_an_older_schema_is_read_as_far_as_it_goes(tmp_path):
    url = write_database(
        tmp_path,
        "ALTER TABLE volumes DROP COLUMN replication_driver_data",
        "ALTER TABLE volume_attachment DROP COLUMN connector",
        "DROP TABLE volume_glance_metadata",
        "DROP TABLE quality_of_service_specs",
        "DROP TABLE volume_type_extra_specs",
    )
    special = volumes(url)["special"]
    assert (special["metadata"], special["extra_specs"], special["qos_specs"]) == ({"a": "1", "b": "2"}, {}, {})
    assert len(all_of(url, "connections")) == 5


def test_connection_data_that_is_damaged_is_named(tmp_path):
    url = write_database(tmp_path, "UPDATE volume_attachment SET connection_info = '{'")
    with pytest.raises(StoreUnusable, match=r"connection_info of attachment .* is no JSON"):
        all_of(url, "connections")


def test_more_than_a_page_is_read_in_order(tmp_path):
    url = write_database(
        tmp_path,
        "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 1100) INSERT INTO volumes "
        "(id, host, size, status, display_name, volume_type_id, deleted) "
        "SELECT printf('many-%05d', n), 'h@fast#p', 1, 'available', n, 't', 0 FROM number",
    )
    ids = [fields["id"] for fields in all_of(url, "volumes")]
    assert (len(ids), ids) == (1117, sorted(set(ids)))


def test_a_database_of_cinder_itself_is_refused(tmp_path):
    url = write_database(tmp_path, "DROP TABLE cinderlib_persistence_key_value")
    with (
        pytest.raises(StoreUnusable, match="was not written by cinderlib: it has Cinder's own tables"),
        open_cinderlib(url),
    ):
        pass


def test_what_is_not_there_is_refused_and_not_made(tmp_path):
    for open_it in (open_cinderlib(f"sqlite:///{tmp_path}/none.db"), open_cinderlib("sqlite://")):
        with pytest.raises(StoreUnusable), open_it:
            pass
    assert look(f"sqlite:///{tmp_path}/none.db").ours is False
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "cinderlib.db").write_bytes(b"this is no database, but long enough to be looked at" * 99)
    with pytest.raises(StoreUnusable, match="cannot be used"), open_cinderlib(f"sqlite:///{tmp_path}/cinderlib.db"):
        pass


def test_a_database_whose_package_is_missing_is_refused_by_name():
    with pytest.raises(StoreUnusable, match="needs a Python package"), open_cinderlib("firebird://host/base"):
        pass


def test_a_program_that_writes_meanwhile_is_waited_for_and_then_named(url, tmp_path):
    with closing(sqlite3.connect(tmp_path / "cinderlib.db")) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable, match="locked"), open_cinderlib(url, busy_timeout_s=0.1):
            pass


def test_it_is_told_what_a_database_holds(url, tmp_path):
    open_store(sqlite_url(tmp_path)).close()
    assert look(sqlite_url(tmp_path)).ours is True
    assert look(sqlite_url(tmp_path)).cinderlib_marker_id == ""
    with open_cinderlib(url) as database:
        assert look(url).cinderlib_marker_id == database.marker_id
    assert look(url).ours is False
