"""A volume as programs have it: a record as it was last seen, and what can be done with it."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from cinderblock.driver import Reference
from cinderblock.engine import every
from cinderblock.errors import OutOfRange
from cinderblock.storage import checks
from cinderblock.storage.creation import Wishes, copy, create_snapshot, manage_snapshot
from cinderblock.storage.session import Session, same
from cinderblock.storage.snapshot import Snapshot
from cinderblock.storage.visible import Visible
from cinderblock.units import in_bytes
from cinderblock.wanted import SizeRange
from persistence.records import Status, VolumeRecord


class Volume(Visible):
    """A volume.

    What it says of itself was so when it was last looked at, or changed through this object; `reload` looks again.
    Every verb waits for others who are at work on the same volume, for as long as the storage's patience lasts, and
    then raises `OperationPending`. After `BackendUnavailable` and `StoreUnavailable` the same call may work later.
    """

    def __init__(self, session: Session, record: VolumeRecord) -> None:
        super().__init__("volume", session, record, session.store.volumes)

    def __repr__(self) -> str:
        return f"<Volume {self.id} {self.name!r} {self.size_gib} GiB {self.status}>"

    @property
    def pool(self) -> str:
        """The pool of the back end that it is in."""
        return self.record.host.partition("#")[2]

    @property
    def multiattach(self) -> bool:
        """Whether several hosts may be connected at once."""
        return self.record.multiattach

    @property
    def extra_specs(self) -> Mapping[str, str]:
        """What it asks of the back end, as a volume type would."""
        return MappingProxyType(dict(self.record.extra_specs))

    @property
    def qos_specs(self) -> Mapping[str, str]:
        """Its QoS specs; "consumer" says who keeps to them, "back-end" without it."""
        return MappingProxyType(dict(self.record.qos_specs))

    def delete(self) -> None:
        """Remove the volume; one that is gone is success.

        Raises:
            InUse: it is connected, or the back end needs it for something else than its snapshots.
        """
        if same(self._session.store.volumes, self.record) is not None:
            self._session.need(self.backend)
            self._session.ask(partial(self._session.library.volumes.delete, self.id))

    def unmanage(self) -> Reference:
        """Forget the volume, which its back end keeps with its content; one that is gone is success.

        Returns:
            Where the back end has it from now on, as `Backend.manage` takes it; empty for one that is gone.

        Raises:
            InUse: it is connected or has snapshots, or nobody knows its content.
            InvalidRequest: the driver cannot let go of it.
        """
        if same(self._session.store.volumes, self.record) is None:
            return {}
        self._session.need(self.backend)
        return self._session.ask(partial(self._session.library.volumes.unmanage, self.id))

    def extend(self, size_gib: int) -> "Volume":
        """Grow the volume, and this machine's block devices of it, to `size_gib`; return this object.

        Raises:
            NotFound: it is gone.
            OutOfRange: it is larger already, or the back end cannot.
            OutOfSpace: no room.
            InUse: it is connected, and the back end grows only others.
        """
        size_bytes = in_bytes(checks.size_gib(size_gib))
        if self.reload().size_gib > size_gib:
            msg = f"volume {self.name!r} has {self.size_gib} GiB and cannot shrink to {size_gib}"
            raise OutOfRange(msg)
        self._session.need(self.backend)
        size = SizeRange(required_bytes=size_bytes, limit_bytes=size_bytes)
        self.record = self._session.ask(partial(self._session.library.volumes.extend, self.id, size))
        self._session.ask(partial(self._session.attachments.refresh, self.record))
        return self

    def clone(
        self,
        size_gib: int | None = None,
        *,
        id: str | None = None,
        name: str = "",
        description: str = "",
        pool: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> "Volume":
        """Return a new volume with this one's content and specs, as it is at one moment.

        Args:
            size_gib: this one's size, or more; None for the same.
            id: as for `Backend.create_volume`, and all that follows; this one's metadata is not copied.
            pool: this one's when "".

        Raises: what `Backend.create_volume` does, and
            NotFound: it is gone.
        """
        wishes = Wishes(id=id, name=name, description=description, pool=pool, metadata=metadata)
        return Volume(self._session, copy(self._session, self._mine(), size_gib, wishes))

    def create_snapshot(
        self,
        name: str = "",
        *,
        id: str | None = None,
        description: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> Snapshot:
        """Take a snapshot.

        Args:
            name: several may have the same; the id when "".
            id: makes the call repeatable, as that of `Backend.create_volume` does.
            description: any text.
            metadata: Cinder's.

        Raises:
            NotFound: the volume is gone.
            AlreadyExists: another snapshot has the id.
            OutOfSpace: no room.
            InUse: the volume's state forbids it.
        """
        wishes = Wishes(id=id, name=name, description=description, metadata=metadata)
        return Snapshot(self._session, create_snapshot(self._session, self._mine(), wishes))

    def manage_snapshot(
        self,
        reference: Reference,
        name: str = "",
        *,
        id: str | None = None,
        description: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> Snapshot:
        """Take over a snapshot of this volume that the back end has already, with its content.

        Args:
            reference: where the driver finds it: {"source-name": …} or {"source-id": …}.
            name: as for `create_snapshot`, and all that follows; with an `id` the call can be repeated.

        Raises:
            NotFound: the volume is gone, or what an earlier call began with is.
            AlreadyExists: the id is taken by another snapshot, or the snapshot is in the store already.
            InvalidRequest: the back end has no such snapshot, or its driver cannot take it over.
        """
        wishes = Wishes(id=id, name=name, description=description, metadata=metadata)
        return Snapshot(self._session, manage_snapshot(self._session, self._mine(), reference, wishes))

    def snapshots(self) -> list[Snapshot]:
        """Return the snapshots of this volume."""
        found = every(self._session.store.snapshots, volume_cinder_id=self.record.cinder_id)
        return [Snapshot(self._session, one) for one in found if one.status is not Status.TOMBSTONE]

    def revert(self, snapshot: Snapshot) -> "Volume":
        """Give the volume the content of one of its snapshots again; what was written since is lost.

        When it is cut off nobody knows the content: until the same call has succeeded, the volume is not connected.
        Return this object.

        Raises:
            NotFound: the volume or the snapshot is gone, or the snapshot is of another volume.
            InUse: it is connected, or has later snapshots that the back end may lose.
            InvalidRequest: the driver cannot, or the volume had another size then.
        """
        volume_id, snapshot_id = self._mine().id, snapshot.reload().id
        self._session.need(self.backend)
        self.record = self._session.ask(partial(self._session.library.volumes.revert, volume_id, snapshot_id))
        return self

    def retype(
        self, *, extra_specs: Mapping[str, str] | None = None, qos_specs: Mapping[str, str] | None = None
    ) -> "Volume":
        """Change what the volume asks of its back end, where it is; connections stay. Return this object.

        Args:
            extra_specs: all of them from now on; None leaves those that it has.
            qos_specs: the same.

        Raises:
            NotFound: it is gone.
            InvalidRequest: the driver cannot change that; the volume is what it was.
            InUse: its state forbids it.
        """
        extra = None if extra_specs is None else checks.texts("extra specs", extra_specs)
        qos = None if qos_specs is None else checks.texts("QoS specs", qos_specs)
        volume_id = self._mine().id
        self._session.need(self.backend)
        retype = partial(self._session.library.volumes.retype, volume_id, extra_specs=extra, qos_specs=qos)
        self.record = self._session.ask(retype)
        return self

    def set_metadata(self, metadata: Mapping[str, str]) -> "Volume":
        """Set some of the metadata; names that are not given stay as they are. Return this object.

        Raises:
            NotFound: it is gone.
        """
        wanted = checks.texts("metadata", metadata)
        self._mine()
        self._session.need(self.backend)
        self.record = self._session.ask(partial(self._session.library.volumes.set_metadata, self.id, wanted))
        return self

    def to_json(self, *, secrets: bool = False) -> str:
        """Return the volume with its snapshots, connections and attachments, for `Storage.load_json`.

        Args:
            secrets: write passwords in clear; else they are sealed with the storage's key.

        Raises:
            NotFound: it is gone.
            InvalidRequest: there are secrets, and the storage's key ends with the process.
        """
        return self._session.documents.dump(self._mine(), secrets=secrets)
