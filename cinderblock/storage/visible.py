"""Who sees a volume: the verbs of a volume that are about hosts, this machine among them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from cinderblock import ids
from cinderblock.engine import every
from cinderblock.host import Device
from cinderblock.storage import checks, local
from cinderblock.storage.connection import Connection
from cinderblock.storage.recorded import Recorded
from cinderblock.wanted import WantedConnection
from persistence.records import Json, VolumeRecord


class Visible(Recorded[VolumeRecord]):
    """A volume, as far as hosts see it: connected, and attached where this machine is one of them."""

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
