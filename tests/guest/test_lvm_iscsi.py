"""Cinder's LVM driver over iSCSI, with CHAP, on two paths: a real target, a real initiator."""

import os
import statistics
import time
from collections.abc import Mapping

import pytest

from cinderblock.cinder.loading import Runtime
from cinderblock.config import read
from cinderblock.errors import BackendUnavailable
from cinderblock.units import in_bytes
from persistence.memory import MemoryStore
from tests.guest import machine
from tests.guest.array import Array
from tests.guest.node import both

pytestmark = pytest.mark.usefixtures("nothing_left", "as_before")

#: How often attaching is measured, and how often on a machine that is too busy for that; odd numbers.
TURNS = 25 if "SOAK_SECONDS" in os.environ else 3
MOST_TURNS = max(TURNS, 11)
#: Of what os-brick takes alone.
MOST_TIMES = 1.1


@pytest.fixture(scope="module")
def node(nothing_left, tmp_path_factory):
    """The host, and os-brick alone, in one process."""
    with both(tmp_path_factory.mktemp("node")) as found:
        yield found


@pytest.fixture(scope="module")
def array(cinder_conf, node, tmp_path_factory):
    state_dir = tmp_path_factory.mktemp("state")
    configuration = read(cinder_conf, state_dir=state_dir)
    (backend,) = configuration.backends
    store = MemoryStore()
    runtime = Runtime.open(configuration, state_dir=state_dir, store=store)
    try:
        driver = runtime.start(backend)
        (pool,) = driver.pools()
        location = f"{backend.backend_host}@{backend.name}#{pool.name}"
        host, _ = node
        yield Array(driver, host, store, backend=backend.name, location=location)
    finally:
        runtime.close()
        store.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where file systems are mounted."""
    return tmp_path_factory.mktemp("mounted")


@pytest.fixture(scope="module")
def written(array, folder):
    """A volume with an ext4 on it, and the checksum of its file `data`."""
    volume = array.create("volume")
    with array.attach(volume) as attached:
        machine.run("mkfs.ext4", "-q", attached.path)
        with machine.mounted(attached.path, folder):
            checksum = machine.write(folder / "data")
    yield volume, checksum
    array.delete(volume)


def test_a_volume_is_one_device_on_two_paths_and_keeps_its_data(array, written, folder):
    volume, checksum = written

    with array.attach(volume) as attached:
        assert len(machine.paths(attached.path)) == 2
        assert machine.size_bytes(attached.path) == in_bytes(1)
        assert attached.device.wwn
        with machine.mounted(attached.path, folder):
            assert machine.checksum(folder / "data") == checksum


def test_a_snapshot_is_restored_to_a_larger_volume(array, written, folder):
    volume, checksum = written
    snapshot = array.snapshot("snapshot", volume)
    restored = array.restore("restored", snapshot, size_gib=2)

    with array.attach(restored) as attached:
        assert machine.size_bytes(attached.path) == in_bytes(2)
        with machine.mounted(attached.path, folder):
            assert machine.checksum(folder / "data") == checksum

    array.delete(restored)
    array.delete_snapshot(snapshot)


def test_a_clone_has_the_data_of_its_source_and_grows_while_mounted(array, written, folder):
    source, checksum = written
    clone = array.clone("clone", source)

    with array.attach(clone) as attached, machine.mounted(attached.path, folder):
        assert machine.checksum(folder / "data") == checksum

        array.extend(clone, 2)
        assert array.host.refresh_size(attached.connection.connection_info, attached.device) == in_bytes(2)
        assert {machine.size_bytes(f"/dev/{path}") for path in machine.paths(attached.path)} == {in_bytes(2)}

        machine.run("resize2fs", attached.path)
        assert machine.checksum(folder / "data") == checksum

    array.delete(clone)


def test_a_lost_path_costs_time_and_no_data(array, written, folder):
    volume, checksum = written

    with array.attach(volume) as attached, machine.mounted(attached.path, folder):
        with machine.cut("127.0.0.2"):
            during = machine.write(folder / "during")
        assert machine.checksum(folder / "during") == during
        assert machine.checksum(folder / "data") == checksum


def test_everything_but_the_creates_may_be_repeated(array):
    volume = array.create("volume")
    snapshot = array.snapshot("snapshot", volume)
    for _ in range(2):
        volume = array.extend(volume, 2)
    connection = array.publish(volume)
    info = connection.connection_info
    connection = array.publish_again(volume, connection)
    assert connection.connection_info == info
    for _ in range(2):
        array.driver.ensure_export(array.stored(volume))

    device = array.host.connect(info)
    assert array.host.connect(info) == device
    for _ in range(2):
        array.host.disconnect(info, device)

    for _ in range(2):
        array.driver.disconnect(array.stored(volume), connection, last=True)
    for _ in range(2):
        array.driver.delete_snapshot(snapshot)
    array.forget(snapshot, connection)
    for _ in range(2):
        array.driver.delete(array.stored(volume))


def test_a_wrong_chap_secret_is_refused(array, written):
    volume, _ = written
    connection = array.publish(volume)
    data = connection.connection_info["data"]
    assert isinstance(data, Mapping)
    assert data["auth_password"]

    with pytest.raises(BackendUnavailable) as refused:
        array.host.connect({**connection.connection_info, "data": {**data, "auth_password": "not-the-secret"}})

    assert "not-the-secret" not in str(refused.value)
    assert machine.storage()["disks"] == set()
    array.unpublish(volume, connection)


def test_attaching_costs_hardly_more_than_with_os_brick_alone(array, node, written):
    volume, _ = written
    host, bare = node
    connection = array.publish(volume)
    info = connection.connection_info
    data = info["data"]
    assert isinstance(data, Mapping)

    def seconds(connect, disconnect, known):
        began = time.monotonic()
        disconnect(known, connect(known))
        return time.monotonic() - began

    def times():
        # Of the quickest, because what else the machine does only ever adds.
        return min(ours for ours, _ in turns) / min(theirs for _, theirs in turns)

    turns: list[tuple[float, float]] = []
    while len(turns) < TURNS or (times() > MOST_TIMES and len(turns) < MOST_TURNS):
        # In turn, so that both have the machine as it is.
        turns.append((seconds(host.connect, host.disconnect, info), seconds(bare.connect, bare.disconnect, data)))
    array.unpublish(volume, connection)
    for name, of in (("median", statistics.median), ("quickest", min)):
        ours, theirs = (of(column) for column in zip(*turns, strict=True))
        print(f"attached and detached, {name}: {ours:.2f} s, os-brick alone {theirs:.2f} s, {ours / theirs:.2f} times")
    assert times() <= MOST_TIMES
