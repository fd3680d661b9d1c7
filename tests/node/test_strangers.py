"""A request with another volume's id, or with a path that means another place, takes and touches nothing."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from cinderblock.errors import InUse, InvalidRequest
from csi.proto import csi_pb2
from tests.node.conftest import block, mount


@pytest.mark.parametrize("capability", [mount(), block()], ids=["mount", "block"])
def test_an_unknown_volume_takes_nothing_of_a_known_one(lab, capability):
    lab.volume()
    lab.stage(capability=capability)
    target = lab.publish(capability=capability)
    with pytest.raises(InUse, match="left alone"):
        lab.unpublish("unknown", path=target)
    assert lab.is_mounted(target)
    lab.unpublish()
    if capability.HasField("mount"):
        with pytest.raises(InUse, match="left alone"):
            lab.unstage("unknown", path=lab.staging("vol"))
    else:
        # Nothing is mounted at the staging path itself, so the unknown volume is not there: success, by the spec.
        lab.unstage("unknown", path=lab.staging("vol"))
    lab.publish(capability=capability)
    lab.unpublish()
    lab.unstage()


def test_an_unknown_volume_takes_no_mount_that_is_no_volume(lab):
    target = Path(lab.target("vol"))
    target.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", target], check=True)
    with pytest.raises(InUse, match="left alone"):
        lab.unpublish()
    assert lab.is_mounted(str(target))
    subprocess.run(["umount", target], check=True)


@pytest.mark.parametrize(
    "kind", ["symbolic link", "pipe", "socket", "file with content", "file as parent", "loop of links"]
)
def test_what_is_planted_at_a_path_is_refused_and_stays(lab, kind):
    lab.volume()
    lab.stage()
    path = plant(lab.folder / "pods", kind)
    before = sorted((lab.folder / "pods").iterdir())
    request_path = str(path)
    with pytest.raises((InvalidRequest, InUse)):
        publish_at(lab, request_path, mount())
    with pytest.raises(InvalidRequest):
        lab.stage("other", path=request_path, context=lab.context("other"))
    assert sorted((lab.folder / "pods").iterdir()) == before
    lab.unstage()


@pytest.mark.parametrize("kind", ["symbolic link", "pipe", "socket", "file with content", "folder with content"])
def test_what_is_planted_at_a_target_is_no_place_for_a_device(lab, kind):
    lab.volume()
    lab.stage(capability=block())
    path = plant(lab.folder / "pods", kind)
    mode = path.lstat().st_mode
    with pytest.raises((InvalidRequest, InUse)):
        publish_at(lab, str(path), block())
    with pytest.raises((InvalidRequest, InUse)):
        lab.unpublish(path=str(path))
    assert path.lstat().st_mode == mode
    lab.unstage()


def test_a_path_that_goes_up_is_refused(lab):
    lab.volume()
    lab.stage()
    for path in (f"{lab.folder}/pods/../elsewhere", f"{lab.folder}/pods/.."):
        for call in (lambda path=path: publish_at(lab, path, mount()), lambda path=path: lab.unpublish(path=path)):
            with pytest.raises(InvalidRequest, match="goes up"):
                call()
    with pytest.raises(InvalidRequest, match="goes up"):
        lab.stage("other", path=f"{lab.folder}/staging/../staging", context=lab.context("other"))
    assert not (lab.folder / "elsewhere").exists()
    lab.unstage()


def test_a_path_that_no_kernel_takes_is_refused(lab):
    lab.volume()
    lab.stage()
    for path in (f"{lab.folder}/{'x' * 256}", f"{lab.folder}" + "/x" * 2100):
        for call in (
            lambda path=path: publish_at(lab, path, mount()),
            lambda path=path: lab.unpublish(path=path),
            lambda path=path: lab.unstage(path=path),
        ):
            with pytest.raises(InvalidRequest, match="no path"):
                call()
    lab.unstage()


def publish_at(lab, path, capability):
    request = csi_pb2.NodePublishVolumeRequest(
        volume_id="vol", staging_target_path=lab.staging("vol"), target_path=path, volume_capability=capability
    )
    lab.node.NodePublishVolume(request, None)


def plant(folder, kind):
    """Make what should not be there, and return the path to ask for."""
    path = folder / "planted"
    match kind:
        case "symbolic link":
            (folder / "aim").mkdir()
            path.symlink_to(folder / "aim")
        case "pipe":
            os.mkfifo(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(str(path))
        case "file with content":
            path.write_text("somebody's")
        case "folder with content":
            path.mkdir()
            (path / "content").write_text("somebody's")
        case "file as parent":
            path.write_text("somebody's")
            return path / "below"
        case "loop of links":
            path.symlink_to(path)
            return path / "below"
    return path
