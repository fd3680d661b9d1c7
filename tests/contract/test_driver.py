"""What every driver promises, held against the fake one and against Cinder's way with local files."""

import json
import os
from dataclasses import replace

import pytest

from cinderblock.errors import BackendUnavailable, OutOfSpace
from cinderblock.units import in_bytes
from tests.contract.drivers import (
    CONNECTOR,
    FilesBench,
    mounted,
    stored_connection,
    stored_snapshot,
    stored_volume,
)

#: Written at these places: at the start, across a page, in the middle of a hole, at the very end.
PLACES = (0, 4095, 512 * 1024**2 + 7, in_bytes(1) - 8)


def made(bench, **fields):
    volume = stored_volume(bench.store, **fields)
    bench.driver.create(volume)
    return volume


def written(bench, **fields):
    volume = made(bench, **fields)
    marks = {place: os.urandom(8) for place in PLACES}
    for place, mark in marks.items():
        bench.write(volume, place, mark)
    return volume, marks


def read(bench, volume):
    return {place: bench.read(volume, place, 8) for place in PLACES}


def test_a_new_volume_has_its_size_and_reads_as_zeros(bench):
    volume = made(bench, size_gib=2)
    assert bench.size_bytes(volume) == in_bytes(2)
    assert bench.read(volume, in_bytes(2) - 4096, 4096) == bytes(4096)


def test_a_volume_that_exists_is_never_made_anew(bench):
    volume, marks = written(bench)
    with pytest.raises(Exception, match="exists"):
        bench.driver.create(volume)
    assert read(bench, volume) == marks


def test_a_deleted_volume_is_gone_and_deleting_it_again_succeeds(bench):
    volume = made(bench)
    bench.driver.delete(volume)
    assert not bench.exists(volume.cinder_id)
    bench.driver.delete(volume)


def test_a_volume_that_never_was_can_be_deleted(bench):
    bench.driver.delete(stored_volume(bench.store))


def test_a_volume_keeps_its_content_when_it_grows_and_growing_may_be_repeated(bench):
    volume, marks = written(bench)
    bench.driver.extend(volume, 3)
    bench.driver.extend(replace(volume, size_gib=3), 3)
    assert bench.size_bytes(volume) == in_bytes(3)
    assert read(bench, volume) == marks
    assert bench.read(volume, in_bytes(3) - 8, 8) == bytes(8)


def test_a_snapshot_keeps_what_was_there_when_it_was_taken(bench):
    volume, marks = written(bench)
    snapshot = stored_snapshot(bench.store, volume)
    bench.driver.create_snapshot(snapshot)
    bench.write(volume, 0, b"later...")
    restored = stored_volume(bench.store)
    bench.driver.create_from_snapshot(restored, snapshot)
    assert read(bench, restored) == marks
    assert bench.read(volume, 0, 8) == b"later..."


def test_a_snapshot_can_be_restored_to_a_larger_volume(bench):
    volume, marks = written(bench)
    snapshot = stored_snapshot(bench.store, volume)
    bench.driver.create_snapshot(snapshot)
    restored = stored_volume(bench.store, size_gib=4)
    bench.driver.create_from_snapshot(restored, snapshot)
    assert bench.size_bytes(restored) == in_bytes(4)
    assert read(bench, restored) == marks


@pytest.mark.parametrize("size_gib", [1, 3])
def test_a_clone_has_its_source_s_content_and_leads_a_life_of_its_own(bench, size_gib):
    source, marks = written(bench)
    clone = stored_volume(bench.store, size_gib=size_gib)
    bench.driver.clone(clone, source)
    bench.write(clone, 0, b"clone...")
    assert bench.size_bytes(clone) == in_bytes(size_gib)
    assert read(bench, source) == marks
    assert read(bench, clone) == {**marks, 0: b"clone..."}


def test_snapshots_outlive_a_volume_that_they_do_not_depend_on(bench):
    assert not bench.driver.abilities().snapshots_depend
    volume, marks = written(bench)
    snapshot = stored_snapshot(bench.store, volume)
    bench.driver.create_snapshot(snapshot)
    bench.driver.delete(volume)
    restored = stored_volume(bench.store)
    bench.driver.create_from_snapshot(restored, snapshot)
    assert read(bench, restored) == marks


