"""What a caller asks for, checked once, compared with what exists."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cinderblock.errors import AlreadyExists, OutOfRange
from cinderblock.intents import ready
from cinderblock.units import gib_rounded_up, in_bytes
from persistence.records import Json, SnapshotRecord, Source, Specs, Status, VolumeRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRange:
    """How large a volume may be, in bytes; 0 means "not said"."""

    required_bytes: int = 0
    limit_bytes: int = 0

    def choose_gib(self, at_least_gib: int = 1) -> int:
        """Return the least whole number of GiB in the range, never less than asked.

        Args:
            at_least_gib: a floor of the caller's: the size of the source.

        Raises:
            OutOfRange: the range holds no whole number of GiB.
        """
        size_gib = max(gib_rounded_up(self.required_bytes), at_least_gib, 1)
        if self.limit_bytes and in_bytes(size_gib) > self.limit_bytes:
            msg = (
                f"sizes are whole GiB: {size_gib} GiB is the least that holds what is needed, "
                f"and the limit is {self.limit_bytes} bytes; raise the limit"
            )
            raise OutOfRange(msg)
        return size_gib

    def holds(self, size_gib: int) -> bool:
        """Tell whether a volume of `size_gib` is within the range."""
        size_bytes = in_bytes(size_gib)
        return size_bytes >= self.required_bytes and (not self.limit_bytes or size_bytes <= self.limit_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedVolume:
    """A volume as it is asked for.

    `id` is derived from `name`. `backend` and `pool` may be "": the only one, or
    the one with most room. `access` lists the modes of use, "mount/SINGLE_NODE_WRITER".
    `parameters` is what the caller sent, kept for comparison.
    `reachable_from` lists topologies of which one must fit; empty means anywhere.
    `cinder_id` is what the array will see, "" for a new one; `driver_data` is there before the driver says anything.
    """

    id: str
    name: str
    cinder_id: str = ""
    size: SizeRange = field(default_factory=SizeRange)
    description: str = ""
    backend: str = ""
    pool: str = ""
    source: Source | None = None
    multiattach: bool = False
    access: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    extra_specs: Mapping[str, str] = field(default_factory=dict)
    qos_specs: Mapping[str, str] = field(default_factory=dict)
    driver_data: Mapping[str, Json] = field(default_factory=dict)
    reachable_from: tuple[Mapping[str, str], ...] = ()

    def check_fits(self, found: VolumeRecord) -> None:
        """Compare with the volume that has the name already.

        Metadata is not compared: it may have been changed since.

        Raises:
            AlreadyExists: naming what differs, and both values.
        """
        if not self.size.holds(found.size_gib):
            msg = f"volume {self.name!r} has {found.size_gib} GiB, {self._range()} wanted; use another name"
            raise AlreadyExists(msg)
        wanted_source = self.source.id if self.source else None
        found_source = found.source.id if found.source else None
        for what, found_value, wanted_value in (
            ("source", found_source, wanted_source),
            ("parameters", dict(found.parameters), dict(self.parameters)),
            ("access", found.access, self.access),
        ):
            if found_value != wanted_value:
                msg = f"volume {self.name!r} has {what} {found_value!r}, {wanted_value!r} wanted; use another name"
                raise AlreadyExists(msg)

    def _range(self) -> str:
        limit = f" to {self.size.limit_bytes}" if self.size.limit_bytes else ""
        return f"{self.size.required_bytes}{limit} bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is to become different about a volume, by name; a spec whose value is "" is taken away."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    extra_specs: Mapping[str, str] = field(default_factory=dict)
    qos_specs: Mapping[str, str] = field(default_factory=dict)

    @property
    def of_specs(self) -> bool:
        """Whether there is anything that a driver may refuse."""
        return bool(self.extra_specs or self.qos_specs)

    def applied_to(self, extra_specs: Mapping[str, str], qos_specs: Mapping[str, str]) -> Specs:
        """Return what specs become of these."""
        return Specs(extra=_without_empty(extra_specs, self.extra_specs), qos=_without_empty(qos_specs, self.qos_specs))


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSnapshot:
    """A snapshot as it is asked for; `id` is derived from `name`, `group_id` is "" for one that stands alone.

    `reachable_from` lists topologies of which one must fit; empty means anywhere. `cinder_id` and `driver_data` as for
    a volume.
    """

    id: str
    name: str
    volume_id: str
    cinder_id: str = ""
    description: str = ""
    group_id: str = ""
    reachable_from: tuple[Mapping[str, str], ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    driver_data: Mapping[str, Json] = field(default_factory=dict)

    def check_fits(self, found: SnapshotRecord, volume: VolumeRecord | None) -> None:
        """Compare with the snapshot that has the name already, and with the volume that there is now.

        Raises:
            AlreadyExists: it is of another volume.
        """
        if found.volume_id != self.volume_id:
            msg = (
                f"snapshot {self.name!r} is of volume {found.volume_id!r}, "
                f"of {self.volume_id!r} wanted; use another name"
            )
            raise AlreadyExists(msg)
        if volume is not None and ready(volume) and volume.cinder_id != found.volume_cinder_id:
            name = volume.name
            msg = f"snapshot {self.name!r} is of an earlier volume {name!r} than the one of now; use another name"
            raise AlreadyExists(msg)

    def record(self, volume: VolumeRecord, cinder_id: str, *, created_at: float) -> SnapshotRecord:
        """Return the new record of a snapshot that is about to be taken of the volume."""
        return SnapshotRecord(
            id=self.id,
            cinder_id=cinder_id,
            created_at=created_at,
            name=self.name,
            description=self.description,
            backend=volume.backend,
            volume_id=volume.id,
            volume_cinder_id=volume.cinder_id,
            size_gib=volume.size_gib,
            status=Status.CREATING,
            group_id=self.group_id,
            parameters=self.parameters,
            metadata=self.metadata,
            driver_data=self.driver_data,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedGroup:
    """A group snapshot as it is asked for: `id` is derived from `name`, one member for each volume."""

    id: str
    name: str
    members: tuple[WantedSnapshot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedConnection:
    """A publication of a volume to a node.

    `connector` is os-brick's description of the node; `max_volumes` bounds how
    many volumes it takes, 0 for no bound; `access` is the mode of use.
    `shared` says that the mode of use allows several nodes at once.
    """

    id: str
    volume_id: str
    node_id: str
    connector: Mapping[str, Json]
    readonly: bool = False
    access: str = ""
    shared: bool = False
    max_volumes: int = 0


def _without_empty(specs: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in specs.items() if name not in changes}
    return kept | {name: value for name, value in changes.items() if value}
