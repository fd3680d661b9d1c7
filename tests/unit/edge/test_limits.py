"""Fields that the spec forbids are refused before a handler sees them."""

import pytest

from cinderblock.errors import InvalidRequest
from csi import limits
from csi.proto import csi_pb2


@pytest.mark.parametrize(
    "request_",
    [
        csi_pb2.CreateVolumeRequest(name="n" * 128),
        csi_pb2.CreateVolumeRequest(name="ü" * 128),
        csi_pb2.CreateVolumeRequest(name="tab\tand\nline"),
        csi_pb2.CreateVolumeRequest(name="v", secrets={"key": "s" * 10_000}),
        csi_pb2.CreateVolumeRequest(name="v", parameters={"a": "b" * 4095}),
        csi_pb2.DeleteVolumeRequest(volume_id="v" * 128),
        csi_pb2.ControllerPublishVolumeRequest(volume_id="v", node_id="n" * 256),
        csi_pb2.NodeStageVolumeRequest(volume_id="v", staging_target_path="/" + "p" * 4095),
    ],
)
def test_what_the_spec_allows_passes(request_):
    limits.check(request_)


def capability(*flags, fs_type="ext4"):
    mount = csi_pb2.VolumeCapability.MountVolume(fs_type=fs_type, mount_flags=flags)
    return csi_pb2.VolumeCapability(mount=mount)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (csi_pb2.CreateVolumeRequest(name="n" * 129), "name has 129 characters, 128 are allowed"),
        (csi_pb2.CreateVolumeRequest(name="a\x00b"), r"control character U\+0000"),
        (csi_pb2.CreateVolumeRequest(name="a\x85b"), r"control character U\+0085"),
        (csi_pb2.CreateVolumeRequest(name="v", parameters={"a": "b" * 4096}), "parameters has 4097 bytes in all"),
        (csi_pb2.CreateVolumeRequest(name="v", parameters={"a\0": "b"}), "a key of parameters holds a NUL"),
        (csi_pb2.CreateVolumeRequest(name="v", volume_capabilities=[capability("a" * 5000)]), "mount_flags has 5000"),
        (csi_pb2.CreateVolumeRequest(name="v", volume_capabilities=[capability(fs_type="e\0")]), "fs_type holds a NUL"),
        (csi_pb2.DeleteVolumeRequest(volume_id="v" * 129), "volume_id has 129 bytes, 128 are allowed"),
        (csi_pb2.ControllerPublishVolumeRequest(node_id="n" * 257), "node_id has 257 bytes, 256 are allowed"),
        (csi_pb2.NodeStageVolumeRequest(staging_target_path="/" + "p" * 4096), "staging_target_path has 4097 bytes"),
        (csi_pb2.NodeUnpublishVolumeRequest(target_path="/a\0b"), "target_path holds a NUL"),
        (csi_pb2.CreateVolumeGroupSnapshotRequest(source_volume_ids=["v" * 129]), "source_volume_ids has 129 bytes"),
        (
            csi_pb2.CreateVolumeRequest(
                accessibility_requirements=csi_pb2.TopologyRequirement(
                    requisite=[csi_pb2.Topology(segments={"zone": "z" * 5000})]
                )
            ),
            "5000 bytes",
        ),
    ],
)
def test_what_the_spec_forbids_is_refused_in_words(request_, words):
    with pytest.raises(InvalidRequest, match=words):
        limits.check(request_)
