"""What staging and the other calls refuse, in words."""

import json
import subprocess
from pathlib import Path

import pytest

from cinderblock.errors import (
    BackendUnavailable,
    DeviceMismatch,
    InUse,
    InvalidRequest,
    NotFound,
)
from csi.proto import csi_pb2
from tests.node.conftest import MIB, block, leftovers, mount


def test_a_protocol_that_is_not_known_is_refused_for_good(lab):
    lab.volume()
    text = json.dumps({"connection_info": {"driver_volume_type": "floppy", "data": {}}, "readonly": False, "wwn": ""})
    context = {"connection": lab.sealer.seal_text(text, purpose="publish_context/vol")}
    with pytest.raises(InvalidRequest, match="floppy"):
        lab.stage(context=context)
    assert lab.journal_files() == []


def test_a_file_that_is_not_raw_is_refused(lab):
    lab.volume()
    with pytest.raises(InvalidRequest, match="qcow2"):
        lab.stage(context=lab.context("vol", format="qcow2"))
    assert leftovers(lab.folder) == []


def test_a_missing_file_may_come_back(lab):
    with pytest.raises(BackendUnavailable, match="not on this node"):
        lab.stage()
    lab.volume()
    lab.stage()
    lab.unstage()


def test_a_context_of_another_volume_does_not_open(lab):
    lab.volume()
    with pytest.raises(InvalidRequest, match="does not open"):
        lab.stage(context=lab.context("other"))
    with pytest.raises(InvalidRequest, match="publish_context"):
        lab.stage(context={})


def test_a_device_that_is_another_volume_is_not_touched(lab):
    lab.volume()
    lab.host.identity = "6001405" + "a" * 25
    with pytest.raises(DeviceMismatch, match="the driver says"):
        lab.stage(context=lab.context("vol", wwn="naa.6001405" + "b" * 25))
    assert leftovers(lab.folder) == []
    assert lab.file("vol").stat().st_blocks == 0
    lab.stage(context=lab.context("vol", wwn="naa.6001405" + "A" * 25))
    lab.unstage()


def test_a_reused_unit_is_noticed_at_a_later_stage(lab):
    lab.volume()
    lab.host.identity = "6001405" + "a" * 25
    lab.stage()
    lab.unstage()
    lab.restarted()
    lab.host.identity = "6001405" + "b" * 25
    with pytest.raises(DeviceMismatch, match="first staged here"):
        lab.stage()
    assert leftovers(lab.folder) == []


def test_the_data_of_a_shared_file_system_is_protected(lab):
    lab.volume()
    with pytest.raises(InUse, match="two nodes"):
        lab.stage(capability=mount(mode="MULTI_NODE_MULTI_WRITER"))


def test_symbolic_links_and_relative_paths_are_refused(lab):
    lab.volume()
    link = lab.folder / "link"
    link.symlink_to(lab.staging("vol"))
    for path in (str(link), "some/path", str(lab.folder / "absent")):
        with pytest.raises(InvalidRequest):
            lab.stage(path=path)
    for path in (str(link), "some/path"):
        with pytest.raises(InvalidRequest):
            lab.unstage(path=path)
    assert lab.journal_files() == []


def test_something_else_at_the_staging_path_is_left_alone(lab):
    lab.volume()
    subprocess.run(["mount", "-t", "tmpfs", "none", lab.staging("vol")], check=True)
    with pytest.raises(InUse, match="something else"):
        lab.stage()
    with pytest.raises(InUse, match="left alone"):
        lab.unstage()
    subprocess.run(["umount", lab.staging("vol")], check=True)
    lab.unstage()


def test_unstage_takes_over_mounts_away(lab):
    lab.volume()
    lab.stage()
    subprocess.run(["mount", "--bind", lab.staging("vol"), lab.staging("vol")], check=True)
    lab.unstage()
    assert not lab.is_mounted(lab.staging("vol"))


def test_a_volume_in_use_stays_staged(lab):
    lab.volume()
    lab.stage()
    target = lab.publish()
    with pytest.raises(InUse, match="unpublish"):
        lab.unstage()
    assert lab.is_mounted(target)
    lab.unpublish()
    with (Path(lab.staging("vol")) / "open").open("w"), pytest.raises(InUse, match="used by a process"):
        lab.unstage()
    lab.unstage()


def test_a_block_device_that_is_open_stays_attached(lab):
    lab.volume()
    lab.stage(capability=block())
    with Path(lab.loop().path).open("rb"), pytest.raises(InUse, match="still open"):
        lab.unstage()
    assert lab.loop() is not None
    lab.unstage()


def test_fields_that_are_missing_are_named(lab):
    node = lab.node
    for call, request, word in (
        (node.NodeStageVolume, csi_pb2.NodeStageVolumeRequest(staging_target_path="/s"), "volume_id"),
        (node.NodeStageVolume, csi_pb2.NodeStageVolumeRequest(volume_id="v"), "staging_target_path"),
        (
            node.NodeStageVolume,
            csi_pb2.NodeStageVolumeRequest(volume_id="v", staging_target_path="/s"),
            "volume_capability",
        ),
        (node.NodeUnstageVolume, csi_pb2.NodeUnstageVolumeRequest(staging_target_path="/s"), "volume_id"),
        (node.NodeUnstageVolume, csi_pb2.NodeUnstageVolumeRequest(volume_id="v"), "staging_target_path"),
        (node.NodePublishVolume, csi_pb2.NodePublishVolumeRequest(), "volume_id"),
        (node.NodePublishVolume, csi_pb2.NodePublishVolumeRequest(volume_id="v"), "target_path"),
        (
            node.NodePublishVolume,
            csi_pb2.NodePublishVolumeRequest(volume_id="v", target_path="/t"),
            "volume_capability",
        ),
        (node.NodeUnpublishVolume, csi_pb2.NodeUnpublishVolumeRequest(), "volume_id"),
        (node.NodeUnpublishVolume, csi_pb2.NodeUnpublishVolumeRequest(volume_id="v"), "target_path"),
        (node.NodeGetVolumeStats, csi_pb2.NodeGetVolumeStatsRequest(volume_path="some/path"), "volume_id"),
        (node.NodeGetVolumeStats, csi_pb2.NodeGetVolumeStatsRequest(volume_id="v"), "volume_path"),
        (node.NodeExpandVolume, csi_pb2.NodeExpandVolumeRequest(volume_path="/p"), "volume_id"),
        (node.NodeExpandVolume, csi_pb2.NodeExpandVolumeRequest(volume_id="v"), "volume_path"),
        (node.NodeGetVolumeHealth, csi_pb2.NodeGetVolumeHealthRequest(), "volume_id"),
    ):
        with pytest.raises(InvalidRequest, match=word):
            call(request, None)


def test_what_is_not_here_is_not_found(lab):
    for call in (
        lambda: lab.stats("some/path"),
        lambda: lab.expand("some/path"),
        lab.health,
    ):
        with pytest.raises(NotFound):
            call()
    lab.volume()
    lab.stage()
    for path in ("some/path", "/", str(lab.folder)):
        with pytest.raises(NotFound):
            lab.stats(path)
        with pytest.raises(NotFound):
            lab.expand(path)
    lab.unstage()


def test_a_volume_that_did_not_grow_yet_is_asked_for_again(lab):
    lab.volume()
    lab.stage()
    with pytest.raises(BackendUnavailable, match="wanted"):
        lab.expand(lab.staging("vol"), 800 * MIB)
    lab.unstage()
