"""A volume as programs have it: a record as it was last seen, and what can be done with it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType

from cinderblock import ids
from cinderblock.engine import every
from cinderblock.errors import NotFound, OutOfRange
from cinderblock.host import Device
from cinderblock.storage import checks, local
from cinderblock.storage.connection import Connection
from cinderblock.storage.creation import Wishes, copy, create_snapshot
from cinderblock.storage.session import Session, same
from cinderblock.storage.snapshot import Snapshot
from cinderblock.units import in_bytes
from cinderblock.wanted import SizeRange, WantedConnection
from persistence.records import Json, Status, VolumeRecord


class Volume:
    """A volume.

    What it says of itself was so when it was last looked at, or changed through this object; `reload` looks again.
    Every verb waits for others who are at work on the same volume, for as long as the storage's patience lasts, and
    then raises `OperationPending`. After `BackendUnavailable` and `StoreUnavailable` the same call may work later.
    """

    def __init__(self, session: Session, record: VolumeRecord) -> None:
        self._session = session
        self.record = record

    def __repr__(self) -> str:
        return f"<Volume {self.id} {self.name!r} {self.size_gib} GiB {self.status}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Volume) and other.record.cinder_id == self.record.cinder_id

    def __hash__(self) -> int:
        return hash(self.record.cinder_id)

    @property
    def id(self) -> str:
        """The id: the caller's, or one that was made up."""
        return self.record.id

    @property
    def name(self) -> str:
        """The name; the id when none was given. Several volumes may have the same."""
        return self.record.name

    @property
    def description(self) -> str:
        """The description, "" without one."""
        return self.record.description

    @property
    def size_gib(self) -> int:
        """The size in GiB."""
        return self.record.size_gib

    @property
    def status(self) -> Status:
        """Where it is in its life: "available", or what is being done with it."""
        return self.record.status

    @property
    def backend(self) -> str:
        """The name of its back end."""
        return self.record.backend

    @property
    def pool(self) -> str:
        """The pool of the back end that it is in."""
        return self.record.host.partition("#")[2]

    @property
    def multiattach(self) -> bool:
        """Whether several hosts may be connected at once."""
        return self.record.multiattach

    @property
    def created_at(self) -> datetime:
        """When it was asked for."""
        return datetime.fromtimestamp(self.record.created_at, UTC)

    @property
    def metadata(self) -> Mapping[str, str]:
        """Cinder's metadata."""
        return MappingProxyType(dict(self.record.metadata))

    @property
    def extra_specs(self) -> Mapping[str, str]:
        """The extra specs that it was made with."""
        return MappingProxyType(dict(self.record.extra_specs))

    @property
    def qos_specs(self) -> Mapping[str, str]:
        """The QoS specs that it was made with; "consumer" says who keeps to them, "back-end" without it."""
        return MappingProxyType(dict(self.record.qos_specs))

    def reload(self) -> "Volume":
        """Look at the volume again; return this object.

        Raises:
            NotFound: it is gone.
        """
        self.record = self._mine()
        return self

    def delete(self) -> None:
        """Remove the volume; one that is gone is success.

        Raises:
            InUse: it is connected, or the back end needs it for something else than its snapshots.
        """
        if same(self._session.store.volumes, self.record) is not None:
            self._session.need(self.backend)
            self._session.ask(partial(self._session.library.volumes.delete, self.id))

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

    def create_snapshot(self, name: str = "", *, id: str | None = None, description: str = "") -> Snapshot:
        """Take a snapshot.

        Args:
            name: several may have the same; the id when "".
            id: makes the call repeatable, as that of `Backend.create_volume` does.

        Raises:
            NotFound: the volume is gone.
            AlreadyExists: another snapshot has the id.
            OutOfSpace: no room.
            InUse: the volume's state forbids it.
        """
        wishes = Wishes(id=id, name=name, description=description)
        return Snapshot(self._session, create_snapshot(self._session, self._mine(), wishes))

    def snapshots(self) -> list[Snapshot]:
        """Return the snapshots of this volume."""
        found = every(self._session.store.snapshots, volume_cinder_id=self.record.cinder_id)
        return [Snapshot(self._session, one) for one in found if one.status is not Status.TOMBSTONE]

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

    def connect(self, connector: Mapping[str, Json], *, readonly: bool = False) -> Connection:
        """Make the volume visible to a host; return the connection, the same one when there is one already.

        Args:
            connector: os-brick's description of the host; "host" is its name.
            readonly: the host may only read.

        Raises:
            NotFound: it is gone.
            InvalidRequest: the connector lacks what the back end's protocol needs.
            InUse: it is connected to another host, and was not made for several.
            AlreadyExists: it is connected to this host in another way.
        """
        host, properties = checks.connector(connector)
        wanted = WantedConnection(
            id=ids.connection_id(self.id, host),
            volume_id=self._mine().id,
            node_id=host,
            connector=properties,
            readonly=readonly,
            shared=True,
        )
        self._session.need(self.backend)
        return Connection(self._session, self._session.ask(partial(self._session.library.connections.publish, wanted)))

    def connections(self) -> list[Connection]:
        """Return the connections of this volume."""
        found = every(self._session.store.connections, volume_cinder_id=self.record.cinder_id)
        return [Connection(self._session, one) for one in found]

    def disconnect(self) -> None:
        """End every connection; none is success.

        Raises:
            InUse: it is attached here.
        """
        for connection in self.connections():
            connection.disconnect()

    def attach(self, *, readonly: bool = False) -> Connection:
        """Make the volume a block device of this machine until `detach`, if it is not; return the connection.

        Raises: what `connect` and `Connection.attach` do.
        """
        return local.attach(self._session, self, readonly=readonly, alone=False).connection

    def detach(self) -> None:
        """Undo `attach`, of whichever process; a volume that is not attached here is success.

        Raises:
            InUse: the device is mounted, claimed or open; it was left alone.
        """
        for connection in self.connections():
            if connection.attached_here:
                connection.detach()
                connection.disconnect()

    @contextmanager
    def attached(self, *, readonly: bool = False) -> Iterator[Device]:
        """Have the volume as a block device of this machine while the block runs.

        Raises: what `attach` does, and
            InUse: it is attached here already; or, at the end, the device is still in use and was left alone.
        """
        attached = local.attach(self._session, self, readonly=readonly, alone=True)
        try:
            yield attached.device
        finally:
            local.detach(attached)

    def to_json(self, *, secrets: bool = False) -> str:
        """Return the volume with its snapshots, connections and attachments, for `Storage.load_json`.

        Args:
            secrets: write passwords in clear; else they are sealed with the storage's key.

        Raises:
            NotFound: it is gone.
            InvalidRequest: there are secrets, and the storage's key ends with the process.
        """
        return self._session.documents.dump(self._mine(), secrets=secrets)

    def _mine(self) -> VolumeRecord:
        found = same(self._session.store.volumes, self.record)
        if found is None:
            msg = f"there is no volume {self.id!r} any more"
            raise NotFound(msg)
        return found
