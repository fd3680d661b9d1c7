"""Restarts, crashes, a lost journal, another boot; and health, when something is wrong."""

import json
import os
import secrets
import signal
import subprocess
from pathlib import Path

import pytest

from cinderblock.errors import AlreadyExists, BackendUnavailable, InUse, NotFound
from csi.node import blocks
from persistence.seal import Sealer
from tests.node.conftest import MIB, Lab, block, leftovers, mount
from tests.ready.process import ran


def change_entry(lab, **fields):
    (file,) = lab.journal_files()
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


@pytest.mark.parametrize("capability", [mount(), block()], ids=["mount", "block"])
def test_what_is_mounted_outlives_the_process(lab, capability):
    lab.volume()
    lab.stage(capability=capability)
    lab.publish(capability=capability)
    lab.restarted()
    ran = len(lab.runner.ran)
    lab.stage(capability=capability)
    lab.publish(capability=capability)
    assert lab.runner.ran[ran:] == []
    lab.restarted()
    lab.unpublish()
    lab.unstage()


@pytest.mark.parametrize(
    "capability", [mount(), mount("xfs"), mount("btrfs"), block()], ids=["ext4", "xfs", "btrfs", "block"]
)
def test_a_lost_journal_is_rebuilt_from_the_mounts(lab, capability):
    lab.volume()
    lab.stage(capability=capability)
    target = lab.publish(capability=capability)
    lab.lose_journal()
    with pytest.raises(InUse, match="unpublish"):
        lab.unstage()
    assert lab.is_mounted(target)
    lab.unpublish()
    lab.lose_journal()
    lab.unstage()
    assert leftovers(lab.folder) == []


def test_what_has_only_a_folder_bound_elsewhere_is_not_measured(lab):
    lab.volume()
    lab.stage()
    inside, elsewhere = Path(lab.staging("vol"), "inside"), lab.folder / "elsewhere"
    for folder in (inside, elsewhere):
        folder.mkdir()
    subprocess.run(["mount", "--bind", inside, elsewhere], check=True)
    lab.lose_journal()
    with pytest.raises(NotFound, match="not on this node"):
        lab.stats(lab.staging("vol"))
    subprocess.run(["umount", elsewhere], check=True)
    lab.unstage()


@pytest.mark.parametrize("capability", [mount(), block()], ids=["mount", "block"])
def test_a_stage_after_a_lost_journal_recognises_what_is_there(lab, capability):
    lab.volume()
    lab.stage(capability=capability)
    lab.publish(capability=capability)
    lab.lose_journal()
    ran = len(lab.runner.ran)
    lab.stage(capability=capability)
    lab.publish(capability=capability)
    assert lab.runner.ran[ran:] == []
    assert len(lab.journal_files()) == 1
    lab.unpublish()
    lab.unstage()


def test_a_stage_after_a_lost_journal_does_not_take_another_volume_for_its_own(lab):
    lab.volume()
    lab.volume("other")
    lab.stage()
    lab.lose_journal()
    with pytest.raises(InUse, match="another volume"):
        lab.stage("other", path=lab.staging("vol"))
    with pytest.raises(AlreadyExists, match="xfs"):
        lab.stage(capability=mount("xfs"))
    assert lab.loop("other") is None
    lab.unstage()


def test_growing_after_a_lost_journal(lab):
    lab.volume()
    lab.stage(capability=mount("xfs"))
    lab.volume(size_mib=800)
    lab.lose_journal()
    path = lab.staging("vol")
    assert lab.expand(path, 800 * MIB, staging_target_path=path) == 800 * MIB
    lab.unstage()


def test_a_journal_entry_that_is_damaged_counts_as_lost(lab):
    lab.volume()
    lab.stage()
    (file,) = lab.journal_files()
    file.write_text("{")
    lab.unstage()
    assert leftovers(lab.folder) == []


def test_a_lost_key_does_not_stop_unstage(lab):
    lab.volume()
    lab.stage()
    lab.sealer = Sealer([secrets.token_bytes(32)])
    lab.restarted()
    lab.unstage()
    assert leftovers(lab.folder) == []


