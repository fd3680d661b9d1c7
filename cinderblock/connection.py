"""Connections: a volume made visible to a node, and withdrawn."""

import time
import uuid

from cinderblock.driver import Driver
from cinderblock.engine import Engine, every
from cinderblock.errors import AlreadyExists, BackendUnavailable, CinderblockError, InUse, OutOfSpace
from cinderblock.intents import changed
from cinderblock.volume import Volumes
from cinderblock.wanted import WantedConnection
from persistence.records import ConnectionRecord, Status, VolumeRecord


class Connections:
    """Verbs on connections; each may be repeated until it succeeds.

    The volume's record carries the intent, so that two nodes never get a
    single-node volume at once; the connection's record carries what is needed
    to undo it. Every verb may raise `OperationPending`, `RecordChanged`,
    `StoreUnavailable` and `BackendUnavailable`; each means: ask again.
    """

    def __init__(self, engine: Engine, volumes: Volumes) -> None:
        self._engine = engine
        self._volumes = volumes
        self._table = engine.store.connections

    def publish(self, wanted: WantedConnection) -> ConnectionRecord:
        """Return the connection, exporting the volume to the node if it is not yet.

        Raises:
            NotFound: the volume does not exist.
            AlreadyExists: it is published to this node in another way.
            InUse: it is published to another node, and cannot be to both.
            OutOfSpace: the node has as many volumes as it takes.
            InvalidRequest: the node lacks what the back end's protocol needs.
        """
        with self._engine.inflight.hold(wanted.volume_id):
            volume = self._volumes.get(wanted.volume_id)
            found = self._table.get(wanted.id)
            if found is not None and found.status is not Status.UNPUBLISHING:
                _check_fits(wanted, found)
                if found.status is Status.AVAILABLE:
                    return found
            volume = self._volumes.settled(wanted.volume_id)
            self._check_sharing(wanted, volume)
            with self._engine.backends.get(volume.backend).slot() as driver:
                driver.validate_connector(wanted.connector)
                return self._export(driver, wanted, volume)

    def unpublish(self, volume_id: str, connection_id: str = "") -> None:
        """Withdraw the volume from one node, or from all; what is not published is success.

        The node need not be alive, nor known.

        Args:
            volume_id: the volume.
            connection_id: one connection, or "" for all of them.
        """
        with self._engine.inflight.hold(volume_id):
            found = [
                connection
                for connection in every(self._table, volume_id=volume_id)
                if connection_id in ("", connection.id)
            ]
            for connection in found:
                self._withdraw(self._volumes.settled(volume_id), connection)

    def published_nodes(self, volume_id: str) -> list[str]:
        """Return the ids of the nodes that the volume is published to."""
        return [connection.node_id for connection in every(self._table, volume_id=volume_id)]

    def _export(self, driver: Driver, wanted: WantedConnection, volume: VolumeRecord) -> ConnectionRecord:
        intents, volumes = self._engine.intents, self._engine.store.volumes
        held = intents.begin(volumes, volume, status=Status.PUBLISHING)
        try:
            self._check_sharing(wanted, held)  # once more, now that the intent keeps others away
            connection = self._open(wanted, held)
            with intents.effect(f"publishing volume {held.name!r} to node {wanted.node_id!r}"):
                update, connection_info = driver.connect(held, connection)
        except BackendUnavailable:
            intents.finish(volumes, held, status=Status.AVAILABLE)
            raise
        except (CinderblockError, NotImplementedError):
            left = self._table.get(wanted.id)
            if left is not None:
                self._disconnect(driver, held, left)
            intents.finish(volumes, held, status=Status.AVAILABLE)
            raise
        made = intents.finish(self._table, connection, status=Status.AVAILABLE, connection_info=connection_info)
        intents.finish(volumes, held, lambda stored: {**changed(stored, update), "status": Status.AVAILABLE})
        return made

    def _open(self, wanted: WantedConnection, volume: VolumeRecord) -> ConnectionRecord:
        """Record the connection, or take over what is left of an earlier try."""
        left = self._table.get(wanted.id)
        if left is not None:
            intent = {"status": Status.PUBLISHING, "connector": wanted.connector, "access": wanted.access}
            return self._engine.intents.begin(self._table, left, readonly=wanted.readonly, **intent)
        fresh = ConnectionRecord(
            id=wanted.id,
            cinder_id=str(uuid.uuid4()),
            created_at=time.time(),
            backend=volume.backend,
            volume_id=volume.id,
            volume_cinder_id=volume.cinder_id,
            node_id=wanted.node_id,
            status=Status.PUBLISHING,
            readonly=wanted.readonly,
            access=wanted.access,
            connector=wanted.connector,
        )
        return self._engine.intents.open(self._table, fresh)

    def _withdraw(self, volume: VolumeRecord, connection: ConnectionRecord) -> None:
        intents, volumes = self._engine.intents, self._engine.store.volumes
        with self._engine.backends.get(volume.backend).slot() as driver:
            held = intents.begin(volumes, volume, status=Status.UNPUBLISHING)
            try:
                going = intents.begin(self._table, connection, status=Status.UNPUBLISHING)
                self._disconnect(driver, held, going)
            finally:
                intents.finish(volumes, held, status=Status.AVAILABLE)

    def _disconnect(self, driver: Driver, volume: VolumeRecord, connection: ConnectionRecord) -> None:
        others = [other for other in self._engine.connections_of(volume) if other.id != connection.id]
        with self._engine.intents.effect(f"unpublishing volume {volume.name!r} from node {connection.node_id!r}"):
            driver.disconnect(volume, connection, last=not others)
        self._engine.intents.forget(self._table, connection)

    def _check_sharing(self, wanted: WantedConnection, volume: VolumeRecord) -> None:
        others = [other for other in self._engine.connections_of(volume) if other.id != wanted.id]
        if others and not (wanted.shared and volume.multiattach):
            nodes = ", ".join(other.node_id for other in others)
            msg = (
                f"volume {volume.name!r} is published to {nodes} and cannot be published to "
                f"{wanted.node_id!r} as well; unpublish it there first"
            )
            raise InUse(msg)
        if not wanted.max_volumes:
            return
        limit = wanted.max_volumes
        on_node = self._table.page(limit=limit + 1, where={"node_id": wanted.node_id})
        if len([connection for connection in on_node if connection.id != wanted.id]) >= limit:
            msg = f"node {wanted.node_id!r} has {limit} volumes, the most that it takes; use another node"
            raise OutOfSpace(msg)


def _check_fits(wanted: WantedConnection, found: ConnectionRecord) -> None:
    for what, found_value, wanted_value in (
        ("readonly", found.readonly, wanted.readonly),
        ("access type", _access_type(found.access), _access_type(wanted.access)),
    ):
        if found_value != wanted_value:
            msg = (
                f"volume {wanted.volume_id!r} is published to node {wanted.node_id!r} with {what} "
                f"{found_value!r}, {wanted_value!r} wanted; unpublish it first"
            )
            raise AlreadyExists(msg)


def _access_type(access: str) -> str:
    """Return "mount" or "block"; the rest of a mode of use may change without harm."""
    return access.partition("/")[0]
