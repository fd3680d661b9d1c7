"""Attachments: a volume that was published to this machine, as a block device of it.

Each is remembered in the store, from before os-brick is called, so that any
later process on this machine can take it up or undo it.
"""

import json
import logging
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

from cinderblock.boot import boot_id
from cinderblock.engine import Engine
from cinderblock.errors import CinderblockError, DeviceMismatch, InUse, InvalidRequest, NotFound
from cinderblock.host import Device, Host
from persistence.errors import PersistenceError, StoreUnusable
from persistence.records import ConnectionRecord, KeyValueRecord, Status, VolumeRecord

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """What is remembered: what was attached (the connection's cinder_id), where, and in which boot.

    `device` is None until it was there.
    """

    connection: str
    machine: str
    boot_id: str
    device: Device | None = None

    @property
    def is_here(self) -> bool:
        """Whether it is of this machine, which a container may know by another name since."""
        return self.boot_id == boot_id() or self.machine == socket.gethostname()

    @property
    def present(self) -> Device | None:
        """The device, unless the machine was started again since: its names mean nothing then."""
        return self.device if self.boot_id == boot_id() else None


class Attachments:
    """Verbs on attachments; each may be repeated until it succeeds.

    Every verb may raise `OperationPending`, `RecordChanged`, `StoreUnavailable`
    and `BackendUnavailable`; each means: ask again.
    """

    def __init__(self, engine: Engine, host: Callable[[], Host]) -> None:
        self._engine = engine
        self._host = host
        self._table = engine.store.key_values

    def get(self, connection: ConnectionRecord) -> Attachment | None:
        """Return what is remembered of the connection's attachment, whichever machine it is of."""
        found = self._table.get(attachment_key(connection))
        left = None if found is None else _parsed(found)
        return left if left is not None and left.connection == connection.cinder_id else None

    def attach(self, connection: ConnectionRecord, *, alone: bool = False) -> Device:
        """Return the block device of a connection, making it if it is not there yet.

        Args:
            connection: published to this machine.
            alone: refuse when it is attached already, so that two who ask do not share it unawares.

        Raises:
            InUse: it is attached already, and that is refused.
            InvalidRequest: it is attached on another machine, or cannot be on this one.
            NotFound: the connection has ended.
            DeviceMismatch: what appeared is not the volume.
        """
        with self._engine.inflight.hold(attachment_key(connection)), self._intended(connection, alone=alone) as held:
            device = self._connect(held, connection)
            left = _parsed(held)
            self._engine.intents.finish(self._table, held, value=_text(replace(left, device=device)))
            return device

    def detach(self, connection: ConnectionRecord) -> None:
        """Make the block device go; one that was never made, or is gone, is success.

        Raises:
            InUse: it is mounted, claimed or open; it was left alone.
            InvalidRequest: it is attached on another machine.
        """
        with self._engine.inflight.hold(attachment_key(connection)):
            found = self._table.get(attachment_key(connection))
            if found is None:
                return
            left = _parsed(found)
            _check_here(left, connection)
            # Of an earlier connection to this machine only the device is known.
            info = connection.connection_info if left.connection == connection.cinder_id else {}
            with self._engine.intents.taken(self._table, found) as held:
                with self._engine.intents.effect(f"detaching volume {connection.volume_id!r}"):
                    self._host().disconnect(info, left.present)
                self._engine.intents.forget(self._table, held)

    @contextmanager
    def excluded(self, connection: ConnectionRecord) -> Iterator[None]:
        """Keep everybody from attaching a connection while the block ends it.

        What was attached on another machine, or before this one was started again, does not count.

        Raises:
            InUse: it is attached here.
        """
        intents = self._engine.intents
        with self._engine.inflight.hold(attachment_key(connection)):
            found = self._table.get(attachment_key(connection))
            if found is not None:
                _check_detached(_parsed(found), connection)
            work = intents.taken(self._table, found) if found else intents.opened(self._table, _fresh(connection))
            with work as held:
                yield
                intents.forget(self._table, held)

    def refresh(self, volume: VolumeRecord) -> None:
        """Make this machine's devices of a volume as large as the volume is."""
        for connection in self._engine.connections_of(volume):
            left = self.get(connection)
            if left is None or left.present is None:
                continue
            with self._engine.intents.effect(f"growing {left.present.path}"):
                self._host().refresh_size(connection.connection_info, left.present)

    @contextmanager
    def _intended(self, connection: ConnectionRecord, *, alone: bool) -> Iterator[KeyValueRecord]:
        """Record what is about to be attached; what was left of an earlier connection of this name is let go."""
        intents, found = self._engine.intents, self._table.get(attachment_key(connection))
        if found is None:
            with intents.opened(self._table, _fresh(connection)) as held:
                yield self._confirmed(held, connection)
            return
        left = _parsed(found)
        _check_here(left, connection)
        is_same = left.connection == connection.cinder_id
        if alone and is_same:
            _check_detached(left, connection)
        if not is_same and left.present is not None:
            with intents.taken(self._table, found) as held, intents.effect(f"letting go of {left.present.path}"):
                self._host().disconnect({}, left.present)
                found = intents.finish(self._table, held)
        # A device that is there already stays on record: another one may use it, whatever becomes of this call.
        value = _text(replace(_begun(connection), device=left.present if is_same else None))
        with intents.taken(self._table, found, value=value) as held:
            yield self._confirmed(held, connection)

    def _confirmed(self, held: KeyValueRecord, connection: ConnectionRecord) -> KeyValueRecord:
        """Look at the connection once more, now that nobody can end it meanwhile."""
        found = self._engine.store.connections.get(connection.id)
        if found is None or (found.cinder_id, found.status) != (connection.cinder_id, Status.AVAILABLE):
            if _parsed(held).device is None:
                self._engine.intents.forget(self._table, held)
            msg = f"volume {connection.volume_id!r} is not connected to {connection.node_id!r} any more"
            raise NotFound(msg)
        return held

    def _connect(self, held: KeyValueRecord, connection: ConnectionRecord) -> Device:
        host, what = self._host(), f"attaching volume {connection.volume_id!r}"
        try:
            with self._engine.intents.effect(what):
                return host.connect(connection.connection_info)
        except CinderblockError as error:
            if _parsed(held).device is None:
                self._take_back(host, held, connection, error)
            raise

    def _take_back(
        self, host: Host, held: KeyValueRecord, connection: ConnectionRecord, error: CinderblockError
    ) -> None:
        """Undo an attachment that failed; where that fails as well, what is remembered is for the next detach."""
        try:
            # On a mismatch what appeared was let go already, or is somebody else's.
            if not isinstance(error, DeviceMismatch):
                with self._engine.intents.effect(f"taking back volume {connection.volume_id!r}"):
                    host.disconnect(connection.connection_info, None)
            self._engine.intents.forget(self._table, held)
        except (CinderblockError, PersistenceError) as second:
            log.warning("left for the next detach", extra={"volume_id": connection.volume_id, "reason": str(second)})


