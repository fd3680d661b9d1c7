"""What went wrong in cinderlib, through its own interface; each test is named after what it prevents."""

import json
import logging
import sqlite3
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

import cinderblock
from cinderblock.compat import cinderlib

SPECS = {"thin": "<is> True", "tier": "gold"}
QOS = {"maxIOPS": "500"}
CONNECTOR = {"host": "one", "initiator": "iqn.2026-01.io.example:one"}
OTHER = {"host": "two", "initiator": "iqn.2026-01.io.example:two"}


def test_specs_do_not_get_lost_by_an_extension_and_a_reload(lab):
    lab.set_up(lab.database)
    made = lab.backend().create_volume(1, extra_specs=SPECS, qos_specs=QOS)
    made.extend(2)
    lab.set_up(lab.database)
    lab.backend()
    found = cinderlib.Volume.get_by_id(made.id)
    assert (found.size, found.volume_type.extra_specs, found.volume_type.qos_specs.specs) == (2, SPECS, QOS)
    copy = found.clone()
    assert (copy.volume_type.extra_specs, copy.volume_type.qos_specs.specs) == (SPECS, QOS)


def test_a_second_back_end_of_a_name_is_the_first_one_or_is_refused(lab):
    lab.set_up()
    backend = lab.backend()
    assert lab.backend() is backend
    with pytest.raises(ValueError, match="another configuration"):
        lab.backend(max_over_subscription_ratio="3")
    assert cinderlib.Backend.backends == {"files": backend}


def test_threads_that_open_one_back_end_get_the_same(lab):
    lab.set_up()
    with ThreadPoolExecutor(4) as threads:
        opened = [one.result() for one in [threads.submit(lab.backend) for _ in range(4)]]
    assert {id(one) for one in opened} == {id(cinderlib.Backend.backends["files"])}


def test_a_deleted_volume_with_both_kinds_of_metadata_leaves_no_row(lab):
    lab.set_up(lab.database)
    volume = lab.backend("SharedDriver").create_volume(1, metadata={"a": "b"}, qos_specs=QOS, extra_specs=SPECS)
    assert volume.admin_metadata == {"format": "raw"}
    volume.delete()
    cinderlib.close()
    with closing(sqlite3.connect(lab.folder / "volumes.db")) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        content = [str(row) for table in tables for row in database.execute(f"SELECT * FROM {table}")]  # noqa: S608 - the table's own name
    assert not [row for row in content if volume.id in row]


def test_disconnecting_one_host_does_not_take_the_export_from_another(lab):
    lab.set_up()
    volume = lab.backend("SharedDriver").create_volume(1, multiattach=True)
    one, two = volume.connect(CONNECTOR), volume.connect(OTHER)
    one.disconnect()
    assert (lab.exports(), volume.status, volume.connections) == ([volume.id], "in-use", [two])
    volume.disconnect(two)
    assert (lab.exports(), volume.status, volume.connections) == ([], "available", [])


def test_a_volume_that_is_in_use_or_has_snapshots_is_not_deleted(lab):
    lab.set_up()
    volume = lab.backend("SharedDriver").create_volume(1)
    connection = volume.connect(CONNECTOR)
    with pytest.raises(cinderlib.exception.InvalidVolume, match="connected") as caught:
        volume.delete()
    assert vars(caught.value)["resource"] is volume
    connection.disconnect()
    snapshot = volume.create_snapshot()
    with pytest.raises(cinderlib.exception.InvalidVolume, match="snapshots"):
        volume.delete()
    snapshot.delete()
    volume.delete()
    assert lab.files() == []


@pytest.mark.parametrize("size", [-1, 0, 1.5, None])
def test_a_size_that_is_none_is_refused(lab, size):
    lab.set_up()
    backend = lab.backend()
    with pytest.raises(cinderblock.CinderblockError, match="size"):
        backend.create_volume(size)
    volume = backend.create_volume(2)
    with pytest.raises(cinderblock.CinderblockError, match="size") as caught:
        volume.extend(size)
    assert (vars(caught.value)["resource"], volume.size, volume.status) == (volume, 2, "available")
    for verb in (lambda: volume.clone(size=1), lambda: volume.create_snapshot().create_volume(size=1)):
        with pytest.raises(cinderblock.OutOfRange):
            verb()
    with pytest.raises(cinderblock.OutOfRange):
        volume.extend(1)
    assert [one.id for one in backend.volumes] == [volume.id]


def test_a_field_that_no_volume_has_is_refused(lab):
    lab.set_up()
    with pytest.raises(cinderblock.InvalidRequest, match="no colour"):
        lab.backend().create_volume(1, colour="red")


