"""The rest of cinderlib's interface: every name of it, and what it says."""

import inspect

import pytest

import cinderblock
from cinderblock.compat import cinderlib
from cinderblock.compat.cinderlib.persistence import base
from cinderblock.compat.cinderlib.process import current
from persistence.records import Json

CONNECTOR: dict[str, Json] = {"host": "one", "initiator": "iqn.2026-01.io.example:one", "multipath": True}
#: What `setup` takes, by position as well.
SETUP = (
    "file_locks_path root_helper suppress_requests_ssl_warnings disable_logs non_uuid_ids output_all_backend_info "
    "project_id user_id persistence_config fail_on_missing_backend host"
)
#: What programs call, by the place where they look for it.
NAMES = {
    cinderlib: "setup load json jsons dump dumps get_connector_properties list_supported_drivers Backend Volume "
    "Snapshot Connection KeyValue exception objects DEFAULT_PROJECT_ID DEFAULT_USER_ID",
    cinderlib.exception: "NotFound VolumeNotFound SnapshotNotFound ConnectionNotFound InvalidVolume "
    "InvalidPersistence NotLocal",
    cinderlib.objects: "Volume Snapshot Connection KeyValue Object",
    cinderlib.Backend: "backends global_initialization persistence pool_names config volumes volumes_filtered stats "
    "create_volume validate_connector set_persistence json jsons dump dumps load load_backend refresh global_setup "
    "list_supported_drivers",
    cinderlib.Volume: "get_by_id get_by_name snapshots connections local_attach create delete extend clone "
    "create_snapshot attach detach connect disconnect cleanup refresh save name description name_in_storage "
    "json jsons dump dumps to_json to_jsons to_dict load",
    cinderlib.Snapshot: "get_by_id get_by_name create delete create_volume save refresh volume name description "
    "name_in_storage json jsons dump dumps load",
    cinderlib.Connection: "get_by_id connect disconnect attach detach device_attached extend save refresh conn_info "
    "connector_info protocol device path connector attached connected use_multipath scan_attempts volume json dump",
}


@pytest.fixture
def backend(lab):
    lab.set_up(non_uuid_ids=True)
    return lab.backend("SharedDriver")


@pytest.mark.parametrize("place", NAMES, ids=lambda place: place.__name__.rpartition(".")[2])
def test_every_name_is_there(lab, place):
    lab.set_up()
    assert [name for name in NAMES[place].split() if not hasattr(place, name)] == []


def test_setup_takes_what_it_took():
    from cinderblock.compat.cinderlib.setting_up import options

    taken = options("/locks", "sudo", False, debug=True, host="me")
    assert (taken.file_locks_path, taken.suppress_requests_ssl_warnings, taken.host) == ("/locks", False, "me")
    assert taken.rest == {"debug": True}


def test_setup_has_the_order_that_it_had():
    from cinderblock.compat.cinderlib.setting_up import options

    names = SETUP.split()
    taken = options(*names)
    assert [getattr(taken, name) for name in names] == names


def test_what_cinder_s_objects_have_can_be_read(backend):
    volume = backend.create_volume(1)
    snapshot = volume.create_snapshot()
    assert (volume.cluster, volume.consistencygroup, volume.group, volume.glance_metadata) == (None, None, None, {})
    assert (snapshot.cgsnapshot, snapshot.group_snapshot, volume.encryption_key_id) == (None, None, None)
    assert "glance_metadata" not in volume.to_dict()
    assert "cluster" not in volume.to_dict()


def test_a_volume_says_what_it_is(backend):
    volume = backend.create_volume(
        2, "name", "words", True, id="mine", metadata={"a": 1}, availability_zone="zone", pool_name=None, user_id="me"
    )
    assert (volume.id, volume.size, volume.status) == ("mine", 2, "available")
    assert (volume.name, volume.display_name, volume.description) == ("name", "name", "words")
    assert (volume.bootable, volume.availability_zone, volume.metadata) == (True, "zone", {"a": "1"})
    assert (volume.user_id, volume.project_id) == ("me", cinderlib.DEFAULT_PROJECT_ID)
    assert (volume.name_in_storage, volume.deleted, volume.local_attach) == ("volume-mine", False, None)
    assert volume.host == f"cinderblock@files#{backend.pool_names[0]}"
    assert volume.created_at.tzinfo is not None
    assert cinderlib.Volume.get_by_id("mine") is volume
    assert cinderlib.Volume.get_by_name("name") == [volume]
    assert backend.volumes_filtered(volume_name="name", volume_id="mine") == [volume]
    assert backend.volumes_filtered(volume_name="other") == []


def test_a_volume_without_a_name_has_none(backend):
    assert backend.create_volume(1).name == ""


def test_an_id_is_not_given_twice(backend):
    volume = backend.create_volume(1, id="mine")
    # The same again is the same volume: a command that was cut off may be repeated.
    assert backend.create_volume(1, id="mine").id == volume.id
    with pytest.raises(cinderblock.AlreadyExists):
        backend.create_volume(2, id="mine")
    assert len(backend.volumes) == 1


def test_a_volume_of_the_library_is_found_by_cinders_id_and_its_id_is_not_given_again(backend):
    record = current().open_backend("files", {}).create_volume(1, name="ours").record
    assert cinderlib.Volume.get_by_id(record.cinder_id).name == "ours"
    with pytest.raises(cinderblock.AlreadyExists, match="taken by another object"):
        backend.create_volume(1, id=record.cinder_id)
    assert [one.id for one in backend.volumes] == [record.cinder_id]


