"""Connections: a volume made visible to a node, and withdrawn."""

import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from cinderblock.driver import Driver
from cinderblock.engine import Engine, every
from cinderblock.errors import AlreadyExists, BackendUnavailable, CinderblockError, InUse, OutOfSpace
from cinderblock.intents import changed
from cinderblock.outcome import never_final
from cinderblock.volume import Volumes
from cinderblock.wanted import WantedConnection
from persistence.records import ConnectionRecord, Status, VolumeRecord


class Connections:
    """Verbs on connections; each may be repeated until it succeeds.

    The volume's record is held meanwhile, so that two nodes never get a
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
            if found is not None and found.status is Status.AVAILABLE and _is_of(found, volume):
                _check_fits(wanted, found)
                return found
            self._engine.intents.check(volume)
            self._engine.check_content(volume, at_work=False)
            self._check_sharing(wanted, volume)
            with self._engine.backends.get(volume.backend).slot() as driver:
                with self._engine.intents.effect(f"checking the connector of node {wanted.node_id!r}"):
                    driver.validate_connector(wanted.connector)
                with self._engine.intents.taken(self._engine.store.volumes, volume) as held:
                    return self._export(driver, wanted, held)

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
            volume = self._engine.store.volumes.get(volume_id) if found else None
            for connection in found:
                if volume is None or not _is_of(connection, volume):
                    self._forget_stale(connection)
                else:
                    volume = self._unpublish(volume, connection)

    def published_nodes(self, volume_id: str) -> list[str]:
        """Return the ids of the nodes that the volume is published to, until it is withdrawn completely."""
        return list(self.published({volume_id})[volume_id])

    def published(self, volume_ids: Collection[str]) -> Mapping[str, Sequence[str]]:
        """Return for each of the volumes what `published_nodes` does; one question to the store for a page of them."""
        nodes: dict[str, list[str]] = {volume_id: [] for volume_id in volume_ids}
        for connection in every(self._table, volume_id=frozenset(volume_ids)):
            if connection.status is not Status.PUBLISHING:
                nodes[connection.volume_id].append(connection.node_id)
        return nodes

    def _export(self, driver: Driver, wanted: WantedConnection, volume: VolumeRecord) -> ConnectionRecord:
        intents = self._engine.intents
        with self._intended(driver, wanted, volume) as connection:
            try:
                self._check_sharing(wanted, volume)  # once more, now that what we hold keeps others away
                self._engine.check_copyable(driver, volume)
                with intents.effect(f"publishing volume {volume.name!r} to node {wanted.node_id!r}"):
                    update, connection_info = driver.connect(volume, connection)
            except BackendUnavailable:
                raise
            except (CinderblockError, NotImplementedError):
                # Whoever asked takes this answer for "not published", so make it true.
                with never_final(f"taking back the publication of volume {volume.name!r}"):
                    self._disconnect(driver, volume, connection)
                raise
            # The volume first: a connection that is found AVAILABLE is not looked into again.
            intents.finish(self._engine.store.volumes, volume, lambda stored: changed(stored, update))
            return intents.finish(self._table, connection, status=Status.AVAILABLE, connection_info=connection_info)

    @contextmanager
    def _intended(self, driver: Driver, wanted: WantedConnection, volume: VolumeRecord) -> Iterator[ConnectionRecord]:
        """Record the connection; what is left of an earlier try is gone on with, or withdrawn when it was another."""
        intents = self._engine.intents
        left = self._table.get(wanted.id)
        if left is not None and _is_of(left, volume) and _goes_on(wanted, left):
            with intents.taken(self._table, left, status=Status.PUBLISHING, access=wanted.access) as held:
                yield held
            return
        if left is not None:
            with never_final(f"clearing away an earlier publication of volume {volume.name!r}"):
                self._withdraw(driver, volume, left)
        with intents.opened(self._table, _fresh(wanted, volume)) as held:
            yield held

    def _unpublish(self, volume: VolumeRecord, connection: ConnectionRecord) -> VolumeRecord:
        intents, volumes = self._engine.intents, self._engine.store.volumes
        with self._engine.backends.get(volume.backend).slot() as driver, intents.taken(volumes, volume) as held:
            self._withdraw(driver, held, connection)
            return intents.finish(volumes, held)

    def _withdraw(self, driver: Driver, volume: VolumeRecord, connection: ConnectionRecord) -> None:
        if not _is_of(connection, volume):
            self._forget_stale(connection)
            return
        with self._engine.intents.taken(self._table, connection, status=Status.UNPUBLISHING) as going:
            self._disconnect(driver, volume, going)

    def _disconnect(self, driver: Driver, volume: VolumeRecord, connection: ConnectionRecord) -> None:
        others = [other for other in self._engine.connections_of(volume) if other.id != connection.id]
        with self._engine.intents.effect(f"unpublishing volume {volume.name!r} from node {connection.node_id!r}"):
            driver.disconnect(volume, connection, last=not others)
        self._engine.intents.forget(self._table, connection)

    def _forget_stale(self, connection: ConnectionRecord) -> None:
        """Forget a connection of a volume that is gone: its export went with it."""
        self._engine.intents.check(connection)
        self._table.delete(connection)

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


def _is_of(connection: ConnectionRecord, volume: VolumeRecord) -> bool:
    """Tell whether the connection is of this volume, and not of an earlier one of the same name."""
    return connection.volume_cinder_id == volume.cinder_id


def _goes_on(wanted: WantedConnection, left: ConnectionRecord) -> bool:
    """Tell whether a publication that was cut off was one to the same node in the same way."""
    return (
        left.status is Status.PUBLISHING
        and left.readonly == wanted.readonly
        and dict(left.connector) == dict(wanted.connector)
    )


def _fresh(wanted: WantedConnection, volume: VolumeRecord) -> ConnectionRecord:
    return ConnectionRecord(
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
