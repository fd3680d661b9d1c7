"""A persistence plugin of a program's own, as a store of the library.

Plugins know objects, not records, and no revisions: what a record has beyond its object's fields goes with the object,
and two processes must not work over one plugin at once.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Generic

from cinderblock.cinderlib.kept import key_value_id
from cinderblock.compat.cinderlib.object import KeyValue, Object
from cinderblock.compat.cinderlib.persistence.plugin import PersistenceDriverBase
from cinderblock.compat.cinderlib.persistence.stored import Persistence
from cinderblock.compat.cinderlib.process import inside_plugin
from persistence.codec import decode, encode, written
from persistence.errors import RecordChanged, RecordExists, StoreUnavailable
from persistence.keys import KINDS, Where, may_match, new_revision, storable
from persistence.memory import MemoryStore
from persistence.port import R, Store
from persistence.records import ConnectionRecord, KeyValueRecord, SnapshotRecord, VolumeRecord

_OWN = key_value_id("")


class PluginTable(Generic[R]):
    """Records of one kind, in a plugin.

    Args:
        record_type: which.
        lock: held while anything of the plugin is read or changed.
        closed: set when nothing may be asked any more.
        find: returns all records that the plugin has.
        put: has the plugin keep one.
        drop: has the plugin forget one.
    """

    def __init__(
        self,
        record_type: type[R],
        lock: threading.RLock,
        closed: threading.Event,
        *,
        find: Callable[[], Iterable[R]],
        put: Callable[[R], None],
        drop: Callable[[R], None],
    ) -> None:
        self._type = record_type
        self._lock = lock
        self._closed = closed
        self._find = find
        self._put = put
        self._drop = drop

    def get(self, record_id: str) -> R | None:
        with self._inside():
            return self._get(record_id)

    def insert(self, record: R) -> R:
        with self._inside():
            _, kept = written(record, revision=new_revision())
            if self._get(record.id) is not None:
                raise RecordExists(f"{KINDS[self._type]} {record.id!r} is stored already")
            self._put(kept)
            return self._get(record.id) or kept

    def replace(self, record: R) -> R:
        with self._inside():
            _, kept = written(record, revision=new_revision())
            self._check(record, self._get(record.id))
            self._put(kept)
            return self._get(record.id) or kept

    def delete(self, record: R) -> None:
        with self._inside():
            found = self._get(record.id)
            if found is not None:
                self._check(record, found)
                self._drop(found)

    def page(self, *, after: str = "", limit: int = 100, where: Where | None = None) -> Sequence[R]:
        if not may_match(self._type, after=after, limit=limit, where=where):
            return []
        wanted = {field: storable(value) for field, value in (where or {}).items()}
        with self._inside():
            found = [
                record
                for record in map(_revised, self._find())
                if record.id > after and all(getattr(record, field) in values for field, values in wanted.items())
            ]
        return sorted(found, key=lambda record: record.id)[:limit]

    def _get(self, record_id: str) -> R | None:
        return next((_revised(record) for record in self._find() if record.id == record_id), None)

    def _check(self, record: R, found: R | None) -> None:
        if found is None or found.revision != record.revision:
            raise RecordChanged(f"{KINDS[self._type]} {record.id!r} was changed or removed meanwhile; read it again")

    @contextmanager
    def _inside(self) -> Iterator[None]:
        with self._lock:
            if self._closed.is_set():
                raise StoreUnavailable("the store is closed; open it again")
            token = inside_plugin.set(True)
            try:
                yield
            finally:
                inside_plugin.reset(token)


class PluginStore:
    """The five tables over a plugin; nodes, which no plugin knows, are gone with the process."""

    def __init__(self, plugin: PersistenceDriverBase) -> None:
        lock, self._closed = threading.RLock(), threading.Event()
        volume, snapshot, connection = Object.volume_class, Object.snapshot_class, Object.connection_class
        self.volumes = PluginTable(
            VolumeRecord,
            lock,
            self._closed,
            find=lambda: (one.stored for one in plugin.get_volumes()),
            put=lambda record: plugin.set_volume(volume.apart(record)),
            drop=lambda record: plugin.delete_volume(volume.apart(record)),
        )
        self.snapshots = PluginTable(
            SnapshotRecord,
            lock,
            self._closed,
            find=lambda: (one.stored for one in plugin.get_snapshots()),
            put=lambda record: plugin.set_snapshot(snapshot.apart(record)),
            drop=lambda record: plugin.delete_snapshot(snapshot.apart(record)),
        )
        self.connections = PluginTable(
            ConnectionRecord,
            lock,
            self._closed,
            find=lambda: (one.stored for one in plugin.get_connections()),
            put=lambda record: plugin.set_connection(connection.apart(record)),
            drop=lambda record: plugin.delete_connection(connection.apart(record)),
        )
        self.key_values = PluginTable(
            KeyValueRecord,
            lock,
            self._closed,
            find=lambda: map(_fact, plugin.get_key_values()),
            put=lambda record: plugin.set_key_value(_kept(record)),
            drop=lambda record: plugin.delete_key_value(_kept(record)),
        )
        self.nodes = MemoryStore().nodes

    def close(self) -> None:
        """Ask the plugin nothing any more; it is the program's, and stays open."""
        self._closed.set()
        self.nodes.close()


class Plugged(Persistence):
    """A plugin, as programs ask for it; what is the plugin's own is still there."""

    def __init__(self, plugin: PersistenceDriverBase) -> None:
        super().__init__()
        self._plugin = plugin

    def __getattr__(self, name: str) -> Any:
        if name == "_plugin":
            raise AttributeError(name)
        return getattr(self._plugin, name)

    def open_store(self, undo: ExitStack) -> Store:  # noqa: ARG002 - the plugin is the program's
        return PluginStore(self._plugin)


def _revised(record: R) -> R:
    """Return a copy of a record; where the plugin keeps fields alone it has lost the revision: their content is it."""
    revision = record.revision or hashlib.sha256(encode(record).encode()).hexdigest()[:16]
    return written(record, revision=revision)[1]


def _kept(record: KeyValueRecord) -> KeyValue:
    """Return what a plugin keeps: a program's own fact as it is, and one of the library's with all that it has."""
    if record.id.startswith(_OWN):
        return KeyValue(record.id.removeprefix(_OWN), record.value)
    return KeyValue(record.id, json.dumps({"record": encode(record), "revision": record.revision}))


def _fact(kept: KeyValue) -> KeyValueRecord:
    key = str(kept.key)
    try:
        content = json.loads(kept.value or "")
        return decode(KeyValueRecord, content["record"], record_id=key, revision=content["revision"])
    except (ValueError, TypeError, KeyError):
        return KeyValueRecord(id=key_value_id(key), value=kept.value or "")