def test_a_copy_is_like_its_source_but_for_what_is_said(backend):
    volume = backend.create_volume(1, "name", "words", metadata={"a": "b"}, availability_zone="zone")
    clone = volume.clone(name="clone", size=2)
    assert (clone.name, clone.description, clone.metadata, clone.size) == ("clone", "words", {"a": "b"}, 2)
    assert (clone.source_volid, clone.availability_zone) == (volume.id, "zone")
    snapshot = volume.create_snapshot("first", "of two", id="mine")
    assert (snapshot.id, snapshot.name, snapshot.description) == ("mine", "first", "of two")
    assert (snapshot.volume_id, snapshot.volume_size, snapshot.volume) == (volume.id, 1, volume)
    assert (snapshot.name_in_storage, volume.snapshots) == ("snapshot-mine", [snapshot])
    assert cinderlib.Snapshot.get_by_id("mine") is snapshot
    restored = snapshot.create_volume(id="restored")
    assert (restored.id, restored.name, restored.size, restored.snapshot_id) == ("restored", "name", 1, "mine")


def test_a_volume_may_be_made_in_two_steps(lab, backend):
    volume = cinderlib.Volume("files", size=1, name="later")
    assert (volume.status, backend.volumes) == ("creating", [])
    with pytest.raises(cinderlib.exception.VolumeNotFound):
        volume.extend(2)
    volume.create()
    assert (volume.status, backend.volumes) == ("available", [volume])
    another = cinderlib.Volume(volume, name="another")
    another.create()
    assert another.size == 1


def test_what_fails_names_the_object(lab):
    lab.set_up()
    backend = lab.backend()
    volume = cinderlib.Volume(backend, size=1)
    # The folder of the volumes is gone.
    (lab.folder / "files").rename(lab.folder / "elsewhere")
    with pytest.raises(cinderblock.CinderblockError) as caught:
        volume.create()
    assert (vars(caught.value)["resource"], volume.status) == (volume, "error")


def test_what_is_not_there_is_said_so(backend):
    for get, missing in (
        (cinderlib.Volume.get_by_id, cinderlib.exception.VolumeNotFound),
        (cinderlib.Snapshot.get_by_id, cinderlib.exception.SnapshotNotFound),
        (cinderlib.Connection.get_by_id, cinderlib.exception.ConnectionNotFound),
    ):
        with pytest.raises(missing) as caught:
            get("nothing")
        assert isinstance(caught.value, cinderlib.exception.NotFound)
    with pytest.raises(cinderlib.exception.NotLocal):
        backend.create_volume(1).detach()


def test_a_connection_says_what_it_is(backend):
    volume = backend.create_volume(1)
    connection = volume.connect(CONNECTOR, attached_host="vm", attach_mode="ro", mountpoint="/mnt", instance_uuid="u")
    assert cinderlib.Connection.get_by_id(connection.id) is connection
    assert (connection.protocol, connection.connector_info, connection.use_multipath) == ("iscsi", CONNECTOR, True)
    assert (connection.attached_host, connection.attach_mode) == ("vm", "ro")
    assert (connection.mountpoint, connection.instance_uuid, connection.status) == ("/mnt", "u", "attached")
    assert (connection.connected, connection.attached, connection.path) == (True, False, None)
    assert type(connection.connector).__name__ == "ISCSIConnector"
    connection.device_attached({"path": "/dev/sdx", "type": "block"})
    assert (connection.attached, connection.path, volume.status) == (True, "/dev/sdx", "in-use")
    connection.detach()
    assert connection.device is None
    connection.device = {"path": "/dev/sdy"}
    assert cinderlib.Connection.get_by_id(connection.id).path == "/dev/sdy"
    connection.device = None
    assert (connection.attached, connection.scan_attempts) == (False, 3)
    volume.cleanup()
    assert (volume.connections, volume.status) == ([], "available")
    connection = cinderlib.Connection.connect(volume, CONNECTOR, device_scan_attempts=7)
    assert (connection.scan_attempts, connection.connector.device_scan_attempts) == (7, 7)
    assert "device_scan_attempts" not in connection.to_dict()
    connection.disconnect()
    connection.disconnect()
    assert (connection.connected, connection.status, connection.deleted) == (False, "detached", True)


def test_a_back_end_says_what_it_is_and_lets_its_driver_be_reached(lab, backend):
    assert (backend.id, backend.pool_names, repr(backend)) == ("files", ("files",), "<Backend files>")
    assert backend.config == {"volume_backend_name": "files"}
    assert (backend.initialized, backend.supported, backend.get_version()) == (True, True, "1.0.0")
    stats = backend.stats()
    assert {"vendor_name", "volume_backend_name", "pools"} <= stats.keys()
    backend.create_volume(1)
    assert backend.stats() == stats
    assert backend.stats(refresh=True) != stats
    backend.validate_connector(CONNECTOR)
    with pytest.raises(AttributeError):
        backend.no_such_thing  # noqa: B018 - asking is what is tested


def test_this_machine_is_described():
    found = cinderlib.get_connector_properties("sudo", "192.0.2.7", False, False, host="me")
    assert (found["ip"], found["host"], found["multipath"]) == ("192.0.2.7", "me", False)


def test_methods_take_what_they_took():
    wanted = {
        "create_volume": ["self", "size", "name", "description", "bootable"],
        "volumes_filtered": ["self", "volume_id", "volume_name"],
        "stats": ["self", "refresh"],
        "load": ["json_src", "save"],
    }
    assert list(inspect.signature(base.PersistenceDriverBase.delete_key_value).parameters) == ["self", "key"]
    for name, parameters in wanted.items():
        assert list(inspect.signature(getattr(cinderlib.Backend, name)).parameters)[: len(parameters)] == parameters
