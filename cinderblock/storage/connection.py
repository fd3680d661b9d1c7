"""A connection as programs have it: a volume that one host can see."""

from collections.abc import Mapping
from functools import partial

from cinderblock.host import Device
from cinderblock.storage.session import Session
from persistence.records import ConnectionRecord, Json, Status


class Connection:
    """A volume made visible to a host; as with `Volume`, what it says of itself was so when it was last looked at."""

    def __init__(self, session: Session, record: ConnectionRecord) -> None:
        self._session = session
        self.record = record

    def __repr__(self) -> str:
        return f"<Connection {self.id} of {self.volume_id} to {self.host!r} {self.status}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Connection) and other.record.cinder_id == self.record.cinder_id

    def __hash__(self) -> int:
        return hash(self.record.cinder_id)

    @property
    def id(self) -> str:
        """The id, derived from the volume's id and the host's name."""
        return self.record.id

    @property
    def volume_id(self) -> str:
        """The id of the volume."""
        return self.record.volume_id

    @property
    def host(self) -> str:
        """The name of the host that sees the volume."""
        return self.record.node_id

    @property
    def backend(self) -> str:
        """The name of the volume's back end."""
        return self.record.backend

    @property
    def status(self) -> Status:
        """Where it is in its life: "available", or what is being done with it."""
        return self.record.status

    @property
    def readonly(self) -> bool:
        """Whether the host may only read."""
        return self.record.readonly

    @property
    def connector(self) -> Mapping[str, Json]:
        """os-brick's description of the host."""
        return dict(self.record.connector)

    @property
    def connection_info(self) -> Mapping[str, Json]:
        """What os-brick on the host needs: {driver_volume_type: str, data: {…}}. It may hold passwords."""
        return dict(self.record.connection_info)

    @property
    def device(self) -> Device | None:
        """The block device of this machine that shows the volume, looked up now; None when it is not attached here."""
        left = self._session.attachments.get(self.record)
        return left.present if left is not None else None

    @property
    def attached_here(self) -> bool:
        """Whether this machine has the volume attached, or has begun to, as far as is known; looked up now."""
        left = self._session.attachments.get(self.record)
        return left is not None and left.is_here

    def attach(self, *, alone: bool = False) -> Device:
        """Make the volume a block device of this machine, to which it is connected; one that is there is returned.

        Args:
            alone: refuse when it is attached already, so that two who ask do not share it unawares.

        Raises:
            InUse: it is attached already, and that is refused.
            InvalidRequest: it is attached on another machine, or cannot be on this one.
            NotFound: the connection has ended.
            DeviceMismatch: what appeared is not the volume; it was not touched.
        """
        self._session.need(self.backend)
        return self._session.ask(partial(self._session.attachments.attach, self.record, alone=alone))

    def detach(self) -> None:
        """Make the block device go, whichever process made it; one that is gone is success.

        Raises:
            InUse: it is mounted, claimed or open; it was left alone.
            InvalidRequest: it is attached on another machine.
        """
        self._session.need(self.backend)
        self._session.ask(partial(self._session.attachments.detach, self.record))

    def disconnect(self) -> None:
        """End the connection; one that has ended is success. The host need not be alive.

        Raises:
            InUse: it is attached here.
        """
        self._session.need(self.backend)
        self._session.ask(self._disconnect)

    def _disconnect(self) -> None:
        found = self._session.store.connections.get(self.id)
        if found is not None and found.cinder_id == self.record.cinder_id:
            with self._session.attachments.excluded(found):
                self._session.library.connections.unpublish(self.volume_id, self.id)
