"""Modes of use: which ones a volume can be promised for, and how they are remembered."""

from collections.abc import Iterable
from dataclasses import dataclass

from cinderblock.errors import InvalidRequest
from csi.proto import csi_pb2

Mode = csi_pb2.VolumeCapability.AccessMode.Mode

#: What mkfs is there for; "" means the driver's default.
FILE_SYSTEMS = ("", "ext3", "ext4", "xfs", "btrfs")

#: Several nodes write at once: only raw devices bear that, and only multi-attach back ends.
_SHARED_WRITERS = (Mode.MULTI_NODE_SINGLE_WRITER, Mode.MULTI_NODE_MULTI_WRITER)
_READERS = (Mode.SINGLE_NODE_READER_ONLY, Mode.MULTI_NODE_READER_ONLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One mode of use; `kind` is "mount" or "block"."""

    kind: str
    mode: Mode.ValueType
    fs_type: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{Mode.Name(self.mode)}"

    @property
    def needs_multiattach(self) -> bool:
        """Whether writers on several nodes are asked for."""
        return self.mode in _SHARED_WRITERS

    @property
    def shared(self) -> bool:
        """Whether several nodes may have the volume at once in this mode."""
        return self.mode in _SHARED_WRITERS or self.mode == Mode.MULTI_NODE_READER_ONLY

    @property
    def read_only(self) -> bool:
        """Whether nobody writes in this mode."""
        return self.mode in _READERS


def one(capability: csi_pb2.VolumeCapability) -> Access:
    """Read a capability.

    Raises:
        InvalidRequest: it is incomplete, or a mode of use that no volume of ours has.
    """
    kind = capability.WhichOneof("access_type")
    if kind is None:
        raise InvalidRequest("volume_capability has neither mount nor block; set one of them")
    mode = capability.access_mode.mode
    if mode == Mode.UNKNOWN or mode not in Mode.values():
        raise InvalidRequest(f"volume_capability has no known access_mode (got {mode}); set one")
    access = Access(kind=kind, mode=mode, fs_type=capability.mount.fs_type)
    if access.fs_type not in FILE_SYSTEMS:
        known = ", ".join(filter(None, FILE_SYSTEMS))
        raise InvalidRequest(f"file system {access.fs_type!r} is not supported; use one of: {known}")
    if access.needs_multiattach and kind == "mount":
        raise InvalidRequest(
            f"{Mode.Name(mode)} is for raw block volumes: a file system that several nodes write is destroyed; "
            "use a block volume, or a single-node mode"
        )
    return access


def several(capabilities: Iterable[csi_pb2.VolumeCapability]) -> tuple[Access, ...]:
    """Read the capabilities of a request, at least one.

    Raises:
        InvalidRequest: there is none, or one of them is not usable.
    """
    found = tuple(one(capability) for capability in capabilities)
    if not found:
        raise InvalidRequest("volume_capabilities is empty; name at least one")
    return found
