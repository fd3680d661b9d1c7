"""Persistence plugins of cinderlib's kind, as programs have written them."""

import json
from typing import Any

from cinderblock.compat import cinderlib
from cinderblock.compat.cinderlib.persistence import base


class ObjectsPlugin(base.PersistenceDriverBase):
    """Keeps the objects themselves."""

    def __init__(self):
        super().__init__()
        self.kept: dict[str, dict[str, Any]] = {"volumes": {}, "snapshots": {}, "connections": {}, "key_values": {}}

    def get_volumes(self, volume_id=None, volume_name=None, backend_name=None):
        backend = backend_name and f"@{backend_name}#"
        return [
            one
            for one in self._all("volumes")
            if volume_id in (None, one.id) and volume_name in (None, one.name) and (not backend or backend in one.host)
        ]

    def get_snapshots(self, snapshot_id=None, snapshot_name=None, volume_id=None):
        return [
            one
            for one in self._all("snapshots")
            if snapshot_id in (None, one.id)
            and snapshot_name in (None, one.name)
            and volume_id in (None, one.volume_id)
        ]

    def get_connections(self, connection_id=None, volume_id=None):
        return [
            one
            for one in self._all("connections")
            if connection_id in (None, one.id) and volume_id in (None, one.volume_id)
        ]

    def get_key_values(self, key=None):
        return [cinderlib.KeyValue(*one) for one in self.kept["key_values"].items() if key in (None, one[0])]

    def set_volume(self, volume):
        self._keep("volumes", volume)
        super().set_volume(volume)

    def set_snapshot(self, snapshot):
        self._keep("snapshots", snapshot)
        super().set_snapshot(snapshot)

    def set_connection(self, connection):
        self._keep("connections", connection)
        super().set_connection(connection)

    def set_key_value(self, key_value):
        self.kept["key_values"][key_value.key] = key_value.value

    def delete_volume(self, volume):
        self.kept["volumes"].pop(volume.id, None)
        super().delete_volume(volume)

    def delete_snapshot(self, snapshot):
        self.kept["snapshots"].pop(snapshot.id, None)
        super().delete_snapshot(snapshot)

    def delete_connection(self, connection):
        self.kept["connections"].pop(connection.id, None)
        super().delete_connection(connection)

    def delete_key_value(self, key_value):
        self.kept["key_values"].pop(key_value.key, None)

    def _keep(self, kind, resource):
        self.kept[kind][resource.id] = resource

    def _all(self, kind):
        return list(self.kept[kind].values())


class JsonPlugin(ObjectsPlugin):
    """Keeps the objects as text, in a file when it has one."""

    def __init__(self, path=None):
        super().__init__()
        self.path = path
        if path is not None and path.exists():
            self.kept = json.loads(path.read_text())

    def set_key_value(self, key_value):
        super().set_key_value(key_value)
        self._write()

    def delete_volume(self, volume):
        super().delete_volume(volume)
        self._write()

    def delete_snapshot(self, snapshot):
        super().delete_snapshot(snapshot)
        self._write()

    def delete_connection(self, connection):
        super().delete_connection(connection)
        self._write()

    def delete_key_value(self, key_value):
        super().delete_key_value(key_value)
        self._write()

    def _keep(self, kind, resource):
        self.kept[kind][resource.id] = resource.jsons
        self._write()

    def _all(self, kind):
        return [cinderlib.load(one) for one in self.kept[kind].values()]

    def _write(self):
        if self.path is not None:
            self.path.write_text(json.dumps(self.kept))
