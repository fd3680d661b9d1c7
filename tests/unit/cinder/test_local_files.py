"""The driver of local files: its folder, its files, what it says of itself."""

import os

import pytest

from cinderblock.errors import BackendUnavailable, ConfigurationError, InUse, OutOfRange
from tests.contract.drivers import mounted, stored_snapshot
from tests.unit.cinder.writing import writing_to

LOCAL = "volume_driver = cinderblock.cinder.local_files.LocalFilesDriver"


def test_files_and_folder_are_for_root_only(lab):
    driver, _ = lab.start(LOCAL)
    volume = lab.volume()
    driver.create(volume)
    folder = lab.folder / "array"
    file = folder / f"volume-{volume.cinder_id}"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.stat().st_blocks == 0


def test_names_follow_the_template_and_stay_in_the_folder(lab):
    driver, _ = lab.start(LOCAL, default="volume_name_template = vol.%s.raw")
    volume = lab.volume()
    driver.create(volume)
    assert [file.name for file in (lab.folder / "array").iterdir()] == [f"vol.{volume.cinder_id}.raw"]


def test_a_template_that_leads_out_of_the_folder_is_refused(lab):
    driver, _ = lab.start(LOCAL, default="volume_name_template = ../%s")
    with pytest.raises(Exception, match="volume_name_template"):
        driver.create(lab.volume())


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        ("relative/path", ConfigurationError, "local_files_path"),
        ("{folder}/not-mounted/volumes", BackendUnavailable, "No such file or directory"),
        ("{folder}/cinder.conf", BackendUnavailable, "cannot be used: "),
        ("/proc", BackendUnavailable, "no file can be made in"),
    ],
)
def test_a_folder_that_cannot_hold_volumes_is_refused_at_the_start(lab, path, error, words):
    with pytest.raises(error, match=words):
        lab.start(f"{LOCAL}\nlocal_files_path = {path.format(folder=lab.folder)}")


def test_leftovers_of_a_crash_are_cleared_at_the_start(lab):
    (lab.folder / "array").mkdir()
    (lab.folder / "array" / ".volume-1.partial").write_bytes(b"half")
    lab.start(LOCAL)
    assert not list((lab.folder / "array").iterdir())


def test_capacity_is_the_file_system_s_and_what_was_promised_is_counted(lab):
    driver, _ = lab.start(f"{LOCAL}\nmax_over_subscription_ratio = 3.5\nreserved_percentage = 7")
    volume = lab.volume(size_gib=4)
    driver.create(volume)
    snapshot = stored_snapshot(lab.store, volume)
    driver.create_snapshot(snapshot)
    (pool,) = driver.pools()
    system = os.statvfs(lab.folder)
    assert pool.name == "array"
    assert pool.total_gib == pytest.approx(system.f_blocks * system.f_frsize / 1024**3)
    assert pool.free_gib == pytest.approx(system.f_bavail * system.f_frsize / 1024**3, rel=0.05)
    assert (pool.provisioned_gib, pool.over_subscription, pool.reserved_percent) == (8.0, 3.5, 7.0)
    assert pool.thin
    abilities = driver.abilities()
    assert (abilities.node_local, abilities.snapshots_depend, abilities.multiattach) == (True, False, False)
    assert abilities.online_extend
    assert abilities.revert


def test_a_volume_that_no_file_system_holds_is_out_of_range(lab):
    driver, _ = lab.start(LOCAL)
    with pytest.raises(OutOfRange, match="File too large"):
        driver.create(lab.volume(size_gib=2**34))


@pytest.mark.alone
def test_a_snapshot_of_a_busy_volume_says_what_to_do(lab, memory):
    driver, _ = lab.start(f"{LOCAL}\nlocal_files_path = {memory}")
    volume = lab.volume()
    driver.create(volume)
    file = memory / f"volume-{volume.cinder_id}"
    with file.open("r+b") as stream:
        stream.write(os.urandom(48 * 1024**2))
    with writing_to(file), pytest.raises(InUse, match="stop what writes to it for a moment"):
        driver.create_snapshot(stored_snapshot(lab.store, volume))
    assert list(memory.iterdir()) == [file]


def test_a_connection_gives_the_file_and_makes_no_loop_device(lab):
    from tests.contract.drivers import stored_connection

    driver, _ = lab.start(LOCAL)
    volume = lab.volume()
    driver.create(volume)
    _, info = driver.connect(volume, stored_connection(lab.store, volume, readonly=True))
    path = lab.folder / "array" / f"volume-{volume.cinder_id}"
    assert info == {
        "driver_volume_type": "local",
        "data": {"device_path": str(path), "format": "raw", "access_mode": "ro"},
    }


@pytest.mark.alone
def test_a_folder_that_all_machines_have_is_of_no_machine(lab):
    with mounted(lab.folder, file_system="xfs", size_mib=320) as mount:
        driver, _ = lab.start(f"{LOCAL}\nlocal_files_path = {mount}/volumes\nlocal_files_shared = true")
        volume = lab.volume()
        driver.create(volume)
        driver.create_snapshot(stored_snapshot(lab.store, volume))
        assert not driver.abilities().node_local
        assert len(list((mount / "volumes").iterdir())) == 2


def test_a_folder_that_all_machines_have_wants_reflinks(lab, memory):
    with pytest.raises(BackendUnavailable, match="has no reflinks, which local_files_shared needs"):
        lab.start(f"{LOCAL}\nlocal_files_path = {memory}\nlocal_files_shared = true")
    assert list(memory.iterdir()) == []
