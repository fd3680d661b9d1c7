"""Connections, as programs of cinderlib have them."""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from cinderblock.cinderlib import writing
from cinderblock.cinderlib.documents import ConnectionDocument, VolumeDocument
from cinderblock.compat.cinderlib import finding, opening, saving
from cinderblock.compat.cinderlib.exception import ConnectionNotFound, NotFound, VolumeNotFound, blamed
from cinderblock.compat.cinderlib.object import GIB, Object
from cinderblock.compat.cinderlib.process import current
from cinderblock.storage.connection import Connection as Stored
from persistence.records import ConnectionRecord, Json

if TYPE_CHECKING:
    from cinderblock.compat.cinderlib.volume import Volume


class Connection(Object):
    """A volume made visible to a host; made by `Volume.connect`."""

    #: How often os-brick looks for a device that is slow to appear; what `connect` was given, in this process.
    scan_attempts: int = 3

    def __init__(self, *_: Any, **__: Any) -> None:
        raise TypeError("a connection is made by Volume.connect, or loaded")

    @property
    def volume(self) -> "Volume":
        """The volume.

        Raises:
            VolumeNotFound: it is gone.
        """
        if self.is_loose and self._parent is not None:
            found: Volume = self._parent
            return found
        if isinstance(self._document, ConnectionDocument) and self._document.volume is not None:
            return self.volume_class.told(self._document.volume)
        return self.volume_class.get_by_id(str(self._ovo.volume_id))

    @property
    def conn_info(self) -> dict[str, Any]:
        """What os-brick on the host needs; empty when the connection has ended."""
        return dict((self._ovo.connection_info or {}).get("conn") or {})

    @property
    def protocol(self) -> str | None:
        """The kind of connection, by Cinder's word."""
        return self.conn_info.get("driver_volume_type")

    @property
    def connector_info(self) -> dict[str, Any] | None:
        """os-brick's description of the host."""
        found = (self._ovo.connection_info or {}).get("connector")
        return None if found is None else dict(found)

    @property
    def device(self) -> dict[str, Any] | None:
        """The device: what the program said, else what this machine has; looked up now."""
        said = (self._ovo.connection_info or {}).get("device")
        if said:
            return dict(said)
        if self.is_loose or self._apart or self.is_deleted():
            return None
        found = self._stored().device
        return None if found is None else {"type": "block", **found.brick, "path": found.path}

    @device.setter
    def device(self, device: Mapping[str, Json] | None) -> None:
        """Remember what the program says of the device, or forget it."""
        self._need()
        self._say_device(dict(device) if device else None)

    @property
    def path(self) -> str | None:
        """The path of the device."""
        device = self.device
        return None if device is None else str(device.get("path"))

    @property
    def attached(self) -> bool:
        """Whether there is a device."""
        return bool(self.device)

    @property
    def attached_here(self) -> bool:
        """Whether this machine has the volume attached through it."""
        return not self.is_loose and not self.is_deleted() and self._stored().attached_here

    @property
    def connected(self) -> bool:
        """Whether the connection has not ended."""
        return bool(self.conn_info)

    @property
    def use_multipath(self) -> bool:
        """Whether several paths become one device."""
        connector, data = self.connector_info or {}, self.conn_info.get("data", {})
        if "multipath" in connector:
            return bool(connector["multipath"])
        wwns = data.get("target_wwn", "")
        return ("target_iqns" in data and "target_portals" in data) or not isinstance(wwns, str)

    @property
    def connector(self) -> Any:
        """os-brick's own connector for it; None when the connection has ended."""
        if not self.conn_info:
            return None
        return opening.brick_connector(
            str(self.protocol),
            multipath=self.use_multipath,
            scan_attempts=self.scan_attempts,
            folder=current().folder,
            data=self.conn_info["data"],
        )

    @classmethod
    def connect(cls, volume: "Volume", connector: Mapping[str, Json], **fields: Any) -> "Connection":
        """Make a volume visible to a host."""
        return volume.connect(connector, **fields)

    @classmethod
    def get_by_id(cls, connection_id: str) -> "Connection":
        """Return the connection of this id.

        Raises:
            ConnectionNotFound: there is none.
        """
        for found in finding.connections(current().session, connection_id=connection_id):
            return cls.of(found)
        raise ConnectionNotFound(f"id={connection_id}")

    @classmethod
    def loaded(cls, record: ConnectionRecord, *, volume: "Volume") -> "Connection":
        """Return the connection of a volume that was loaded."""
        inner = VolumeDocument(record=volume.record(), backend={})
        document = ConnectionDocument(record=record, backend=volume.backend_options(), volume=inner)
        found = cls.of(record, document=document)
        found._parent = volume  # noqa: SLF001 - its own class
        return found

    def attach(self) -> None:
        """Make the volume a block device of this machine."""
        with blamed(self):
            self._need().attach()

    def detach(self, force: bool = False, ignore_errors: bool = False, exc: object = None) -> None:  # noqa: ARG002 - cinderlib's signature
        """Make the block device go; a device that is in use is left alone, whatever is forced."""
        with blamed(self):
            self._need().detach()
            if (self._ovo.connection_info or {}).get("device"):
                self._say_device(None)

    def device_attached(self, device: Mapping[str, Json]) -> None:
        """Remember the device that another program has made of the connection."""
        self.device = dict(device)

    def disconnect(self, force: bool = False) -> None:  # noqa: ARG002 - cinderlib's signature
        """End the connection; one that has ended is success."""
        with blamed(self):
            if not self.is_deleted():
                self._need().disconnect()
            self.gone()
            self._ovo.show({"status": "detached", "connection_info": None})
            with suppress(VolumeNotFound):
                self.volume.refresh()

    def extend(self) -> int:
        """Have the device as large as the volume is; return that, in bytes."""
        volume = self.volume
        volume.refresh()
        session = current().session
        session.ask(lambda: session.attachments.refresh(volume.record()))
        return int(volume.size) * GIB

    def refresh(self) -> None:
        """Look at the connection again.

        Raises:
            ConnectionNotFound: it has ended.
        """
        if self.is_loose:
            return
        found = finding.connections(current().session, connection_id=str(self._ovo.id))
        if not found:
            raise ConnectionNotFound(f"id={self._ovo.id}")
        self.show(found[0])

    def save(self) -> None:
        """Store what was loaded, and the device that the program has set."""
        if self.is_loose:
            with suppress(NotFound):
                self.volume.save()
            self._document = None
        self.show(saving.store(current().session.store.connections, self._record))

    def show(self, record: ConnectionRecord) -> None:
        self._record = record
        self._ovo.show({**writing.connection(record), "status": "attached"})

    def document(self, *, simplified: bool) -> ConnectionDocument:
        if simplified or self._apart:
            return ConnectionDocument(record=self._record, backend=self.backend_options())
        volume = VolumeDocument(record=self.volume.record(), backend={})
        return ConnectionDocument(record=self._record, backend=self.backend_options(), volume=volume)

    def _say_device(self, device: Mapping[str, Json] | None) -> None:
        def change(before: Mapping[str, Json]) -> Mapping[str, Json]:
            said = before.get("connection_info")
            rest = {
                name: value for name, value in (said if isinstance(said, Mapping) else {}).items() if name != "device"
            }
            rest.update({"device": device} if device else {})
            others = {name: value for name, value in before.items() if name != "connection_info"}
            return {**others, **({"connection_info": rest} if rest else {})}

        self.show(saving.keep_changed(self._record, change))

    def _need(self) -> Stored:
        """Return the connection as the library has it; what was loaded is stored now."""
        if self.is_loose:
            self.save()
        return self._stored()

    def _stored(self) -> Stored:
        return Stored(current().session, self._record)


Object.connection_class = Connection
