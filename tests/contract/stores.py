"""The stores that the contract is held against, and records to put into them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cinderblock.compat.cinderlib.persistence.plugged import PluginStore
from persistence import opening
from persistence.memory import MemoryStore
from persistence.port import Store
from persistence.records import (
    ConnectionRecord,
    KeyValueRecord,
    NodeRecord,
    SnapshotRecord,
    Source,
    SourceKind,
    Specs,
    Status,
    VolumeRecord,
)
from persistence.seal import Sealer, sealed
from persistence.sql import open_store
from tests.fakes.plugins import JsonPlugin, ObjectsPlugin

SEALER = Sealer([b"k" * 32])


def sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder}/store.db"


#: What is gone with the process, and what is there again when it is opened anew.
VOLATILE: dict[str, Callable[[Path], Store]] = {
    "memory": lambda _folder: MemoryStore(),
    "sealed memory": lambda _folder: sealed(MemoryStore(), SEALER),
    "plugin of objects": lambda _folder: PluginStore(ObjectsPlugin()),
    "plugin of JSON, sealed": lambda _folder: sealed(PluginStore(JsonPlugin()), SEALER),
}
FILES: dict[str, Callable[[Path], Store]] = {
    "sqlite": lambda folder: open_store(sqlite_url(folder)),
    "sealed sqlite": lambda folder: sealed(open_store(sqlite_url(folder)), SEALER),
}
#: Where the folder holds the URL of a database.
SERVED: dict[str, Callable[[Path], Store]] = {
    "postgresql": lambda folder: open_store((folder / "url").read_text()),
    "mariadb": lambda folder: open_store((folder / "url").read_text()),
    "kubernetes": lambda folder: opening.open_store((folder / "url").read_text()),
}
DURABLE = {**FILES, **SERVED}


@contextmanager
def prepared(kind: str, folder: Path, request) -> Iterator[None]:
    """Have a database that nobody has used for the folder, where the kind of store needs one."""
    if kind not in SERVED:
        yield
        return
    with request.getfixturevalue(kind).database() as url:
        (folder / "url").write_text(url)
        yield


def volume(record_id: str = "v1", **changes) -> VolumeRecord:
    """A volume with something in every field."""
    fields = {
        "id": record_id,
        "owner": "controller-1",
        "created_at": 1700000000.25,
        "cinder_id": f"cinder-{record_id}",
        "name": f"pvc-{record_id}",
        "backend": "lvm",
        "host": "cinderblock@lvm#pool",
        "size_gib": 3,
        "status": Status.EXTENDING,
        "description": "für alle 😀",
        "wanted_size_gib": 5,
        "source": Source(kind=SourceKind.SNAPSHOT, id="s0", cinder_id="cinder-s0"),
        "source_cinder_id": "cinder-s0",
        "multiattach": True,
        "access": ("mount/SINGLE_NODE_WRITER", "block/SINGLE_NODE_WRITER"),
        "parameters": {"backend": "lvm"},
        "metadata": {"team": "blue"},
        "admin_metadata": {"readonly": "False"},
        "extra_specs": {"thin": "<is> True"},
        "qos_specs": {"total_iops": "100"},
        "driver_data": {"provider_location": "10.0.0.1:3260,1 iqn", "nested": [1, [2.5, None], {"deep": True}]},
        "provider_auth": "CHAP user password",
        "reference": {"source-name": "old-name"},
        "wanted_reference": {"source-id": "7"},
        "wanted_specs": Specs(extra={"thin": "<is> False"}, qos={"total_iops": "200"}),
        "wanted_snapshot_cinder_id": "cinder-s1",
    }
    return VolumeRecord(**{**fields, **changes})


def snapshot(record_id: str = "s1", **changes) -> SnapshotRecord:
    """A snapshot with something in every field."""
    fields = {
        "id": record_id,
        "cinder_id": f"cinder-{record_id}",
        "name": f"snap-{record_id}",
        "backend": "lvm",
        "volume_id": "v1",
        "volume_cinder_id": "cinder-v1",
        "size_gib": 3,
        "status": Status.CREATING,
        "description": "before the upgrade",
        "parameters": {"a": "b"},
        "metadata": {"c": "d"},
        "driver_data": {"provider_id": "7"},
        "provider_auth": "CHAP user password",
        "reference": {"source-name": "old-snapshot"},
        "wanted_reference": {"source-name": "half-managed"},
    }
    return SnapshotRecord(**{**fields, **changes})


def connection(record_id: str = "c1", **changes) -> ConnectionRecord:
    """A connection with something in every field."""
    fields = {
        "id": record_id,
        "cinder_id": f"cinder-{record_id}",
        "backend": "lvm",
        "volume_id": "v1",
        "volume_cinder_id": "cinder-v1",
        "node_id": "node-1",
        "status": Status.PUBLISHING,
        "readonly": True,
        "access": "mount/SINGLE_NODE_WRITER",
        "connector": {"initiator": "iqn.1993-08.org.debian:01:1", "multipath": False},
        "connection_info": {"driver_volume_type": "iscsi", "data": {"auth_password": "password", "luns": [1, 2]}},
    }
    return ConnectionRecord(**{**fields, **changes})


def node(record_id: str = "n1") -> NodeRecord:
    """A node with something in every field."""
    return NodeRecord(id=record_id, connector={"ip": "10.0.0.2"}, topology={"zone": "a"}, max_volumes=16)


def key_value(record_id: str = "k1", value: str = "") -> KeyValueRecord:
    """A key and its value."""
    return KeyValueRecord(id=record_id, value=value)


def every_id(table, *, limit: int = 100, where=None) -> list[str]:
    """Return the ids of all records, page by page."""
    ids: list[str] = []
    while True:
        page = table.page(after=ids[-1] if ids else "", limit=limit, where=where)
        ids += [record.id for record in page]
        if len(page) < limit:
            return ids


def database_of(url: str) -> str:
    """Return the name of the database that a URL names."""
    return url.partition("?")[0].rpartition("/")[2]
