"""A volume as a block device of this machine, from the connection to the device and back."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from cinderblock.errors import CinderblockError
from cinderblock.host import ConnectionInfo, Device
from cinderblock.storage.connection import Connection
from cinderblock.storage.session import Session


class Connectable(Protocol):
    """What can be connected to a host: a volume."""

    def connect(self, connector: ConnectionInfo, *, readonly: bool = False) -> Connection:
        """Return the connection to the host of the connector."""

    def connections(self) -> Sequence[Connection]:
        """Return those that there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A device, and whether its connection was made for it."""

    connection: Connection
    device: Device
    is_new: bool


def attach(session: Session, volume: Connectable, *, readonly: bool, alone: bool) -> Attached:
    """Connect the volume to this machine, if it is not, and make it a block device.

    Raises: what `Volume.connect` and `Connection.attach` do.
    """
    before = {connection.id for connection in volume.connections()}
    connection = volume.connect(session.host().connector_properties(), readonly=readonly)
    is_new = connection.id not in before
    try:
        return Attached(connection=connection, device=connection.attach(alone=alone), is_new=is_new)
    except BaseException:
        if is_new:
            # Refused where another caller has attached it meanwhile.
            with suppress(CinderblockError):
                connection.disconnect()
        raise


def detach(attached: Attached) -> None:
    """Undo `attach`.

    Raises: what `Connection.detach` and `Connection.disconnect` do.
    """
    attached.connection.detach()
    if attached.is_new:
        attached.connection.disconnect()
