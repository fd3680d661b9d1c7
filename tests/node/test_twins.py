"""Copies of a btrfs have the file system id of their source."""

import shutil
from pathlib import Path

import pytest

from cinderblock.brick import loop
from cinderblock.errors import InUse
from csi.node import btrfs
from csi.node.commands import Commands
from tests.node.conftest import mount

BTRFS = mount("btrfs")


@pytest.fixture
def source(lab):
    """A volume with a file, staged; and the folder of its file system."""
    lab.volume()
    lab.stage(capability=BTRFS)
    folder = Path(lab.staging("vol"))
    (folder / "data").write_text("original")
    yield folder
    lab.unstage()


@pytest.fixture
def copy(lab, source):
    """A copy of the volume, taken when nothing waited to be replayed, as a device."""
    lab.unstage()
    shutil.copyfile(lab.file("vol"), lab.file("copy"))
    lab.stage(capability=BTRFS)
    device = loop.attach(str(lab.file("copy")))
    yield device.path
    if lab.loop("copy") is not None:
        loop.detach(device)


def test_a_copy_is_staged_beside_its_source_and_neither_shows_the_others_data(lab, source, copy):
    (source / "data").write_text("changed")
    lab.stage("copy", BTRFS)
    copied = Path(lab.staging("copy")) / "data"
    assert copied.read_text() == "original"
    copied.write_text("the copy's")
    assert (source / "data").read_text() == "changed"
    lab.unstage("copy")


def test_a_twin_is_found_and_gets_an_id_of_its_own_where_the_kernel_needs_that(lab, source, copy):
    assert btrfs.twin(copy) == lab.loop().path
    btrfs.separate(Commands(), copy, readonly=False)
    assert btrfs.twin(copy) == ""
    assert btrfs.superblock(copy).fsid != btrfs.superblock(lab.loop().path).fsid
    lab.stage("copy", BTRFS)
    assert (Path(lab.staging("copy")) / "data").read_text() == "original"
    lab.unstage("copy")


def test_what_has_no_twin_keeps_its_id(lab, source, copy):
    lab.unstage()
    before = btrfs.superblock(copy)
    btrfs.separate(Commands(), copy, readonly=False)
    assert btrfs.superblock(copy) == before


def test_a_log_is_not_thrown_away(lab, source):
    with (source / "data").open("w") as file:
        file.write("fsynced")
        file.flush()
        Commands().run("sync", "--data", str(source / "data"))
    shutil.copyfile(lab.file("vol"), lab.file("copy"))
    device = loop.attach(str(lab.file("copy")))
    assert btrfs.superblock(device.path).has_log
    before = lab.file("copy").read_bytes()
    with pytest.raises(InUse, match="log"):
        btrfs.separate(Commands(), device.path, readonly=False)
    with pytest.raises(InUse, match="may not be written"):
        btrfs.separate(Commands(), device.path, readonly=True)
    assert lab.file("copy").read_bytes() == before
    lab.unstage()
    lab.stage("copy", BTRFS)
    assert (Path(lab.staging("copy")) / "data").read_text() == "fsynced"
    lab.unstage("copy")
