"""What Cinder's NFS driver would do to a user's data, and does not here."""

import os
import subprocess

import pytest

from cinderblock.errors import BackendUnavailable, InUse
from tests.unit.nfs.share import Share, cut_off
from tests.waiting import eventually


def foreign(kind, folder):
    """Return the beginning of a raw volume that somebody uses as an image, or as an encrypted disk."""
    file = folder / f"image.{kind}"
    options = {
        "qcow2": ["-o", "preallocation=off"],
        "luks": ["--object", "secret,id=key,data=secret", "-o", "key-secret=key,iter-time=10"],
    }
    command = ["qemu-img", "create", "-q", "-f", kind, *options[kind], file, "8M"]
    # It measures how fast it encrypts, and gives up where the kernel has counted no time for that.
    eventually(lambda: subprocess.run(command, check=False).returncode == 0)
    return file.read_bytes()[: 256 * 1024]


def begins_with(file, head):
    with file.open("rb") as opened:
        return opened.read(len(head)) == head


@pytest.mark.parametrize("kind", ["qcow2", "luks"])
def test_what_users_write_first_is_never_taken_for_a_format(share, tmp_path, kind):
    head = foreign(kind, tmp_path)
    share.create("v")
    file, _ = share.file("v")
    with file.open("r+b") as opened:
        opened.write(head)
    share.snapshot("s", "v")
    share.write("v", 5, at_mib=64)
    share.create("restored", snapshot="s", size_gib=2)
    share.create("cloned", clone="v")
    for name in ("restored", "cloned"):
        file, file_format = share.file(name)
        assert file_format == "raw"
        assert begins_with(file, head)
    share.snapshot("t", "v")
    for name in ("s", "t"):
        share.delete_snapshot(name)
    file, file_format = share.file("v")
    assert file_format == "raw"
    assert begins_with(file, head)
    assert share.has("v", 5, at_mib=64)
    assert share.publish("v").connection_info["data"]["format"] == "raw"
    share.unpublish("v")


def test_copies_of_every_kind_are_readable_to_nobody_else(share):
    share.create("v")
    share.snapshot("s", "v")
    share.create("restored", snapshot="s")
    share.create("cloned", clone="v")
    assert share.modes() == {"0o660"}


def test_a_copy_is_readable_to_nobody_else_while_it_is_made(share):
    share.create("v")
    share.write("v", 1)
    source, _ = share.file("v")
    after = 0
    while cut_off(lambda: share.create("c", clone="v"), after):
        copies = [file for file in share.files.iterdir() if not file.name.startswith(source.name)]
        assert not any(file.stat().st_mode & 0o007 for file in copies)
        share.delete("c")
        after += 1
    assert after >= 4


def test_a_volume_is_connected_as_its_active_file(share):
    share.create("v")
    connection = share.publish("v")
    assert connection.connection_info["data"]["format"] == "raw"
    share.unpublish("v")
    share.snapshot("s", "v")
    data = share.publish("v").connection_info["data"]
    assert (data["format"], data["name"]) == ("qcow2", share.file("v")[0].name)
    share.unpublish("v")


@pytest.mark.parametrize(
    "verb",
    [
        lambda share: share.snapshot("t", "v"),
        lambda share: share.delete_snapshot("s"),
        lambda share: share.create("c", clone="v"),
        lambda share: share.extend("v", 2),
    ],
)
def test_a_published_volume_is_not_changed_under_its_user(share, verb):
    share.create("v")
    share.snapshot("s", "v")
    share.publish("v")
    before = share.names()
    with pytest.raises(InUse, match="unpublish it first"):
        verb(share)
    assert share.names() == before
    share.unpublish("v")
    verb(share)


def test_a_deleted_volume_stays_for_its_snapshots_and_goes_with_the_last(share):
    share.create("v")
    share.write("v", 3)
    share.snapshot("s", "v")
    share.delete("v")
    assert share.snapshot_has("s", 3)
    share.create("restored", snapshot="s", size_gib=2)
    assert share.has("restored", 3)
    assert share.file("restored")[0].stat().st_size == 2 * 1024**3
    share.delete_snapshot("s")
    share.delete("restored")
    assert share.names() == set()


def test_what_is_on_a_share_that_is_not_mounted_is_not_taken_for_deleted(share):
    share.create("v")
    share.unmount()
    with pytest.raises(BackendUnavailable, match="cannot be mounted"):
        share.delete("v")
    share.mount()
    assert len(share.names()) == 1
    share.delete("v")
    assert share.names() == set()


def test_an_administrators_mount_options_reach_the_node(tmp_path):
    share = Share(tmp_path, more="nas_mount_options = vers=4.2,hard\n")
    try:
        share.start()
        share.create("v")
        assert share.publish("v").connection_info["data"]["options"] == "-o vers=4.2,hard"
    finally:
        share.close()


def test_what_is_switched_off_is_refused_by_the_name_of_the_option(tmp_path):
    share = Share(tmp_path, more="nfs_snapshot_support = false\n")
    try:
        share.start()
        share.create("v")
        with pytest.raises(NotImplementedError, match="nfs_snapshot_support"):
            share.snapshot("s", "v")
        share.create("c", clone="v")
        assert {name.count(".") for name in share.names()} == {0, 1}
    finally:
        share.close()


def test_a_missing_program_is_named_at_the_start(tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for folder in os.get_exec_path():
        for tool in ("mount.nfs", "mkdir", "chmod", "stat", "du"):
            if os.access(f"{folder}/{tool}", os.X_OK) and not (tools / tool).exists():
                (tools / tool).symlink_to(f"{folder}/{tool}")
    share = Share(tmp_path)
    share.mount()
    before = os.environ["PATH"]
    os.environ["PATH"] = str(tools)
    try:
        share.library.start()
        assert share.library.wait_ready(30)
        said = share.library.backends.get("nfs").down_because
    finally:
        os.environ["PATH"] = before
        share.close()
    assert "needs the program 'qemu-img', which is not installed" in said
