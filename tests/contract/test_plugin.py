"""What programs of cinderlib may count on of each persistence, its own three and theirs."""

import logging
import uuid

import pytest

from cinderblock.compat import cinderlib
from cinderblock.compat.cinderlib.persistence import base
from tests.fakes.plugins import JsonPlugin, ObjectsPlugin

FILES = "cinderblock.cinder.local_files.LocalFilesDriver"
PLUGINS = {
    "memory": lambda folder: {"storage": "memory"},
    "memory_db": lambda folder: {"storage": "memory_db"},
    "db": lambda folder: {"storage": "db", "connection": f"sqlite:///{folder}/volumes.db"},
    "an object": lambda folder: {"storage": ObjectsPlugin()},
    "a class": lambda folder: {"storage": JsonPlugin, "path": folder / "volumes.json"},
}
CONNECTOR = {"host": "one", "initiator": "iqn.2026-01.io.example:one"}


@pytest.fixture(params=PLUGINS)
def backend(request, tmp_path):
    config = PLUGINS[request.param](tmp_path)
    cinderlib.setup(file_locks_path=str(tmp_path / "locks"), persistence_config=config)
    yield opened(tmp_path)
    cinderlib.close()


def opened(folder, name="files"):
    driver = "tests.fakes.programs.SharedDriver"
    return cinderlib.Backend(name, volume_driver=driver, local_files_path=str(folder / name))


@pytest.fixture
def persistence(backend):
    return cinderlib.Backend.persistence


def ids(found):
    return {one.id for one in found}


def test_it_is_a_plugin(persistence):
    assert isinstance(persistence, base.PersistenceDriverBase)


def test_volumes_are_found_by_id_name_and_back_end(backend, persistence, tmp_path):
    one, two = backend.create_volume(1, name="disk"), backend.create_volume(1, name="disk")
    other = opened(tmp_path, "other").create_volume(1, name="else")
    assert ids(persistence.get_volumes()) == {one.id, two.id, other.id}
    assert ids(persistence.get_volumes(volume_id=one.id)) == {one.id}
    assert ids(persistence.get_volumes(volume_name="disk")) == {one.id, two.id}
    assert ids(persistence.get_volumes(backend_name="other")) == {other.id}
    assert ids(persistence.get_volumes(volume_id=one.id, backend_name="other")) == set()
    assert persistence.get_volumes(volume_id=str(uuid.uuid4())) == []
    assert persistence.get_volumes(one.id) == [one]


def test_what_a_volume_has_is_kept(backend, persistence):
    volume = backend.create_volume(
        1, name="für", extra_specs={"a": "b"}, qos_specs={"c": "d"}, metadata={"e": "f"}, availability_zone="zone"
    )
    (found,) = persistence.get_volumes(volume.id)
    assert (found.name, found.metadata, found.availability_zone) == ("für", {"e": "f"}, "zone")
    assert found.volume_type.extra_specs == {"a": "b"}
    assert (found.volume_type.qos_specs.specs, found.volume_type.qos_specs.consumer) == ({"c": "d"}, "back-end")


def test_snapshots_are_found_by_id_name_and_volume(backend, persistence):
    volume, other = backend.create_volume(1), backend.create_volume(1)
    one, two = volume.create_snapshot("one"), volume.create_snapshot("two", metadata={"a": "b"})
    three = other.create_snapshot("two")
    assert ids(persistence.get_snapshots(snapshot_id=one.id)) == {one.id}
    assert ids(persistence.get_snapshots(snapshot_name="two")) == {two.id, three.id}
    assert ids(persistence.get_snapshots(volume_id=volume.id)) == {one.id, two.id}
    assert ids(persistence.get_snapshots(volume_id=volume.id, snapshot_name="two")) == {two.id}
    assert persistence.get_snapshots(two.id)[0].metadata == {"a": "b"}
    one.delete()
    assert ids(persistence.get_snapshots()) == {two.id, three.id}


