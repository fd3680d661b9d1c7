"""What went wrong in the libraries before this one; each test is named after what it prevents."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

import cinderblock
from persistence.memory import MemoryStore

SPECS = {"thin": "<is> True", "vendor:tier": "gold"}
QOS = {"consumer": "back-end", "total_iops_sec": "500"}
CONNECTOR = {"host": "one", "initiator": "iqn.2026-01.io.example:one"}
OTHER = {"host": "two", "initiator": "iqn.2026-01.io.example:two"}


def test_extra_specs_and_qos_specs_do_not_get_lost_by_a_change_and_a_reload(lab):
    with lab.open(lab.url) as storage:
        backend = lab.backend(storage=storage)
        volume = backend.create_volume(1, extra_specs=SPECS, qos_specs=QOS, metadata={"a": "b"})
        volume.extend(2)
        volume.set_metadata({"c": "d"})
    found = lab.open(lab.url).volume(volume.id)
    assert found.size_gib == 2
    assert (dict(found.extra_specs), dict(found.qos_specs)) == (SPECS, QOS)
    assert dict(found.metadata) == {"a": "b", "c": "d"}


def test_a_copy_has_the_specs_of_its_source(lab):
    volume = lab.backend().create_volume(1, extra_specs=SPECS, qos_specs=QOS)
    for copy in (volume.clone(), volume.create_snapshot().create_volume()):
        assert (dict(copy.extra_specs), dict(copy.qos_specs)) == (SPECS, QOS)


def test_a_copy_goes_to_the_pool_of_its_source(lab):
    backend = lab.backend("PoolsDriver")
    assert backend.create_volume(1).pool == "large"
    volume = backend.create_volume(1, pool="small")
    assert [volume.clone().pool, volume.create_snapshot().create_volume().pool] == ["small", "small"]
    assert volume.clone(pool="large").pool == "large"
    with pytest.raises(cinderblock.InvalidRequest, match="no pool 'none'; it has: small, large"):
        backend.create_volume(1, pool="none")


def test_disconnecting_one_host_does_not_take_the_export_from_another(lab):
    volume = lab.backend("SharedDriver").create_volume(1, multiattach=True)
    one, two = volume.connect(CONNECTOR), volume.connect(OTHER)
    one.disconnect()
    assert lab.exports() == [volume.record.cinder_id]
    two.disconnect()
    assert lab.exports() == []


def test_a_volume_of_one_host_is_not_given_to_a_second_one(lab):
    volume = lab.backend("SharedDriver").create_volume(1)
    volume.connect(CONNECTOR)
    with pytest.raises(cinderblock.InUse, match="published to one"):
        volume.connect(OTHER)


def test_a_volume_in_use_is_not_deleted(lab):
    volume = lab.backend("SharedDriver").create_volume(1)
    connection = volume.connect(CONNECTOR)
    with pytest.raises(cinderblock.InUse):
        volume.delete()
    assert len(lab.files()) == 1
    connection.disconnect()
    volume.delete()
    assert lab.files() == []


@pytest.mark.parametrize("size_gib", [-1, 0, 1.5, "1", True, None])
def test_a_size_that_is_none_is_refused(lab, size_gib):
    backend = lab.backend()
    with pytest.raises((cinderblock.InvalidRequest, cinderblock.OutOfRange), match="size"):
        backend.create_volume(size_gib)
    volume = backend.create_volume(1)
    with pytest.raises((cinderblock.InvalidRequest, cinderblock.OutOfRange), match="size"):
        volume.extend(size_gib)
    assert (backend.volumes(), len(lab.files())) == ([volume], 1)


def test_a_copy_is_not_smaller_than_its_source_and_a_volume_never_shrinks(lab):
    backend = lab.backend()
    volume = backend.create_volume(2)
    snapshot = volume.create_snapshot()
    for verb in (lambda: volume.clone(1), lambda: snapshot.create_volume(1), lambda: volume.extend(1)):
        with pytest.raises(cinderblock.OutOfRange, match=r"2 GiB.* 1"):
            verb()
    with pytest.raises(cinderblock.OutOfRange, match="cannot shrink to 1"):
        volume.extend(1)
    assert volume.extend(2).size_gib == 2
    assert (len(backend.volumes()), volume.reload().size_gib) == (1, 2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": 7},
        {"name": "a\0b"},
        {"id": ""},
        {"id": "x" * 300},
        {"metadata": {"a": 1}},
        {"extra_specs": ["thin"]},
        {"qos_specs": {"": "x"}},
        {"pool": None},
    ],
)
def test_what_can_never_be_is_refused_before_anything_is_done(lab, wrong):
    backend = lab.backend()
    with pytest.raises(cinderblock.InvalidRequest):
        backend.create_volume(1, **wrong)
    assert (backend.volumes(), lab.files()) == ([], [])


def test_a_connection_that_fails_half_way_is_taken_back(lab):
    volume = lab.backend("SharedDriver").create_volume(1)
    (lab.folder / "exports" / "refused").touch()
    with pytest.raises(cinderblock.CinderblockError):
        volume.connect(CONNECTOR)
    (lab.folder / "exports" / "refused").unlink()
    assert lab.exports() == []
    volume.disconnect()
    volume.delete()
    assert lab.store.connections.page() == []


def test_what_is_connected_is_exported_again_after_the_machine_was_started_again(lab):
    with lab.open() as storage:
        backend = lab.backend("SharedDriver", storage=storage)
        volume = backend.create_volume(1)
        volume.connect(CONNECTOR)
        unexport(lab, volume)
        assert lab.backend("SharedDriver", storage=storage) is backend
        assert lab.exports() == []
        backend.recover()
        assert lab.exports() == [volume.record.cinder_id]
        unexport(lab, volume)
    # A new process of the same boot has nothing to mend.
    with lab.open() as storage:
        lab.backend("SharedDriver", storage=storage)
        assert lab.exports() == []
    started_again(lab.store)
    lab.backend("SharedDriver")
    assert lab.exports() == [volume.record.cinder_id]


def test_os_brick_is_told_to_keep_its_locks_in_the_folder_of_the_storage(lab):
    printed = lab.done("""
