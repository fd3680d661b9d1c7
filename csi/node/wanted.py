"""What a CO asks of a node, decoded: plain values, with no protobuf in them."""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """How a volume reaches its workload."""

    MOUNT = "mount"
    BLOCK = "block"


#: Access modes, by their names in the CSI spec, that never write.
READER_MODES = frozenset({"SINGLE_NODE_READER_ONLY", "MULTI_NODE_READER_ONLY"})
#: Access modes that allow a volume at several targets of one node.
MANY_TARGETS = frozenset(
    {"SINGLE_NODE_MULTI_WRITER", "MULTI_NODE_READER_ONLY", "MULTI_NODE_SINGLE_WRITER", "MULTI_NODE_MULTI_WRITER"}
)
#: Access modes in which several nodes use a volume and at least one writes: no ordinary file system survives that.
SHARED_WRITER_MODES = frozenset({"MULTI_NODE_SINGLE_WRITER", "MULTI_NODE_MULTI_WRITER"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A volume capability; `fs_type` is "" and `mount_flags` empty for block, `mode` is the spec's name."""

    kind: Kind
    mode: str
    fs_type: str = ""
    mount_flags: tuple[str, ...] = ()

    @property
    def readonly(self) -> bool:
        """Whether nothing may be written, not even by us."""
        return self.mode in READER_MODES or "ro" in self.mount_flags


@dataclass(frozen=True, slots=True, kw_only=True)
class StageWanted:
    """NodeStageVolume; `connection` is the sealed text from publish_context."""

    volume_id: str
    staging_path: str
    access: Access
    connection: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishWanted:
    """NodePublishVolume."""

    volume_id: str
    staging_path: str
    target_path: str
    access: Access
    readonly: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpandWanted:
    """NodeExpandVolume; 0 bytes mean "not said"."""

    volume_id: str
    volume_path: str
    staging_path: str
    required_bytes: int
    limit_bytes: int