def test_connections_are_found_by_id_and_volume(backend, persistence):
    volume, other = backend.create_volume(1), backend.create_volume(1)
    connection, another = volume.connect(CONNECTOR, mountpoint="/mnt"), other.connect(CONNECTOR)
    assert ids(persistence.get_connections(connection_id=connection.id)) == {connection.id}
    assert ids(persistence.get_connections(volume_id=volume.id)) == {connection.id}
    (found,) = persistence.get_connections(connection.id)
    assert (found.connector_info, found.conn_info["driver_volume_type"]) == (CONNECTOR, "iscsi")
    assert found.conn_info["data"]["auth_password"]
    assert found.mountpoint == "/mnt"
    connection.disconnect()
    assert ids(persistence.get_connections()) == {another.id}


def test_a_programs_facts_are_kept_and_forgotten(persistence):
    persistence.set_key_value(cinderlib.KeyValue("one", '{"a": 1}'))
    persistence.set_key_value(cinderlib.KeyValue("two", "2"))
    persistence.set_key_value(cinderlib.KeyValue("two", "3"))
    assert persistence.get_key_values("two") == [cinderlib.KeyValue("two", "3")]
    assert {one.key for one in persistence.get_key_values()} == {"one", "two"}
    persistence.delete_key_value("one")
    persistence.delete_key_value(cinderlib.KeyValue("two"))
    persistence.delete_key_value("never")
    assert (persistence.get_key_values(), persistence.get_key_values("two")) == ([], [])


def test_what_a_program_sets_in_an_object_is_kept(backend, persistence):
    volume = backend.create_volume(1, name="before", metadata={"a": "b"})
    volume._ovo.display_name = "after"
    volume._ovo.metadata = {"c": 1}
    persistence.set_volume(volume)
    snapshot = volume.create_snapshot("before")
    snapshot._ovo.display_name = "after"
    persistence.set_snapshot(snapshot)
    volume.refresh()
    assert (volume.name, volume.metadata) == ("after", {"c": "1"})
    assert persistence.get_snapshots(snapshot.id)[0].name == "after"
    assert ids(persistence.get_volumes(volume_name="before")) == set()


def test_what_was_never_made_can_be_kept_and_forgotten(backend, persistence):
    volume = cinderlib.Volume(backend, size=3, name="planned")
    persistence.set_volume(volume)
    (found,) = persistence.get_volumes(volume_name="planned")
    assert (found.id, found.size) == (volume.id, 3)
    persistence.delete_volume(volume)
    assert (persistence.get_volumes(), volume.status, volume.deleted) == ([], "deleted", True)


def test_a_plugin_keeps_what_it_has_over_processes(tmp_path):
    def set_up():
        cinderlib.close()
        config = {"storage": JsonPlugin, "path": tmp_path / "volumes.json"}
        cinderlib.setup(file_locks_path=str(tmp_path / "locks"), persistence_config=config)
        return opened(tmp_path)

    try:
        volume = set_up().create_volume(1, name="kept", qos_specs={"a": "b"})
        connection = volume.connect(CONNECTOR)
        password = connection.conn_info["data"]["auth_password"]
        (found,) = set_up().volumes
        assert (found.id, found.name, found.status) == (volume.id, "kept", "in-use")
        assert found.connections[0].conn_info["data"]["auth_password"] == password
        assert password not in (tmp_path / "volumes.json").read_text()
        found.connections[0].disconnect()
        found.delete()
        assert set_up().volumes == []
        assert '"volumes": {}' in (tmp_path / "volumes.json").read_text()
    finally:
        cinderlib.close()


def test_the_persistence_can_be_changed_while_back_ends_are_open(backend, tmp_path):
    before = backend.create_volume(1)
    cinderlib.Backend.set_persistence({"storage": "db", "connection": f"sqlite:///{tmp_path}/another.db"})
    assert backend.volumes == []
    after = backend.create_volume(1)
    assert backend.volumes == [after]
    assert ids(cinderlib.Backend.persistence.get_volumes(before.id)) == set()


@pytest.mark.parametrize("storage", ["nothing", 7, dict])
def test_what_is_no_plugin_is_refused(tmp_path, storage):
    with pytest.raises(cinderlib.exception.InvalidPersistence, match="no persistence plugin"):
        cinderlib.setup(file_locks_path=str(tmp_path), persistence_config={"storage": storage})
    assert not cinderlib.Backend.global_initialization
    assert logging.getLogger("cinder").isEnabledFor(logging.ERROR)
    with pytest.raises(Exception, match="only be called after"):
        cinderlib.Backend.set_persistence(None)
