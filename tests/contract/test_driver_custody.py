"""What every driver promises that takes over what is there, gives it back, reverts and retypes."""

import subprocess
from dataclasses import replace

import pytest

from cinderblock.errors import BackendUnavailable, InvalidRequest
from cinderblock.units import in_bytes
from persistence.records import Specs, Status
from tests.contract.drivers import FilesBench, stored_snapshot, stored_volume

MARKS = {0: b"foreign!", in_bytes(2) - 8192: b"the end."}
FOUND = {"source-name": "disk.img"}


@pytest.fixture
def foreign(bench):
    bench.add_foreign("disk.img", size_gib=2, data=MARKS)
    return bench


def read(bench, volume):
    return {place: bench.read(volume, place, 8) for place in MARKS}


def managed(bench, **fields):
    volume = stored_volume(bench.store, size_gib=2, **fields)
    bench.driver.manage(volume, FOUND)
    return volume


def made(bench, **fields):
    volume = stored_volume(bench.store, **fields)
    bench.driver.create(volume)
    return volume


def test_what_is_there_tells_its_size_in_whole_gib_and_is_not_touched(foreign):
    volume = stored_volume(foreign.store)
    assert foreign.driver.size_gib_of(volume, FOUND) == 2
    assert foreign.driver.size_gib_of(volume, FOUND) == 2
    assert not foreign.exists(volume.cinder_id)


@pytest.mark.parametrize("reference", [{"source-name": "nothing"}, {"source-name": ""}, {"source-id": "7"}, {}])
def test_what_is_not_there_is_invalid_and_changes_nothing(foreign, reference):
    volume = stored_volume(foreign.store)
    with pytest.raises(InvalidRequest):
        foreign.driver.size_gib_of(volume, reference)
    with pytest.raises(InvalidRequest):
        foreign.driver.manage(volume, reference)
    assert not foreign.exists(volume.cinder_id)


def test_a_volume_that_is_taken_over_has_its_content_and_lives_as_any_other(foreign):
    volume = managed(foreign)
    assert foreign.size_bytes(volume) == in_bytes(2)
    assert read(foreign, volume) == MARKS
    snapshot = stored_snapshot(foreign.store, volume)
    foreign.driver.create_snapshot(snapshot)
    foreign.driver.extend(volume, 3)
    assert foreign.size_bytes(volume) == in_bytes(3)
    foreign.driver.delete_snapshot(snapshot)
    foreign.driver.delete(volume)
    assert not foreign.exists(volume.cinder_id)


def test_what_was_taken_over_is_not_where_it_was_but_where_the_reference_says(foreign):
    volume = managed(foreign)
    with pytest.raises(InvalidRequest):
        foreign.driver.size_gib_of(volume, FOUND)
    assert foreign.driver.size_gib_of(volume, foreign.driver.reference(volume)) == 2


def test_what_was_half_taken_over_is_taken_over_from_its_new_name(foreign):
    before = managed(foreign)
    where = foreign.driver.reference(before)
    after = foreign.store.volumes.replace(replace(before, cinder_id="0b5d4c0e-8f0a-4d4e-9d0e-6a1f1c0de001"))
    foreign.driver.manage(after, where)
    assert read(foreign, after) == MARKS
    assert not foreign.exists(before.cinder_id)


def test_what_is_let_go_of_stays_and_can_be_taken_over_again(foreign):
    volume = managed(foreign)
    where = foreign.driver.reference(volume)
    for _ in range(2):
        foreign.driver.unmanage(volume)
    foreign.store.volumes.delete(volume)
    again = stored_volume(foreign.store, size_gib=2)
    assert foreign.driver.size_gib_of(again, where) == 2
    foreign.driver.manage(again, where)
    assert read(foreign, again) == MARKS


def test_letting_go_of_what_is_not_there_succeeds(bench):
    volume = stored_volume(bench.store)
    bench.driver.unmanage(volume)
    bench.driver.unmanage(stored_snapshot(bench.store, volume))


def test_what_can_be_taken_over_is_listed(foreign):
    ours = made(foreign)
    by_name = {one.reference["source-name"]: one for one in foreign.driver.manageable_volumes([ours])}
    assert (by_name["disk.img"].size_gib, by_name["disk.img"].in_the_way) == (2, "")
    mine = by_name.get(foreign.driver.reference(ours)["source-name"])
    assert mine is None or mine.in_the_way


def test_a_snapshot_is_taken_over_restored_and_let_go_of(foreign):
    volume = made(foreign, size_gib=2)
    snapshot = stored_snapshot(foreign.store, volume)
    assert foreign.driver.size_gib_of(snapshot, FOUND) == 2
    foreign.driver.manage(snapshot, FOUND)
    restored = stored_volume(foreign.store, size_gib=2)
    foreign.driver.create_from_snapshot(restored, snapshot)
    assert read(foreign, restored) == MARKS
    foreign.driver.unmanage(snapshot)
    assert foreign.driver.size_gib_of(snapshot, foreign.driver.reference(snapshot)) == 2


def test_a_volume_goes_back_to_its_snapshot_as_often_as_asked_and_keeps_its_size(bench):
    volume = made(bench, size_gib=1)
    bench.write(volume, 4096, b"before..")
    snapshot = stored_snapshot(bench.store, volume)
    bench.driver.create_snapshot(snapshot)
    bench.write(volume, 4096, b"after...")
    bench.write(volume, 512 * 1024**2, b"new data")
    for again in (False, True):
        bench.driver.revert(volume, snapshot, again=again)
        assert bench.read(volume, 4096, 8) == b"before.."
        assert bench.read(volume, 512 * 1024**2, 8) == bytes(8)
        assert bench.size_bytes(volume) == in_bytes(1)
    bench.write(volume, 4096, b"yet more")
    restored = stored_volume(bench.store)
    bench.driver.create_from_snapshot(restored, snapshot)
    assert bench.read(restored, 4096, 8) == b"before.."


def test_what_is_missing_behind_our_back_is_not_reverted(bench):
    volume = stored_volume(bench.store)
    snapshot = stored_snapshot(bench.store, volume)
    with pytest.raises(BackendUnavailable):
        bench.driver.revert(volume, snapshot, again=False)
    volume = made(bench)
    with pytest.raises(BackendUnavailable):
        bench.driver.revert(volume, replace(snapshot, volume_cinder_id=volume.cinder_id), again=False)


def test_specs_change_and_may_change_again(bench):
    volume = made(bench, extra_specs={"tier": "gold"}, qos_specs={"iops": "500"})
    wanted = Specs(extra={"tier": "silver"}, qos={})
    for _ in range(2):
        bench.driver.retype(replace(volume, status=Status.RETYPING, wanted_specs=wanted), wanted)


def test_a_file_that_somebody_has_as_a_device_is_not_taken_over(tmp_path):
    bench = FilesBench(tmp_path)
    bench.add_foreign("disk.img", size_gib=1, data={})
    file = bench.volumes / "disk.img"
    device = subprocess.run(
        ["losetup", "-f", "--show", file], check=True, capture_output=True, text=True
    ).stdout.strip()
    try:
        with pytest.raises(InvalidRequest, match=f"in use by {device}"):
            bench.driver.size_gib_of(stored_volume(bench.store), FOUND)
        assert device in bench.driver.manageable_volumes([])[0].in_the_way
    finally:
        subprocess.run(["losetup", "-d", device], check=True)
        bench.close()
