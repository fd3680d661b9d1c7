"""A back end and this machine, with nothing between them but the records."""

import uuid
from dataclasses import replace
from typing import Self

from cinderblock.driver import Driver, Update
from cinderblock.host import Device, Host
from cinderblock.intents import changed
from persistence.port import Store
from persistence.records import ConnectionRecord, SnapshotRecord, Status, VolumeRecord


class Array:
    """Calls the driver as the library does: the record first, then the driver, then what the driver changed."""

    def __init__(self, driver: Driver, host: Host, store: Store, *, backend: str, location: str) -> None:
        self.driver = driver
        self.host = host
        self._store = store
        self._backend = backend
        self._location = location

    def create(self, name: str, *, size_gib: int = 1) -> VolumeRecord:
        volume = self._insert(name, size_gib)
        return self._keep(volume, self.driver.create(volume))

    def restore(self, name: str, snapshot: SnapshotRecord, *, size_gib: int) -> VolumeRecord:
        volume = self._insert(name, size_gib)
        return self._keep(volume, self.driver.create_from_snapshot(volume, snapshot))

    def clone(self, name: str, source: VolumeRecord) -> VolumeRecord:
        volume = self._insert(name, source.size_gib)
        return self._keep(volume, self.driver.clone(volume, source))

    def extend(self, volume: VolumeRecord, size_gib: int) -> VolumeRecord:
        stored = self.stored(volume)
        return self._keep(stored, self.driver.extend(stored, size_gib), size_gib=size_gib)

    def delete(self, volume: VolumeRecord) -> None:
        stored = self.stored(volume)
        self.driver.delete(stored)
        self._store.volumes.delete(stored)

    def snapshot(self, name: str, volume: VolumeRecord) -> SnapshotRecord:
        record = SnapshotRecord(
            id=str(uuid.uuid4()),
            cinder_id=str(uuid.uuid4()),
            name=name,
            backend=self._backend,
            volume_id=volume.id,
            volume_cinder_id=volume.cinder_id,
            size_gib=volume.size_gib,
            status=Status.CREATING,
        )
        stored = self._store.snapshots.insert(record)
        update = self.driver.create_snapshot(stored)
        return self._store.snapshots.replace(replace(stored, **changed(stored, update), status=Status.AVAILABLE))

    def delete_snapshot(self, snapshot: SnapshotRecord) -> None:
        self.driver.delete_snapshot(snapshot)
        self._store.snapshots.delete(snapshot)

    def publish(self, volume: VolumeRecord) -> ConnectionRecord:
        """Export the volume to this machine."""
        intent = ConnectionRecord(
            id=str(uuid.uuid4()),
            cinder_id=str(uuid.uuid4()),
            backend=self._backend,
            volume_id=volume.id,
            volume_cinder_id=volume.cinder_id,
            node_id="guest",
            status=Status.PUBLISHING,
            connector=self.host.connector_properties(),
        )
        return self.publish_again(volume, self._store.connections.insert(intent))

    def publish_again(self, volume: VolumeRecord, connection: ConnectionRecord) -> ConnectionRecord:
        """Export a volume for a connection that is recorded already."""
        update, info = self.driver.connect(self.stored(volume), connection)
        self._keep(self.stored(volume), update)
        kept = replace(connection, connection_info=info, status=Status.AVAILABLE)
        return self._store.connections.replace(kept)

    def unpublish(self, volume: VolumeRecord, connection: ConnectionRecord) -> None:
        self.driver.disconnect(self.stored(volume), connection, last=True)
        self._store.connections.delete(connection)

    def attach(self, volume: VolumeRecord) -> "Attached":
        """Publish and connect."""
        connection = self.publish(volume)
        return Attached(self, volume, connection, self.host.connect(connection.connection_info))

    def forget(self, *records: SnapshotRecord | ConnectionRecord) -> None:
        """Delete records whose objects are gone already."""
        for record in records:
            if isinstance(record, SnapshotRecord):
                self._store.snapshots.delete(record)
            else:
                self._store.connections.delete(record)

    def _insert(self, name: str, size_gib: int) -> VolumeRecord:
        record = VolumeRecord(
            id=str(uuid.uuid4()),
            cinder_id=str(uuid.uuid4()),
            name=name,
            backend=self._backend,
            host=self._location,
            size_gib=size_gib,
            status=Status.CREATING,
        )
        return self._store.volumes.insert(record)

    def stored(self, volume: VolumeRecord) -> VolumeRecord:
        """Return the record as it is now."""
        found = self._store.volumes.get(volume.id)
        assert found is not None
        return found

    def _keep(self, volume: VolumeRecord, update: Update, *, size_gib: int = 0) -> VolumeRecord:
        stored = self.stored(volume)
        values = changed(stored, update)
        size_gib = size_gib or stored.size_gib
        return self._store.volumes.replace(replace(stored, **values, size_gib=size_gib, status=Status.AVAILABLE))


class Attached:
    """A volume on this machine; as a context it is detached at the end, whatever happened."""

    def __init__(self, array: Array, volume: VolumeRecord, connection: ConnectionRecord, device: Device) -> None:
        self._array = array
        self._volume = volume
        self.connection = connection
        self.device = device
        self.path = device.path

    def detach(self) -> None:
        self._array.host.disconnect(self.connection.connection_info, self.device)
        self._array.unpublish(self._volume, self.connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.detach()
