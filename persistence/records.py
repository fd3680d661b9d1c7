"""The five kinds of record: frozen values, complete in themselves.

A record that is in work carries its intent (`status`) and the process that
holds it (`owner`), so the record is its own journal. Secrets are the fields
that `secret_fields` names; `persistence.seal` closes them before a store sees them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


class Status(StrEnum):
    """Where an object is in its life; all but two are intents in work."""

    CREATING = "creating"
    AVAILABLE = "available"
    EXTENDING = "extending"
    PUBLISHING = "publishing"
    UNPUBLISHING = "unpublishing"
    DELETING = "deleting"
    #: Taken over from the back end, which had it before: it must never be undone by a deletion.
    MANAGING = "managing"
    #: Given back to the back end, which keeps it.
    UNMANAGING = "unmanaging"
    #: On its way back to a snapshot's content; until it is there nobody knows what the volume holds.
    REVERTING = "reverting"
    #: Getting other extra specs and QoS specs.
    RETYPING = "retyping"
    #: Deleted for its user; the back end still needs it for its snapshots.
    TOMBSTONE = "tombstone"


class SourceKind(StrEnum):
    """What a volume was made from."""

    SNAPSHOT = "snapshot"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a volume was made from; both ids, because a CSI id can be used again."""

    kind: SourceKind
    id: str
    cinder_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Specs:
    """What a volume asks of its back end: Cinder's extra specs and QoS specs."""

    extra: Mapping[str, str] = field(default_factory=dict)
    qos: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What all kinds share.

    `revision` is opaque, belongs to the store, and is "" before `insert`.
    `owner` names the process that works on the object, its run and the piece of work, "" when nobody does.
    `created_at` is in seconds since 1970, UTC.
    """

    #: Fields that `Table.page` can select by; always text.
    INDEXED: ClassVar[tuple[str, ...]] = ()
    #: Fields that must never be stored in clear; text or a mapping.
    SECRET: ClassVar[tuple[str, ...]] = ()

    id: str
    revision: str = ""
    owner: str = ""
    created_at: float = 0.0

    def secret_fields(self) -> tuple[str, ...]:
        """Return the fields of this record that must never be stored in clear."""
        return self.SECRET


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRecord(Record):
    """A volume: its id is derived from its name, `cinder_id` is what the array sees.

    `host` is Cinder's "HOST@BACKEND#POOL". `wanted_size_gib` is the target of an
    extension in work, else 0. `access` lists what was asked at creation
    ("mount/SINGLE_NODE_WRITER", …). `driver_data` holds what the driver returned
    (provider_location, provider_id, …) except `provider_auth`.
    `source_cinder_id` repeats `source.cinder_id` ("" without one) as an index.
    `reference` says what the back end called a volume that was taken over ({"source-name": …}), empty for one that
    was made. The other targets of work in progress: `wanted_reference` is where a volume that is being taken over is
    found now, `wanted_specs` what a retype changes it to, `wanted_snapshot_cinder_id` what a revert goes back to.
    """

    INDEXED: ClassVar[tuple[str, ...]] = ("name", "backend", "cinder_id", "source_cinder_id")
    SECRET: ClassVar[tuple[str, ...]] = ("provider_auth",)

    cinder_id: str
    name: str
    backend: str
    host: str
    size_gib: int
    status: Status
    description: str = ""
    wanted_size_gib: int = 0
    source: Source | None = None
    source_cinder_id: str = ""
    multiattach: bool = False
    access: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    admin_metadata: Mapping[str, str] = field(default_factory=dict)
    extra_specs: Mapping[str, str] = field(default_factory=dict)
    qos_specs: Mapping[str, str] = field(default_factory=dict)
    driver_data: Mapping[str, Json] = field(default_factory=dict)
    provider_auth: str = ""
    reference: Mapping[str, str] = field(default_factory=dict)
    wanted_reference: Mapping[str, str] = field(default_factory=dict)
    wanted_specs: Specs | None = None
    wanted_snapshot_cinder_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRecord(Record):
    """A snapshot of the volume that had `volume_id` then and has `volume_cinder_id` for ever.

    `group_id` is the group snapshot that it belongs to, "" for one that stands alone.
    `reference` and `wanted_reference` are what they are for a volume.
    """

    INDEXED: ClassVar[tuple[str, ...]] = ("name", "backend", "cinder_id", "volume_id", "volume_cinder_id")
    SECRET: ClassVar[tuple[str, ...]] = ("provider_auth",)

    cinder_id: str
    name: str
    backend: str
    volume_id: str
    volume_cinder_id: str
    size_gib: int
    status: Status
    description: str = ""
    group_id: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    driver_data: Mapping[str, Json] = field(default_factory=dict)
    provider_auth: str = ""
    reference: Mapping[str, str] = field(default_factory=dict)
    wanted_reference: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRecord(Record):
    """A volume published to a node.

    `connector` is os-brick's description of the node (initiator, ip, host, …),
    `connection_info` what the driver answered ({driver_volume_type, data}).
    `access` is the mode it was published with, "mount/SINGLE_NODE_WRITER".
    """

    INDEXED: ClassVar[tuple[str, ...]] = ("backend", "volume_id", "volume_cinder_id", "node_id")
    SECRET: ClassVar[tuple[str, ...]] = ("connection_info",)

    cinder_id: str
    backend: str
    volume_id: str
    volume_cinder_id: str
    node_id: str
    status: Status
    readonly: bool = False
    access: str = ""
    connector: Mapping[str, Json] = field(default_factory=dict)
    connection_info: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRecord(Record):
    """A node as it described itself; the id is the CSI node id."""

    connector: Mapping[str, Json] = field(default_factory=dict)
    topology: Mapping[str, str] = field(default_factory=dict)
    max_volumes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyValueRecord(Record):
    """A small fact of Cinderblock's own; the id is the key."""

    #: What the key of a fact begins with that must never be stored in clear.
    SEALED: ClassVar[str] = "sealed/"

    value: str = ""

    def secret_fields(self) -> tuple[str, ...]:
        return ("value",) if self.id.startswith(self.SEALED) else ()