def test_after_another_boot_device_names_mean_nothing(lab):
    lab.volume()
    lab.volume("other")
    lab.stage()
    (file,) = lab.journal_files()
    entry = json.loads(file.read_text())
    lab.unstage()
    # As after a reboot: the journal is there, the device went to somebody else.
    lab.stage("other", block())
    device = lab.loop("other").path
    entry["device"]["path"] = device
    file.write_text(json.dumps({**entry, "boot_id": "another"}))
    lab.restarted()
    lab.stage()
    lab.unstage()
    assert lab.loop("other").path == device
    file.write_text(json.dumps(entry))
    lab.unstage()
    assert lab.loop("other").path == device
    lab.unstage("other")


def test_a_stage_that_was_cut_off_is_done_again(lab):
    lab.volume()
    lab.stage()
    change_entry(lab, state="staging")
    lab.restarted()
    assert lab.health() == ["StageIncomplete"]
    lab.stage()
    assert lab.health() == []
    lab.unstage()


def test_a_publish_that_was_cut_off_before_it_was_read_only_is_done_again(lab):
    lab.volume()
    lab.stage()
    target = lab.publish()
    change_entry(lab, targets=[{"path": target, "readonly": True, "mode": "SINGLE_NODE_WRITER", "done": False}])
    lab.publish(readonly=True)
    with pytest.raises(OSError, match="Read-only"):
        (Path(target) / "file").touch()
    lab.unpublish()
    lab.unstage()


def killed(folder, key, where):
    """Run in a process of its own: be killed in the middle of staging."""
    lab = Lab.__new__(Lab)
    lab.attend(Path(folder), Sealer([bytes.fromhex(key)]))
    if where in ("before", "after"):
        getattr(lab.host, where)["connect"] = lambda: os.kill(os.getpid(), signal.SIGKILL)
    else:
        lab.runner.killing = where
    lab.stage(capability=mount())


@pytest.mark.parametrize("where", ["before", "after", "blkid", "mkfs.ext4", "mount"])
@pytest.mark.parametrize("then", ["stage", "unstage"])
def test_a_killed_stage_leaves_nothing_that_the_next_call_does_not_finish(lab, where, then):
    lab.volume()
    lab.staging("vol")
    key = secrets.token_bytes(32)
    lab.sealer = Sealer([key])
    ended = ran("tests.node.test_recovery:killed", [lab.folder, key.hex(), where])
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    lab.restarted()
    if then == "stage":
        lab.stage()
        assert lab.health() == []
    lab.unstage()
    assert leftovers(lab.folder) == []
    assert lab.journal_files() == []


def test_health_tells_a_missing_file(lab):
    lab.volume()
    lab.stage()
    lab.file("vol").unlink()
    assert lab.health() == ["BackingFileMissing"]
    lab.unstage()


def test_health_tells_a_missing_mount(lab):
    lab.volume()
    lab.stage()
    subprocess.run(["umount", lab.staging("vol")], check=True)
    assert lab.health() == ["NotMounted"]
    lab.unstage()


@pytest.mark.alone  # nobody else may get the device in between
def test_health_tells_a_missing_device(lab):
    lab.volume()
    lab.stage(capability=block())
    subprocess.run(["umount", f"{lab.staging('vol')}/device"], check=True)
    subprocess.run(["losetup", "-d", lab.loop().path], check=True)
    assert lab.health() == ["DeviceGone"]
    lab.unstage()


def test_health_tells_a_file_system_that_became_read_only(lab):
    lab.volume()
    lab.stage()
    subprocess.run(["mount", "-o", "remount,ro", lab.staging("vol")], check=True)
    assert lab.health() == ["ReadOnlyAfterErrors"]
    lab.unstage()


def test_a_journal_that_cannot_be_written_stops_a_stage_before_it_begins(lab):
    lab.volume()
    folder = lab.folder / "state" / "node" / "journal"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,nr_inodes=1", "none", folder], check=True)
    try:
        with pytest.raises(BackendUnavailable, match="journal"):
            lab.stage()
        assert lab.host.calls.count("connect") == 0
        assert lab.health() == ["StageFailed"]
        assert [each.reason for each in lab.node.NodeGetStorageHealth(None, None).backend_health] == [
            "JournalNotWritable"
        ]
    finally:
        subprocess.run(["umount", folder], check=True)
    assert leftovers(lab.folder) == []


def test_no_secret_of_a_connection_is_readable_on_disk(lab):
    lab.volume()
    lab.stage(context=lab.context("vol", auth_password="canary-4711"))
    (file,) = lab.journal_files()
    assert b"canary-4711" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0
    assert not blocks.is_readonly(lab.loop().path)
    lab.unstage()