def test_json_of_what_a_driver_said_comes_back_whatever_its_shape(lab):
    lab.set_up()
    backend = lab.backend("SharedDriver")
    volume = backend.create_volume(1, metadata={"für": '[{"a": ["b"]}]'})
    connection = volume.connect(CONNECTOR)
    kept = backend.jsons
    lab.set_up()
    lab.backend("SharedDriver")
    cinderlib.load(kept)
    found = cinderlib.Volume.get_by_id(volume.id)
    assert found.metadata == {"für": '[{"a": ["b"]}]'}
    assert found.connections[0].conn_info == connection.conn_info


def test_the_programs_loggers_and_root_are_left_alone(lab):
    own, root = logging.getLogger("program"), logging.getLogger()
    before = (own.level, own.disabled, own.handlers[:], root.level, root.handlers[:])
    lab.set_up(disable_logs=True)
    lab.backend()
    assert (own.level, own.disabled, own.handlers[:], root.level, root.handlers[:]) == before
    assert not logging.getLogger("cinder.volume").isEnabledFor(logging.CRITICAL)
    lab.set_up(disable_logs=False)
    assert logging.getLogger("cinder.volume").isEnabledFor(logging.CRITICAL)


def test_a_connection_that_fails_half_way_is_taken_back(lab):
    lab.set_up()
    backend = lab.backend("SharedDriver")
    volume = backend.create_volume(1)
    (lab.folder / "exports" / "refused").touch()
    with pytest.raises(cinderblock.CinderblockError) as caught:
        volume.connect(CONNECTOR)
    (lab.folder / "exports" / "refused").unlink()
    backend.driver.failing = ""
    assert vars(caught.value)["resource"] is volume
    assert lab.exports() == []
    # What could not be made is shown, so that it can be ended; made again, it is whole.
    (left,) = volume.connections
    assert (left.connected, volume.status) == (False, "available")
    assert volume.connect(CONNECTOR).connected
    volume.connections[0].disconnect()
    assert (lab.exports(), volume.connections) == ([], [])


def test_it_can_be_closed_and_set_up_again_with_something_else(lab):
    lab.set_up()
    lab.backend()
    with pytest.raises(Exception, match="Already setup"):
        cinderlib.setup()
    cinderlib.close()
    with pytest.raises(cinderblock.BackendUnavailable, match="setup"):
        cinderlib.Volume.get_by_id("any")
    lab.set_up(lab.database)
    assert lab.backend("SharedDriver").volumes == []


def test_threads_work_side_by_side(lab):
    lab.set_up(lab.database)
    backend, ids, failed = lab.backend(), [str(uuid.uuid4()) for _ in range(6)], []

    def work(volume_id):
        try:
            volume = lab.backend().create_volume(1, id=volume_id)
            volume.create_snapshot().delete()
            cinderlib.Volume.get_by_id(volume_id).extend(2)
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=work, args=(one,)) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    assert sorted((one.id, one.size) for one in backend.volumes) == sorted((one, 2) for one in ids)


def test_what_was_cut_off_is_made_by_whoever_asks_again(lab):
    options = {"volume_backend_name": "files", **lab.options("StoppingDriver")}
    volume_id = str(uuid.uuid4())
    with lab.alone("backend.create_volume(1, id=id)", options=options, id=volume_id) as process:
        assert process.stdout.readline() == "made\n"
        process.kill()
    lab.set_up(lab.database)
    backend = lab.backend()
    assert [one.status for one in backend.volumes] == ["creating"]
    made = backend.create_volume(1, id=volume_id)
    assert (made.status, lab.files()) == ("available", [f"volume-{volume_id}"])


def test_passwords_stand_in_clear_only_where_they_are_asked_for(lab):
    lab.set_up(lab.database, output_all_backend_info=True)
    backend = lab.backend("SharedDriver", san_password="hunter22!")
    connection = backend.create_volume(1).connect(CONNECTOR)
    secret = connection.conn_info["data"]["auth_password"]
    for text in (backend.jsons, cinderlib.dumps(), connection.jsons, connection.volume.dumps):
        assert secret not in text
        assert "hunter22!" not in text
    # With the same key it is all there again.
    assert cinderlib.load(connection.jsons).conn_info["data"]["auth_password"] == secret
    assert json.loads(backend.jsons)["backend"]["volume_driver"] == lab.options("SharedDriver")["volume_driver"]
    cinderlib.close()
    kept = [path for path in lab.folder.rglob("*") if path.is_file() and path.parent != lab.folder / "files"]
    assert [path for path in kept if secret.encode() in path.read_bytes()] == []
    lab.set_up(lab.database, secrets_in_json=True)
    assert secret in lab.backend("SharedDriver").jsons
