"""Volumes, as programs of cinderlib have them."""

from collections.abc import Mapping
from typing import Any

from cinderblock.cinderlib import writing
from cinderblock.cinderlib.documents import VolumeDocument
from cinderblock.compat.cinderlib import finding, making, saving
from cinderblock.compat.cinderlib.connection import Connection
from cinderblock.compat.cinderlib.exception import InvalidVolume, NotLocal, VolumeNotFound, blamed
from cinderblock.compat.cinderlib.object import GIB, Object
from cinderblock.compat.cinderlib.ovo import Ovo
from cinderblock.compat.cinderlib.process import current
from cinderblock.compat.cinderlib.snapshot import Snapshot
from cinderblock.errors import CinderblockError
from cinderblock.storage import local
from cinderblock.storage.volume import Volume as Stored
from persistence.records import Json, SnapshotRecord, VolumeRecord


class Volume(Object):
    """A volume; a new one is made by `create`.

    Args:
        backend_or_vol: its back end, the name of it, or a volume that it is to be like.
        pool_name: a pool of the back end; the one with most room without it.
        fields: by Cinder's names, and `name`, `description`, `extra_specs`, `qos_specs`.
    """

    def __init__(self, backend_or_vol: Any, pool_name: str | None = None, **fields: Any) -> None:
        self._ovo = Ovo({})
        if isinstance(backend_or_vol, Volume):
            self.backend = backend_or_vol.backend
            fields = making.like(backend_or_vol, fields)
        else:
            self.backend = self.backend_class.given(backend_or_vol)
        self._wishes = making.volume(self.backend_name(), fields, pool=pool_name or "")
        self._ovo.show(self._wishes.shown)

    @property
    def name(self) -> str:
        """The name that a program gave."""
        return str(self._ovo.display_name)

    @property
    def description(self) -> str:
        """The description that a program gave."""
        return str(self._ovo.display_description)

    @property
    def name_in_storage(self) -> str:
        """What the array calls it."""
        template = str(current().options.get("volume_name_template", "volume-%s"))
        return str(template % (vars(self._ovo).get("_name_id") or self._ovo.id))

    @property
    def snapshots(self) -> list[Snapshot]:
        """Its snapshots, looked up now."""
        if isinstance(self._document, VolumeDocument):
            return [Snapshot.loaded(one, volume=self) for one in self._document.snapshots or ()]
        if self._record is None or self._apart:
            return []
        return [Snapshot.of(one) for one in finding.snapshots(current().session, volume_id=self._record.cinder_id)]

    @property
    def connections(self) -> list[Connection]:
        """Its connections, looked up now; one that could not be made, or ended, is not `connected`."""
        if isinstance(self._document, VolumeDocument):
            return [Connection.loaded(one, volume=self) for one in self._document.connections or ()]
        if self._record is None or self._apart:
            return []
        return [Connection.of(one) for one in finding.connections(current().session, volume_id=self._record.cinder_id)]

    @property
    def local_attach(self) -> Connection | None:
        """The connection through which it is attached to this machine, whichever process did it; looked up now."""
        if self.is_loose:
            return None
        return next((one for one in self.connections if one.attached_here), None)

    @classmethod
    def get_by_id(cls, volume_id: str) -> "Volume":
        """Return the volume of this id.

        Raises:
            VolumeNotFound: there is none.
        """
        for found in finding.volumes(current().session, volume_id=volume_id):
            return cls.of(found)
        raise VolumeNotFound(volume_id)

    @classmethod
    def get_by_name(cls, volume_name: str) -> "list[Volume]":
        """Return the volumes of this name."""
        return [cls.of(one) for one in finding.volumes(current().session, name=volume_name)]

    @classmethod
    def told(cls, document: VolumeDocument) -> "Volume":
        """Return the volume that another object's JSON tells of: as it is stored, else as it was loaded."""
        volume_id = document.record.cinder_id
        for found in finding.volumes(current().session, volume_id=volume_id):
            return cls.of(found)
        known = current().objects.get((cls.__name__, volume_id))
        is_loaded = isinstance(known, cls) and known.is_loose
        return known if is_loaded else cls.of(document.record, document=document)  # type: ignore[return-value]  # as the line above says

    def create(self) -> None:
        """Make the volume."""
        self._made(making.create(self._wishes, self))

    def clone(self, **new_vol_attrs: Any) -> "Volume":
        """Return a new volume with this one's content and, where nothing else is given, its fields."""
        source = self.needed().reload().record
        self.show(source)
        return Volume(self, **{**new_vol_attrs, "source_volid": self._ovo.id}).made_from(source)

    def made_from(self, source: VolumeRecord | SnapshotRecord) -> "Volume":
        """Make the volume with the content of another object; return this one."""
        self._made(making.copy(self._wishes, source, self))
        return self

    def create_snapshot(self, name: str = "", description: str = "", **fields: Any) -> Snapshot:
        """Take a snapshot."""
        snapshot = Snapshot(self, name=name, description=description, **fields)
        snapshot.create()
        return snapshot

    def delete(self) -> None:
        """Remove the volume; one that is gone is success.

        Raises:
            InvalidVolume: it has snapshots, or is connected.
        """
        with blamed(self):
            if self.snapshots:
                raise InvalidVolume(f"volume {self._ovo.id} has snapshots; delete them first")
            if self.connections:
                raise InvalidVolume(f"volume {self._ovo.id} is connected; disconnect it first")
            if self._record is not None:
                self.needed().delete()
            self.gone()

    def extend(self, size: int) -> int:
        """Grow the volume, and what this machine has of it; return its size in bytes."""
        with blamed(self):
            self.show(self.needed().extend(size).record)
        return int(self._ovo.size) * GIB

    def connect(self, connector_dict: Mapping[str, Json], **ovo_fields: Any) -> Connection:
        """Make the volume visible to a host; return the connection, the same one when there is one already."""
        scan_attempts = ovo_fields.pop("device_scan_attempts", None)
        with blamed(self):
            made = self.needed().connect(connector_dict, readonly=ovo_fields.get("attach_mode") == "ro")
            connection = Connection.of(saving.keep(made.record, ovo_fields))
            connection.scan_attempts = int(scan_attempts or connection.scan_attempts)
            self.refresh()
            return connection

    def disconnect(self, connection: Connection, force: bool = False) -> None:
        """End a connection of it."""
        connection.disconnect(force)

    def attach(self) -> Connection:
        """Make the volume a block device of this machine; return the connection."""
        with blamed(self):
            attached = local.attach(current().session, self.needed(), readonly=False, alone=False)
            self.refresh()
            return Connection.of(attached.connection.record)

    def detach(self, force: bool = False, ignore_errors: bool = False) -> None:
        """Undo `attach`.

        Args:
            force: taken for compatibility: a device that is in use is never taken away.
            ignore_errors: say nothing of what fails.

        Raises:
            NotLocal: it is not attached to this machine.
        """
        connection = self.local_attach
        if connection is None:
            raise NotLocal(self._ovo.id)
        try:
            connection.detach(force)
            connection.disconnect(force)
        except CinderblockError:
            if not ignore_errors:
                raise

    def cleanup(self) -> None:
        """Detach it here, and end all connections."""
        for connection in self.connections:
            connection.detach()
            connection.disconnect()

    def refresh(self) -> None:
        """Look at the volume again.

        Raises:
            VolumeNotFound: it is gone.
        """
        if self.is_loose:
            return
        found = finding.volumes(current().session, volume_id=str(self._ovo.id))
        if not found:
            raise VolumeNotFound(str(self._ovo.id))
        self.show(found[0])

    def save(self) -> None:
        """Store what the program has set, and what was loaded."""
        store = current().session.store
        if isinstance(self._document, VolumeDocument):
            document, self._document = self._document, None
            record = saving.store(store.volumes, document.record)
            for snapshot in document.snapshots or ():
                Snapshot.of(saving.store(store.snapshots, snapshot))
            for connection in document.connections or ():
                Connection.of(saving.store(store.connections, connection))
        else:
            record = saving.store(store.volumes, saving.volume(self._ovo.plain(), self._record))
        self.show(record)

    def show(self, record: VolumeRecord) -> None:
        self._record = record
        in_use = any(one.connected for one in self.connections)
        self._ovo.show(writing.volume(record, in_use=in_use))

    def document(self, *, simplified: bool) -> VolumeDocument:
        if simplified or self._apart:
            return VolumeDocument(record=self.record(), backend=self.backend_options())
        return VolumeDocument(
            record=self.record(),
            backend=self.backend_options(),
            snapshots=tuple(one.stored for one in self.snapshots),
            connections=tuple(one.stored for one in self.connections),
        )

    def _made(self, record: VolumeRecord) -> None:
        """Be the object of a record that was made for it."""
        self.show(record)
        with current().lock:
            current().objects["Volume", record.cinder_id] = self

    def record(self) -> VolumeRecord:
        """Return what is known of it, made or not."""
        found: VolumeRecord | None = self._record
        return saving.volume(self._ovo.plain(), None) if found is None else found

    def needed(self) -> Stored:
        """Return the volume as the library has it; what was loaded is stored now.

        Raises:
            VolumeNotFound: it was not made yet.
        """
        if self.is_loose:
            self.save()
        if self._record is None:
            raise VolumeNotFound(str(self._ovo.id))
        return Stored(current().session, self._record)


Object.volume_class = Volume