def test_a_deleted_snapshot_is_gone_and_deleting_it_again_succeeds(bench):
    snapshot = stored_snapshot(bench.store, made(bench))
    bench.driver.create_snapshot(snapshot)
    bench.driver.delete_snapshot(snapshot)
    assert not bench.exists(snapshot.cinder_id)
    bench.driver.delete_snapshot(snapshot)


def test_connecting_again_gives_an_equal_answer(bench):
    volume = made(bench)
    connection = stored_connection(bench.store, volume)
    bench.driver.validate_connector(CONNECTOR)
    _, first = bench.driver.connect(volume, connection)
    _, second = bench.driver.connect(volume, connection)
    assert first == second
    assert first["driver_volume_type"]
    assert first["data"]


def test_disconnecting_may_be_repeated_even_when_the_volume_is_gone(bench):
    volume = made(bench)
    connection = stored_connection(bench.store, volume)
    bench.driver.connect(volume, connection)
    for _ in range(2):
        bench.driver.disconnect(volume, connection, last=True)
    bench.driver.delete(volume)
    bench.driver.disconnect(volume, connection, last=True)


def test_an_export_can_be_ensured(bench):
    volume = made(bench)
    bench.driver.connect(volume, stored_connection(bench.store, volume))
    bench.driver.ensure_export(volume)


def test_what_is_missing_behind_our_back_is_unavailable_in_words(bench):
    volume = stored_volume(bench.store)
    with pytest.raises(BackendUnavailable, match=volume.cinder_id):
        bench.driver.connect(volume, stored_connection(bench.store, volume))
    with pytest.raises(BackendUnavailable, match=volume.cinder_id):
        bench.driver.extend(volume, 2)
    with pytest.raises(BackendUnavailable, match=volume.cinder_id):
        bench.driver.clone(stored_volume(bench.store), volume)
    with pytest.raises(BackendUnavailable, match=volume.cinder_id):
        bench.driver.create_snapshot(stored_snapshot(bench.store, volume))


def test_the_pools_count_what_was_promised(bench):
    (before,) = bench.driver.pools()
    made(bench, size_gib=2)
    (after,) = bench.driver.pools()
    assert after.provisioned_gib == pytest.approx(before.provisioned_gib + 2)
    assert before.total_gib > 0
    assert 0 <= after.free_gib <= after.total_gib


def test_what_it_says_of_itself_is_what_json_has(bench):
    said = bench.driver.stats()
    assert said["vendor_name"]
    assert said["total_capacity_gb"] > 0
    assert json.loads(json.dumps(said, allow_nan=False)) == said


def test_a_closed_driver_refuses_in_words_and_a_new_one_finds_everything(bench):
    volume, marks = written(bench)
    old = bench.driver
    bench.reopen()
    old.close()
    with pytest.raises(BackendUnavailable, match="closed"):
        old.create(stored_volume(bench.store))
    assert read(bench, volume) == marks
    bench.driver.extend(volume, 2)


@pytest.mark.parametrize("what", ["snapshot", "clone", "restore"])
def test_a_copy_that_does_not_fit_is_out_of_space_and_leaves_nothing(tmp_path, what):
    with mounted(tmp_path, file_system="ext4", size_mib=24) as mount:
        bench = FilesBench(mount)
        try:
            volume = made(bench)
            bench.write(volume, 0, os.urandom(6 * 1024**2))
            snapshot = stored_snapshot(bench.store, volume)
            if what == "restore":
                bench.driver.create_snapshot(snapshot)
            filler = made(bench)
            bench.write(filler, 0, bytes(1) * (free_bytes(mount) - 3 * 1024**2))
            before = sorted(bench.volumes.iterdir()), bench.used_bytes()
            copy = stored_volume(bench.store)
            with pytest.raises(OutOfSpace, match="No space left"):
                {
                    "snapshot": lambda: bench.driver.create_snapshot(snapshot),
                    "clone": lambda: bench.driver.clone(copy, volume),
                    "restore": lambda: bench.driver.create_from_snapshot(copy, snapshot),
                }[what]()
            assert (sorted(bench.volumes.iterdir()), bench.used_bytes()) == before
        finally:
            bench.close()


def free_bytes(mount):
    os.sync()
    system = os.statvfs(mount)
    return system.f_bavail * system.f_frsize
