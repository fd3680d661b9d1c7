"""Requests -> plain values. Every `InvalidRequest` about a field is raised here; in the order of the spec's fields."""

import re

from cinderblock.errors import InUse, InvalidRequest
from csi.node import filesystems
from csi.node.wanted import Access, ExpandWanted, Kind, PublishWanted, StageWanted
from csi.proto import csi_pb2

#: The key of publish_context that holds the sealed connection.
CONNECTION = "connection"

#: Mount flags that change what mount(8) does, not how the file system behaves.
_NOT_FLAGS = frozenset(
    {"bind", "rbind", "move", "remount", "loop", "helper", "uhelper", "offset", "sizelimit", "defaults"}
    | {prefix + how for prefix in ("", "r") for how in ("private", "slave", "shared", "unbindable")}
    # Options that bring another device of the node into the file system.
    | {"device", "journal_dev", "journal_path", "logdev", "rtdev"}
)

#: What commas separate, but for those inside of quotes (a SELinux context has some).
_PARTS = re.compile(r'(?:[^,"]|"[^"]*"|")+')


def stage(request: csi_pb2.NodeStageVolumeRequest) -> StageWanted:
    """Read NodeStageVolume."""
    volume_id = required(request.volume_id, "volume_id")
    staging_path = required(request.staging_target_path, "staging_target_path")
    access = _access(request.volume_capability, given=request.HasField("volume_capability"))
    connection = request.publish_context.get(CONNECTION, "")
    if not connection:
        raise InvalidRequest(
            f"publish_context has no {CONNECTION!r}; pass on what ControllerPublishVolume answered, unchanged"
        )
    return StageWanted(volume_id=volume_id, staging_path=staging_path, access=access, connection=connection)


def publish(request: csi_pb2.NodePublishVolumeRequest) -> PublishWanted:
    """Read NodePublishVolume."""
    volume_id = required(request.volume_id, "volume_id")
    target_path = required(request.target_path, "target_path")
    access = _access(request.volume_capability, given=request.HasField("volume_capability"))
    if not request.staging_target_path:
        raise InUse(f"staging_target_path of volume {volume_id!r} is not set; stage the volume and say where")
    return PublishWanted(
        volume_id=volume_id,
        staging_path=request.staging_target_path,
        target_path=target_path,
        access=access,
        readonly=request.readonly,
    )


def expand(request: csi_pb2.NodeExpandVolumeRequest) -> ExpandWanted:
    """Read NodeExpandVolume."""
    return ExpandWanted(
        volume_id=required(request.volume_id, "volume_id"),
        volume_path=required(request.volume_path, "volume_path"),
        staging_path=request.staging_target_path,
        required_bytes=_size(request.capacity_range.required_bytes, "required_bytes"),
        limit_bytes=_size(request.capacity_range.limit_bytes, "limit_bytes"),
    )


def required(value: str, field: str) -> str:
    """Return the value of a field that must be set.

    Raises:
        InvalidRequest: it is empty.
    """
    if not value:
        raise InvalidRequest(f"{field} is empty; it is required")
    return value


def _access(capability: csi_pb2.VolumeCapability, *, given: bool) -> Access:
    """Read a volume capability."""
    if not given:
        raise InvalidRequest("volume_capability is missing; it is required")
    mode = capability.access_mode.mode
    name = csi_pb2.VolumeCapability.AccessMode.Mode.Name(mode) if mode in _modes() else ""
    if name in ("", "UNKNOWN"):
        raise InvalidRequest(f"access mode {name or mode} is none that this driver knows")
    kind = capability.WhichOneof("access_type")
    if kind == "block":
        return Access(kind=Kind.BLOCK, mode=name)
    if kind != "mount":
        raise InvalidRequest("volume_capability says neither block nor mount")
    fs_type = capability.mount.fs_type or filesystems.DEFAULT
    if fs_type not in filesystems.KNOWN:
        raise InvalidRequest(f"file system {fs_type!r} is none of {', '.join(filesystems.KNOWN)}")
    flags = tuple(capability.mount.mount_flags)
    for flag in flags:
        _check(flag)
    return Access(kind=Kind.MOUNT, mode=name, fs_type=fs_type, mount_flags=flags)


def _check(flag: str) -> None:
    """Refuse a mount flag that is, or hides behind a comma, an instruction to mount(8)."""
    for part in _PARTS.findall(flag) or [""]:
        name = part.partition("=")[0].strip()
        if not name or name in _NOT_FLAGS or name.lower().startswith("x-"):
            raise InvalidRequest(f"mount flag {name!r} is not one for a file system; remove it from mountOptions")


def _modes() -> list[int]:
    """Return the numbers of the access modes that the proto has."""
    return list(csi_pb2.VolumeCapability.AccessMode.Mode.values())


def _size(value: int, field: str) -> int:
    """Return a number of bytes, 0 for "not said"."""
    if value < 0:
        raise InvalidRequest(f"{field} is {value}; a size is never negative")
    return value
