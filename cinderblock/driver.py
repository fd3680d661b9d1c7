"""PORT: what the library asks of a volume driver.

One implementation drives Cinder's drivers (`cinderblock.cinder.adapter`);
a fake for unit tests is held to the same contract test.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cinderblock.grouped import ConsistencyGroup
from persistence.records import ConnectionRecord, Json, SnapshotRecord, Specs, VolumeRecord

#: What a driver changed about an object: Cinder's "model update".
#: Known keys: provider_location, provider_id, provider_auth (secret),
#: metadata, admin_metadata; every other key is kept as it is.
Update = Mapping[str, Json]

#: How a back end finds what it has: Cinder's "existing_ref". Known keys: source-name, source-id.
Reference = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What a back end says of one of its pools; GiB, `inf` for "infinite", None for "unknown"."""

    name: str
    total_gib: float | None
    free_gib: float | None
    provisioned_gib: float = 0.0
    reserved_percent: float = 0.0
    over_subscription: float = 1.0
    thin: bool = False
    multiattach: bool = False

    def available_gib(self) -> float | None:
        """Return how many GiB can still be promised, >= 0, or None when unknown.

        Thin pools count what was promised against the total times the
        over-subscription ratio; thick ones count what is free.
        Source: cinder.utils.calculate_virtual_free_capacity.
        """
        if self.total_gib is None or self.free_gib is None:
            return None
        if math.isinf(self.total_gib) or math.isinf(self.free_gib):
            return math.inf
        reserved_gib = self.total_gib * self.reserved_percent / 100
        if self.thin and self.over_subscription >= 1:
            return max(0.0, self.total_gib * self.over_subscription - self.provisioned_gib - reserved_gib)
        return max(0.0, self.free_gib - reserved_gib)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manageable:
    """A volume or a snapshot that a back end has.

    `size_gib` is rounded up. `in_the_way` says why it cannot be taken over, "" when it can. `source` is where a
    snapshot's volume is found, empty where the back end does not tell. `cinder_id` is that of our volume that it is,
    "" when the driver knows it for none of them.
    """

    reference: Reference
    size_gib: int
    in_the_way: str = ""
    source: Reference = field(default_factory=dict)
    cinder_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a driver can do beyond create, delete, snapshot, clone, connect."""

    #: Growing a volume that is published.
    online_extend: bool = True
    #: One volume published to several nodes.
    multiattach: bool = False
    #: A volume cannot go before its snapshots.
    snapshots_depend: bool = True
    #: Taking and removing a snapshot, and cloning, change the volume's own files:
    #: one of them at a time, and only while the volume is published to nobody.
    copies_disturb: bool = False
    #: Volumes are files or devices of the machine that the driver runs on.
    node_local: bool = False
    #: Taking over volumes, and snapshots, that the back end has already; and listing them.
    manage: bool = False
    manage_snapshots: bool = False
    list_manageable: bool = False
    retype: bool = False
    revert: bool = False
    #: Going back to a snapshot that is not the latest one, which keeps the later ones.
    revert_past_others: bool = False
    #: Snapshots of several published volumes at one moment, through groups on the back end.
    consistent_groups: bool = False
    #: Why it cannot, "" where there is no more to say than that.
    no_groups_because: str = ""


class Driver(Protocol):
    """One back end's driver, started.

    Verbs block for as long as the back end takes. Deletes, disconnect and
    ensure_export may be repeated; creates may not: a create that was cut off
    is undone with the delete first. Every verb may raise `BackendUnavailable`,
    or anything unclassified after which the back end's state is unknown.
    A verb that raises `OutOfSpace`, `InvalidRequest` or `OutOfRange` has left
    what it worked on undone or half done, never in use.
    """

    def abilities(self) -> Abilities:
        """Return what the driver can do; cheap, from what it said last."""

    def pools(self) -> Sequence[Pool]:
        """Ask the back end for its pools, at least one; may be slow."""

    def stats(self) -> Mapping[str, Json]:
        """Ask the back end for all that it says of itself, in Cinder's words; may be slow.

        Source: cinder.interface.volume_driver, get_volume_stats.
        """

    def create(self, volume: VolumeRecord) -> Update:
        """Make an empty volume of `volume.size_gib`."""

    def create_from_snapshot(self, volume: VolumeRecord, snapshot: SnapshotRecord) -> Update:
        """Make a volume with the snapshot's content; `volume.size_gib` may be larger."""

    def clone(self, volume: VolumeRecord, source: VolumeRecord) -> Update:
        """Make a volume with the source's content; `volume.size_gib` may be larger."""

    def delete(self, volume: VolumeRecord) -> None:
        """Remove the volume; one that is absent is success."""

    def extend(self, volume: VolumeRecord, size_gib: int) -> Update:
        """Grow the volume to `size_gib`; may be repeated."""

    def create_snapshot(self, snapshot: SnapshotRecord) -> Update:
        """Take a snapshot of the volume with `snapshot.volume_cinder_id`."""

    def delete_snapshot(self, snapshot: SnapshotRecord) -> None:
        """Remove the snapshot; one that is absent is success.

        Raises:
            InUse: the back end still needs it for something.
        """

    def revert(self, volume: VolumeRecord, snapshot: SnapshotRecord, *, again: bool) -> Update:
        """Give the volume the content of one of its snapshots again, and keep its size; may be repeated.

        Args:
            volume: the volume, which is not exported.
            snapshot: the snapshot, of the same size.
            again: an earlier call was cut off.

        Raises:
            InUse: refused, and the volume is what it was. After any other error nobody knows its content.
            NotImplementedError: the driver cannot after all; nothing was done.
        """

    def retype(self, volume: VolumeRecord, specs: Specs) -> Update:
        """Change what the volume asks of its back end, where it is; may be repeated.

        Raises:
            InvalidRequest: the driver cannot do that, and nothing was done.
            NotImplementedError: the same.
        """

    def reference(self, record: VolumeRecord | SnapshotRecord) -> Reference:
        """Return under which name the back end has a volume or a snapshot of ours; cheap, it is not asked."""

    def size_gib_of(self, record: VolumeRecord | SnapshotRecord, reference: Reference) -> int:
        """Return the size of what the back end has there, rounded up; nothing is changed.

        Args:
            record: what it is to become.
            reference: where it is.

        Raises:
            InvalidRequest: there is nothing of that kind.
        """

    def manage(self, record: VolumeRecord | SnapshotRecord, reference: Reference) -> Update:
        """Make what the back end has there the volume, or the snapshot of its volume; its content stays.

        To be called after `size_gib_of` has answered. Most back ends rename it, to what `reference` says, so it
        cannot be repeated with the same arguments.
        """

    def unmanage(self, record: VolumeRecord | SnapshotRecord) -> None:
        """Let go of a volume or a snapshot, which the back end keeps; one that is absent is success."""

    def manageable_volumes(self, volumes: Sequence[VolumeRecord]) -> Sequence[Manageable]:
        """Return the volumes that the back end has; may be slow.

        To be called where `Abilities.list_manageable` is true.

        Args:
            volumes: those of this back end that are ours.
        """

    def create_group(self, group: ConsistencyGroup) -> None:
        """Make an empty group; to be called where `Abilities.consistent_groups` is true.

        Raises:
            NotImplementedError: the driver cannot take these volumes at one moment after all.
        """

    def join_group(self, group: ConsistencyGroup, volumes: Sequence[VolumeRecord]) -> Sequence[Update]:
        """Take volumes into the group; one update each, in their order."""

    def leave_group(self, group: ConsistencyGroup, volumes: Sequence[VolumeRecord]) -> Sequence[Update]:
        """Take volumes out of a group that was made; one that is not in it is success. One update each, in their order.

        When this returns, none of the volumes is in the group for certain.
        """

    def create_group_snapshot(self, group: ConsistencyGroup, snapshots: Sequence[SnapshotRecord]) -> Sequence[Update]:
        """Take snapshots of all volumes of the group at one moment; one update each, in their order.

        They are removed by `delete_group_snapshot`, all of them, and never one by one.
        """

    def delete_group_snapshot(self, group: ConsistencyGroup, snapshots: Sequence[SnapshotRecord]) -> None:
        """Remove the snapshots of the group, which is still there; those that are absent are success.

        Raises:
            InUse: the back end still needs one of them; others may be gone.
        """

    def delete_group(self, group: ConsistencyGroup) -> None:
        """Remove the group, when no volume is in it and its snapshots are gone; one that is absent is success."""

    def validate_connector(self, connector: Mapping[str, Json]) -> None:
        """Check that the node has what the driver's protocol needs.

        Raises:
            InvalidRequest: which property is missing, and what would set it.
        """

    def connect(self, volume: VolumeRecord, connection: ConnectionRecord) -> tuple[Update, Mapping[str, Json]]:
        """Export the volume to `connection.connector`; repeating gives an equal answer.

        Returns:
            What changed about the volume, and the connection_info for the node:
            {driver_volume_type: str, data: {…}}.
        """

    def disconnect(self, volume: VolumeRecord, connection: ConnectionRecord, *, last: bool) -> None:
        """Withdraw the export from one node; an absent export is success.

        Args:
            volume: the volume.
            connection: the connection that ends.
            last: no other node uses the volume, so the export itself may go.
        """

    def ensure_export(self, volume: VolumeRecord) -> Update:
        """Make sure that a published volume is still exported, after a restart."""

    def update_metadata(self, volume: VolumeRecord) -> None:
        """Tell the driver that the volume's metadata changed, where it wants to know."""

    def close(self) -> None:
        """Stop using the back end; closing twice is not an error."""
