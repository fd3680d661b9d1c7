"""Volumes as block devices of this machine: taken up and undone by any process, never under others' hands."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import cinderblock
from cinderblock.units import GIB


def test_what_is_written_through_a_device_is_in_the_volume(lab, loops):
    volume = lab.backend().create_volume(1)
    with volume.attached() as device, Path(device).open("r+b") as file:
        assert loops() == {device.path}
        file.write(b"hello")
    assert volume.connections() == []
    with volume.clone().attached(readonly=True) as device, Path(device).open("rb") as file:
        assert file.read(5) == b"hello"


def test_two_who_ask_do_not_share_a_device_unawares(lab, loops):
    volume = lab.backend().create_volume(1)
    with volume.attached() as device:
        with pytest.raises(cinderblock.InUse, match=f"attached here as {device.path}"), volume.attached():
            pass
        assert loops() == {device.path}
    with volume.attached():
        pass


def test_attaching_twice_is_one_device_and_detaching_twice_is_success(lab, loops):
    volume = lab.backend().create_volume(1)
    first, second = volume.attach(), volume.attach()
    assert (first, first.device) == (second, second.device)
    assert first.attached_here
    volume.detach()
    volume.detach()
    assert (volume.connections(), first.device, first.attached_here) == ([], None, False)


def test_a_connection_that_was_there_before_stays_when_the_device_goes(lab, loops):
    storage = lab.open()
    volume = lab.backend(storage=storage).create_volume(1)
    connection = volume.connect(storage.connector_properties())
    with volume.attached():
        pass
    assert volume.connections() == [connection]


def test_a_volume_that_is_attached_here_is_not_disconnected_under_its_user(lab, loops):
    volume = lab.backend().create_volume(1)
    with volume.attached() as device:
        with pytest.raises(cinderblock.InUse, match=device.path):
            volume.disconnect()
        with Path(device).open("rb") as file:
            assert file.read(1) == b"\0"


def test_a_device_that_is_open_stays_and_is_detached_later(lab, loops):
    volume = lab.backend().create_volume(1)
    connection = volume.attach()
    with Path(connection.device).open("rb") as file:
        with pytest.raises(cinderblock.InUse, match="still open"):
            volume.detach()
        assert file.read(1) == b"\0"
    volume.detach()


def test_extending_grows_the_device_as_well(lab, loops):
    volume = lab.backend().create_volume(1)
    with volume.attached() as device:
        volume.extend(2)
        with Path(device).open("rb") as file:
            assert file.seek(0, 2) == 2 * GIB


def test_a_volume_that_cannot_be_attached_is_not_connected_afterwards(lab, loops):
    storage = lab.open()
    volume = lab.backend("Qcow2Driver", storage=storage).create_volume(1)
    with pytest.raises(cinderblock.InvalidRequest, match="qcow2"):
        volume.attach()
    assert volume.connections() == []
    connection = volume.connect(storage.connector_properties())
    with pytest.raises(cinderblock.InvalidRequest, match="qcow2"):
        connection.attach()
    assert not connection.attached_here


def test_a_later_process_detaches_what_one_that_died_has_attached(lab, loops):
    lab.done(
        """
import cinderblock, os
storage = cinderblock.open(url, state_dir=state)
storage.backend("files", **options).create_volume(1, id="v").attach()
os._exit(0)
"""
    )
    storage = lab.open(lab.url)
    lab.backend(storage=storage)
    volume = storage.volume("v")
    (connection,) = volume.connections()
    assert Path(connection.device).is_block_device()
    with pytest.raises(cinderblock.InUse):
        volume.delete()
    volume.detach()
    volume.delete()


def test_what_was_attached_in_another_boot_is_attached_anew(lab, loops):
    volume = lab.backend().create_volume(1)
    connection = volume.attach()
    device = connection.device
    remembered(lab.store, boot_id="another")
    assert connection.device is None
    with volume.attached() as again:
        assert again.path == device.path


def test_what_is_attached_on_another_machine_is_left_alone_here(lab, loops):
    volume = lab.backend().create_volume(1)
    connection = volume.attach()
    kept = remembered(lab.store, boot_id="another", machine="another")
    for verb in (connection.attach, connection.detach):
        with pytest.raises(cinderblock.InvalidRequest, match="is attached on 'another'; detach it there"):
            verb()
    volume.detach()
    assert connection.status == "available"
    remembered(lab.store, **kept)
    volume.detach()


def remembered(store, **changes):
    """Change what is remembered of the only attachment; return what it was."""
    (record,) = [record for record in store.key_values.page() if record.id.startswith("device/")]
    before = json.loads(record.value)
    store.key_values.replace(replace(record, value=json.dumps({**before, **changes})))
    return before


def test_a_connection_that_has_ended_is_not_attached_any_more(lab, loops):
    storage = lab.open()
    volume = lab.backend(storage=storage).create_volume(1)
    connection = volume.connect(storage.connector_properties())
    connection.disconnect()
    connection.disconnect()
    with pytest.raises(cinderblock.NotFound, match="not connected"):
        connection.attach()
    again = volume.connect(storage.connector_properties())
    assert again.id == connection.id
    with pytest.raises(cinderblock.NotFound, match="not connected"):
        connection.attach()
    connection.disconnect()
    assert volume.connections() == [again]
    again.disconnect()
    volume.delete()
    assert not [record for record in lab.store.key_values.page() if record.id.startswith("device/")]


def test_a_device_of_an_earlier_connection_of_that_name_is_let_go(lab, loops):
    backend = lab.backend()
    old = backend.create_volume(1, id="v")
    connection = old.attach()
    kept = connection.device
    # Ended from elsewhere, as by hand: this machine was not asked.
    lab.store.connections.delete(lab.store.connections.get(connection.id))
    old.delete()
    with backend.create_volume(1, id="v").attached() as device, Path(device).open("rb") as file:
        assert device.backing != kept.backing
        assert file.read(1) == b"\0"


def test_this_machine_is_described_as_drivers_want_it():
    described = cinderblock.connector_properties(ip="192.0.2.7", multipath=False)
    assert described["ip"] == "192.0.2.7"
    assert described["multipath"] is False
    assert described["host"]


def test_a_connector_is_looked_at_by_the_driver(lab):
    backend = lab.backend("SharedDriver")
    backend.validate_connector({"host": "a", "initiator": "iqn"})
    with pytest.raises(cinderblock.InvalidRequest, match="initiator"):
        backend.validate_connector({"host": "a"})
    for wrong in ({}, {"host": ""}, "host", {"host": 7}):
        with pytest.raises(cinderblock.InvalidRequest, match="connector_properties"):
            backend.validate_connector(wrong)