import cinderblock
with cinderblock.open("memory:", state_dir=state) as storage:
    storage.backend("files", **options)
    from os_brick.initiator.connectors.base import synchronized
    synchronized("connect_volume", external=True)(lambda: None)()
    from oslo_config import cfg
    print(cfg.CONF.os_brick.lock_path)
""")
    assert printed.strip() == str(lab.state / "locks")
    assert (lab.state / "locks" / "os-brick-connect_volume").is_file()


def unexport(lab, volume):
    (lab.folder / "exports" / volume.record.cinder_id).unlink()


def started_again(store):
    (left,) = [record for record in store.key_values.page() if record.id.startswith("recovered/")]
    store.key_values.replace(replace(left, value="another boot"))


def test_passwords_stand_in_clear_nowhere_but_where_they_are_asked_for(lab):
    with lab.open(lab.url) as storage:
        volume = lab.backend("SharedDriver", storage=storage, vendor_password="hunter22!").create_volume(1)
        connection = volume.connect(CONNECTOR)
        secret = connection.connection_info["data"]["auth_password"]
        assert secret not in volume.to_json()
        assert secret not in storage.to_json()
        assert secret in volume.to_json(secrets=True)
        assert secret not in repr(volume) + repr(connection)
    kept = [path for path in (lab.folder.rglob("*")) if path.is_file() and path.parent != lab.folder / "files"]
    assert lab.folder / "volumes.db" in kept
    for path in kept:
        content = path.read_bytes()
        assert secret.encode() not in content
        assert b"hunter22!" not in content
    with lab.open(lab.url) as storage:
        assert storage.connection(connection.id).connection_info["data"]["auth_password"] == secret


def test_a_deleted_volume_with_both_kinds_of_metadata_leaves_no_row(lab):
    with lab.open(lab.url) as storage:
        volume = lab.backend("SharedDriver", storage=storage).create_volume(1, metadata={"a": "b"}, qos_specs=QOS)
        assert volume.record.admin_metadata == {"format": "raw"}
        volume.create_snapshot().delete()
        volume.connect(CONNECTOR).disconnect()
        volume.delete()
    assert {table: ids for table, ids in rows(lab).items() if ids} == {"cinderblock_key_value": ["recovered"]}


def rows(lab):
    with closing(sqlite3.connect(lab.folder / "volumes.db")) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE name LIKE 'cinderblock_%' AND type = 'table'")
        return {
            table: [row[0].partition("/")[0] for row in database.execute(f"SELECT id FROM {table}")]  # noqa: S608 - the table's own name
            for (table,) in tables.fetchall()
            if "version" not in table
        }


def test_what_a_driver_says_of_a_volume_comes_back_from_json_whatever_its_shape(lab):
    with lab.open() as storage:
        backend = lab.backend("SharedDriver", storage=storage)
        volume = backend.create_volume(1, metadata={"für": "alle 😀", "a": '[{"b": ["c"]}]'})
        volume.connect(CONNECTOR)
        kept = volume.to_json()
        json.loads(kept)
    with lab.open(MemoryStore()) as storage:
        (found,) = storage.load_json(kept)
        assert found.record.driver_data["vendor_note"] == {"luns": [[1, 2], [3]]}
        assert found.metadata == volume.metadata
        (connection,) = found.connections()
        assert connection.connection_info["data"]["luns"] == [1, 2]