def attachment_key(connection: ConnectionRecord) -> str:
    """Return the id of the record that remembers the attachment of a connection."""
    return f"device/{connection.id}"


def _begun(connection: ConnectionRecord) -> Attachment:
    return Attachment(connection=connection.cinder_id, machine=socket.gethostname(), boot_id=boot_id())


def _fresh(connection: ConnectionRecord) -> KeyValueRecord:
    return KeyValueRecord(id=attachment_key(connection), value=_text(_begun(connection)), created_at=time.time())


def _check_detached(left: Attachment, connection: ConnectionRecord) -> None:
    if left.connection == connection.cinder_id and left.is_here and left.present is not None:
        msg = f"volume {connection.volume_id!r} is attached here as {left.present.path}; detach it first"
        raise InUse(msg)


def _check_here(left: Attachment, connection: ConnectionRecord) -> None:
    if not left.is_here:
        msg = f"volume {connection.volume_id!r} is attached on {left.machine!r}; detach it there"
        raise InvalidRequest(msg)


def _text(attachment: Attachment) -> str:
    return json.dumps(asdict(attachment))


def _parsed(record: KeyValueRecord) -> Attachment:
    try:
        content = json.loads(record.value)
        device = content.pop("device")
        return Attachment(**content, device=Device(**device) if isinstance(device, Mapping) else None)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        msg = f"what is stored as {record.id!r} is no attachment: {error}; restore the store"
        raise StoreUnusable(msg) from error
