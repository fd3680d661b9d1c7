"""Which requests a node refuses to even try."""

import pytest

from cinderblock.errors import InvalidRequest
from csi.node import decode
from csi.node.wanted import Kind
from csi.proto import csi_pb2

Capability = csi_pb2.VolumeCapability
Mode = Capability.AccessMode


def staged(capability: Capability) -> csi_pb2.NodeStageVolumeRequest:
    return csi_pb2.NodeStageVolumeRequest(
        volume_id="v", staging_target_path="/s", volume_capability=capability, publish_context={"connection": "x"}
    )


def mounted(fs_type: str = "", flags: tuple[str, ...] = (), mode=Mode.SINGLE_NODE_WRITER) -> Capability:
    return Capability(mount=Capability.MountVolume(fs_type=fs_type, mount_flags=flags), access_mode=Mode(mode=mode))


def test_ext4_is_what_is_meant_when_nothing_is_said():
    wanted = decode.stage(staged(mounted()))
    assert (wanted.access.kind, wanted.access.fs_type) == (Kind.MOUNT, "ext4")


def test_flags_keep_their_order_and_a_context_its_commas():
    flags = ('context="system_u:object_r:t:s0:c1,c2"', "noatime")
    assert decode.stage(staged(mounted(flags=flags))).access.mount_flags == flags


@pytest.mark.parametrize(
    "flag", ["bind", "remount", "loop=/dev/loop7", "x-mount.mkdir", "X-mount.idmap=1", "", "move", "ro,bind", ","]
)
def test_instructions_to_mount_are_no_flags(flag):
    with pytest.raises(InvalidRequest, match="mount flag"):
        decode.stage(staged(mounted(flags=(flag,))))


def test_file_systems_that_are_not_known_are_named():
    with pytest.raises(InvalidRequest, match="ntfs"):
        decode.stage(staged(mounted("ntfs")))


@pytest.mark.parametrize(
    "capability",
    [
        Capability(access_mode=Mode(mode=Mode.SINGLE_NODE_WRITER)),
        Capability(block=Capability.BlockVolume()),
        mounted(mode=Mode.UNKNOWN),
        Capability(block=Capability.BlockVolume(), access_mode=Mode(mode=99)),  # type: ignore[arg-type]  # on purpose
    ],
    ids=["no kind", "no mode", "unknown mode", "mode of the future"],
)
def test_a_capability_that_says_too_little_is_refused(capability):
    with pytest.raises(InvalidRequest):
        decode.stage(staged(capability))


def test_readers_are_read_only():
    for mode in (Mode.SINGLE_NODE_READER_ONLY, Mode.MULTI_NODE_READER_ONLY):
        assert decode.stage(staged(mounted(mode=mode))).access.readonly
    assert decode.stage(staged(mounted(flags=("ro",)))).access.readonly
    assert not decode.stage(staged(mounted())).access.readonly


def test_a_size_is_never_negative():
    request = csi_pb2.NodeExpandVolumeRequest(volume_id="v", volume_path="/p")
    request.capacity_range.required_bytes = -1
    with pytest.raises(InvalidRequest, match="negative"):
        decode.expand(request)


def test_the_sealed_connection_is_not_shown():
    request = staged(mounted())
    request.publish_context["connection"] = "canary"
    assert "canary" not in repr(decode.stage(request))
