"""Publishing: targets, read-only ones, access modes, and what is refused."""

import subprocess
from pathlib import Path

import pytest

from cinderblock.errors import AlreadyExists, InUse, InvalidRequest
from csi.proto import csi_pb2
from tests.node.conftest import block, mount

MANY = "SINGLE_NODE_MULTI_WRITER"


def test_nothing_is_published_before_it_is_staged(lab):
    lab.volume()
    with pytest.raises(InUse, match="not staged"):
        lab.publish()
    request = csi_pb2.NodePublishVolumeRequest(volume_id="vol", target_path="/t", volume_capability=mount())
    with pytest.raises(InUse, match="staging_target_path"):
        lab.node.NodePublishVolume(request, None)


@pytest.mark.parametrize("mode", ["SINGLE_NODE_SINGLE_WRITER", "SINGLE_NODE_WRITER", "SINGLE_NODE_READER_ONLY"])
def test_one_target_means_one(lab, mode):
    lab.volume()
    lab.stage()
    lab.unstage()
    lab.stage(capability=mount(mode=mode))
    lab.publish(capability=mount(mode=mode))
    with pytest.raises(InUse, match="allows one target"):
        lab.publish(capability=mount(mode=mode), name="other")
    assert not Path(lab.target("vol", "other")).exists()
    lab.unpublish()
    lab.publish(capability=mount(mode=mode), name="other")
    lab.unpublish(name="other")
    lab.unstage()


@pytest.mark.parametrize("mode", [MANY, "MULTI_NODE_MULTI_WRITER"])
def test_many_targets_may_be_many(lab, mode):
    capability = mount(mode=mode) if mode == MANY else block(mode)
    lab.volume()
    lab.stage(capability=capability)
    for name in ("a", "b", "c"):
        lab.publish(capability=capability, name=name)
    for name in ("a", "b", "c"):
        lab.unpublish(name=name)
    lab.unstage()


def test_a_read_only_target_of_a_writable_volume(lab):
    lab.volume()
    lab.stage(capability=mount(flags=("noexec",), mode=MANY))
    one = lab.publish(capability=mount(mode=MANY), name="writer")
    other = lab.publish(capability=mount(mode=MANY), name="reader", readonly=True)
    (Path(one) / "data").write_text("here")
    assert (Path(other) / "data").read_text() == "here"
    with pytest.raises(OSError, match="Read-only"):
        (Path(other) / "data").write_text("")
    assert {"ro", "noexec"} <= lab.shown(other).options
    lab.publish(capability=mount(mode=MANY), name="reader", readonly=True)
    with pytest.raises(AlreadyExists, match="read-only"):
        lab.publish(capability=mount(mode=MANY), name="reader", readonly=False)
    with pytest.raises(AlreadyExists, match="read-only"):
        lab.publish(capability=mount(mode=MANY), name="writer", readonly=True)
    lab.unpublish(name="reader")
    lab.unpublish(name="writer")
    lab.unstage()


def test_a_read_only_block_volume_cannot_be_written_until_it_is_unpublished(lab):
    lab.volume()
    lab.stage(capability=block(MANY))
    target = lab.publish(capability=block(MANY), readonly=True)
    with pytest.raises(OSError, match=r"denied|permitted"), Path(target).open("r+b") as device:
        device.write(b"x" * 512)
    with pytest.raises(InUse, match="either"):
        lab.publish(capability=block(MANY), name="writer")
    lab.unpublish()
    writer = lab.publish(capability=block(MANY), name="writer")
    with Path(writer).open("r+b") as device:
        device.write(b"x" * 512)
    lab.unpublish(name="writer")
    lab.unstage()


def test_the_other_kind_is_refused(lab):
    lab.volume()
    lab.stage()
    with pytest.raises(InUse, match="staged as mount"):
        lab.publish(capability=block())
    lab.publish()
    with pytest.raises(AlreadyExists, match="block"):
        lab.publish(capability=block())
    lab.unpublish()
    lab.unstage()


def test_targets_that_are_not_ours_are_left_alone(lab):
    lab.volume()
    lab.stage()
    target = Path(lab.target("vol"))
    target.symlink_to(lab.folder)
    for call in (lab.publish, lab.unpublish):
        with pytest.raises(InvalidRequest, match="symbolic link"):
            call()
    target.unlink()
    target.write_text("somebody's")
    with pytest.raises(InvalidRequest, match="no folder"):
        lab.publish()
    with pytest.raises(InUse, match="no empty file"):
        lab.unpublish()
    target.unlink()
    target.mkdir()
    (target / "somebody's").touch()
    with pytest.raises(InUse, match="not empty"):
        lab.unpublish()
    (target / "somebody's").unlink()
    with pytest.raises(InvalidRequest, match="absent"):
        lab.publish(name="absent/pod")
    with pytest.raises(InvalidRequest, match="absolute"):
        lab.unpublish(path="some/path")
    lab.unstage()


def test_another_mount_at_the_target_is_left_alone(lab):
    lab.volume()
    lab.stage()
    target = Path(lab.target("vol"))
    target.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", target], check=True)
    with pytest.raises(InUse, match="something else"):
        lab.publish()
    with pytest.raises(InUse, match="left alone"):
        lab.unpublish()
    subprocess.run(["umount", target], check=True)
    lab.unstage()


def test_unpublish_takes_over_mounts_away(lab):
    lab.volume()
    lab.stage()
    target = lab.publish()
    subprocess.run(["mount", "--bind", target, target], check=True)
    lab.unpublish()
    assert not Path(target).exists()
    lab.unstage()


def test_a_target_in_use_stays(lab):
    lab.volume()
    lab.stage()
    target = lab.publish()
    with (Path(target) / "open").open("w"), pytest.raises(InUse, match="used by a process"):
        lab.unpublish()
    assert lab.is_mounted(target)
    lab.unpublish()
    lab.unstage()


def test_a_publish_that_fails_is_taken_back(lab):
    lab.volume()
    lab.stage()
    lab.runner.failing["mount"] = 1
    with pytest.raises(Exception, match="told to"):
        lab.publish()
    assert not Path(lab.target("vol")).exists()
    lab.publish()
    lab.unpublish()
    lab.unstage()


def test_a_selinux_context_reaches_no_bind_mount(lab):
    lab.volume()
    lab.stage()
    ran = len(lab.runner.ran)
    lab.publish(capability=mount(flags=('context="system_u:object_r:container_file_t:s0:c1,c2"',)))
    assert lab.runner.ran[ran:] == ["mount"]
    lab.unpublish()
    lab.unstage()


def test_unpublish_of_what_was_never_published_succeeds(lab):
    lab.unpublish()
    lab.volume()
    lab.stage()
    lab.unpublish()
    lab.unstage()
