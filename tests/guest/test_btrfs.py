"""A kernel before 6.7 does not mount two btrfs of one file system id; the node sees to that."""

import os
import shutil
from pathlib import Path

import pytest

from cinderblock.errors import InUse
from csi.node import btrfs
from tests.node import conftest as on_node

BTRFS = on_node.mount("btrfs")
lab = on_node.lab


def staged(lab, text):
    lab.volume()
    lab.stage(capability=BTRFS)
    file = Path(lab.staging("vol")) / "data"
    file.write_text(text)
    return file


def copied(lab):
    shutil.copyfile(lab.file("vol"), lab.file("copy"))


def test_a_copy_is_staged_beside_its_source(lab):
    assert not btrfs.copes()
    file = staged(lab, "original")
    lab.unstage()
    copied(lab)
    lab.stage(capability=BTRFS)
    file.write_text("changed")
    lab.stage("copy", BTRFS)
    assert (Path(lab.staging("copy")) / "data").read_text() == "original"
    assert file.read_text() == "changed"
    for volume_id in ("copy", "vol"):
        lab.unstage(volume_id)
    lab.stage("copy", BTRFS)
    assert (Path(lab.staging("copy")) / "data").read_text() == "original"
    lab.unstage("copy")


def test_a_copy_with_a_log_waits_until_its_source_is_gone(lab):
    file = staged(lab, "")
    with file.open("w") as opened:
        opened.write("fsynced")
        opened.flush()
        os.fsync(opened.fileno())
    copied(lab)
    with pytest.raises(InUse, match="log"):
        lab.stage("copy", BTRFS)
    lab.unstage()
    lab.stage("copy", BTRFS)
    assert (Path(lab.staging("copy")) / "data").read_text() == "fsynced"
    lab.stage(capability=BTRFS)
    for volume_id in ("vol", "copy"):
        lab.unstage(volume_id)
