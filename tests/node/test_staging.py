"""What staging refuses, and that a refused or failed stage leaves nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cinderblock.brick import loop
from cinderblock.errors import (
    AlreadyExists,
    BackendUnavailable,
    InUse,
)
from csi.node import blocks
from tests.node.conftest import MIB, block, leftovers, mount

FOREIGN = {
    "xfs": ["mkfs.xfs", "-q"],
    "swap": ["mkswap"],
    "LVM2_member": ["pvcreate", "-q", "--config", 'devices{use_devicesfile=0 global_filter=["a|.*|"]}'],
    "crypto_LUKS": [sys.executable, "-c", "import sys; open(sys.argv[1], 'r+b').write(b'LUKS\\xba\\xbe\\0\\1')"],
    "dos partition table": [],
}


def digest(path: Path) -> bytes:
    return path.read_bytes()[: 2 * MIB]


@pytest.mark.parametrize("what", FOREIGN)
def test_what_is_not_blank_is_never_formatted(lab, what):
    lab.volume()
    file = lab.file("vol")
    device = loop.attach(str(file))
    if FOREIGN[what]:
        subprocess.run([*FOREIGN[what], device.path], capture_output=True, check=True)
    loop.detach(device)
    if not FOREIGN[what]:
        # One Linux partition from sector 2048 on.
        entry = b"\x00\x00\x00\x00\x83\x00\x00\x00" + (2048).to_bytes(4, "little") + (4096).to_bytes(4, "little")
        with file.open("r+b") as raw:
            raw.seek(446)
            raw.write(entry + bytes(48) + b"\x55\xaa")
    before = digest(file)
    with pytest.raises(InUse, match=what):
        lab.stage()
    assert digest(file) == before
    assert leftovers(lab.folder) == []
    assert lab.journal_files() == []
    assert not any(tool.startswith("mkfs") for tool in lab.runner.ran)


def test_an_xfs_whose_making_was_cut_off_is_made_again(lab):
    lab.volume()
    file = lab.file("vol")
    subprocess.run(["mkfs.xfs", "-q", str(file)], check=True)
    with file.open("r+b") as raw:
        raw.seek(126)
        raw.write(b"\x01")
    lab.stage(capability=mount("xfs"))
    lab.unstage()


def test_a_blank_volume_that_may_not_be_written_is_not_formatted(lab):
    lab.volume()
    for context, capability in (
        (lab.context("vol", readonly=True), mount()),
        (lab.context("vol"), mount(mode="MULTI_NODE_READER_ONLY")),
    ):
        with pytest.raises(InUse, match="blank"):
            lab.stage(capability=capability, context=context)
    assert lab.file("vol").stat().st_blocks == 0
    assert leftovers(lab.folder) == []


def test_a_read_only_stage_cannot_be_written(lab):
    lab.volume()
    lab.stage()
    (Path(lab.staging("vol")) / "data").write_text("here")
    lab.unstage()
    before = lab.file("vol").read_bytes()
    lab.stage(context=lab.context("vol", readonly=True))
    assert (Path(lab.staging("vol")) / "data").read_text() == "here"
    assert blocks.is_readonly(lab.loop().path)
    target = lab.publish()
    with pytest.raises(OSError, match="Read-only"):
        (Path(target) / "more").write_text("")
    assert lab.expand(target, 0) == 400 * MIB
    assert lab.health() == []
    lab.unpublish()
    lab.unstage()
    assert lab.file("vol").read_bytes() == before


@pytest.mark.parametrize("fs_type", ["ext4", "xfs", "btrfs"])
def test_a_log_that_wants_replaying_does_not_stop_a_read_only_stage(lab, fs_type):
    lab.volume()
    lab.stage(capability=mount(fs_type))
    (Path(lab.staging("vol")) / "data").write_text("here")
    os.sync()
    copy = lab.file("copy")
    subprocess.run(["cp", "--sparse=always", lab.file("vol"), copy], check=True)
    lab.stage("copy", mount(fs_type), context=lab.context("copy", readonly=True))
    lab.unstage("copy")
    lab.unstage()


@pytest.mark.parametrize(
    "changed",
    [
        mount("xfs"),
        mount(flags=("noatime",)),
        mount(mode="SINGLE_NODE_MULTI_WRITER"),
        block(),
    ],
    ids=["file system", "flags", "mode", "kind"],
)
def test_a_second_stage_that_differs_is_refused(lab, changed):
    lab.volume()
    lab.stage()
    with pytest.raises(AlreadyExists, match="was asked"):
        lab.stage(capability=changed)
    assert lab.is_mounted(lab.staging("vol"))
    lab.unstage()


def test_mount_flags_reach_the_mount(lab):
    lab.volume()
    lab.stage(capability=mount(flags=("noexec", "noatime")))
    assert {"noexec", "noatime"} <= lab.shown(lab.staging("vol")).options
    lab.unstage()


@pytest.mark.parametrize("tool", ["blkid", "mkfs.ext4", "mount"])
def test_a_stage_that_fails_is_taken_back(lab, tool):
    lab.volume()
    lab.runner.failing[tool] = 1
    with pytest.raises(BackendUnavailable, match=tool):
        lab.stage()
    assert leftovers(lab.folder) == []
    assert lab.journal_files() == []
    assert lab.health() == ["StageFailed"]
    lab.stage()
    assert lab.health() == []
    lab.unstage()


@pytest.mark.parametrize("tool", ["e2fsck", "resize2fs"])
def test_a_restage_that_fails_is_taken_back(lab, tool):
    lab.volume()
    lab.stage()
    lab.unstage()
    lab.volume(size_mib=800)
    lab.runner.failing[tool] = 1
    with pytest.raises(BackendUnavailable, match=tool):
        lab.stage()
    assert leftovers(lab.folder) == []
    lab.stage()
    lab.unstage()


def test_growing_that_fails_after_the_mount_is_taken_back(lab):
    lab.volume()
    lab.stage(capability=mount("xfs"))
    lab.unstage()
    lab.volume(size_mib=800)
    lab.runner.failing["xfs_growfs"] = 1
    with pytest.raises(BackendUnavailable, match="xfs_growfs"):
        lab.stage(capability=mount("xfs"))
    assert leftovers(lab.folder) == []


def test_a_block_stage_that_fails_is_taken_back(lab):
    lab.volume()
    lab.runner.failing["mount"] = 1
    with pytest.raises(BackendUnavailable, match="mount"):
        lab.stage(capability=block())
    assert leftovers(lab.folder) == []
    assert list(Path(lab.staging("vol")).iterdir()) == []


def test_a_failure_that_nobody_classified_is_not_final(lab):
    lab.volume()

    def explode():
        raise RuntimeError("secret text")

    lab.host.after["connect"] = explode
    with pytest.raises(BackendUnavailable, match="see the log") as caught:
        lab.stage()
    assert "secret" not in str(caught.value)
    assert leftovers(lab.folder) == []


def test_when_taking_back_fails_the_answer_is_not_final_and_unstage_finishes_it(lab):
    lab.volume()

    def refuse():
        raise InUse("told to")

    subprocess.run(["mkfs.xfs", "-q", str(lab.file("vol"))], check=True)
    lab.host.before["disconnect"] = refuse
    with pytest.raises(BackendUnavailable, match="taken back"):
        lab.stage()
    assert lab.health() == ["StageFailed"]
    del lab.host.before["disconnect"]
    lab.unstage()
    assert leftovers(lab.folder) == []
    assert lab.journal_files() == []
