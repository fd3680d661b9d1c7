"""What the kinds are called in a cluster, and which of their fields people see in a list."""

from collections.abc import Mapping
from dataclasses import dataclass

from persistence.records import ConnectionRecord, KeyValueRecord, NodeRecord, Record, SnapshotRecord, VolumeRecord

#: Never changed: all that is stored is below it. The same name as that of the CSI driver.
GROUP = "cinderblock.io"
VERSION = "v1"
#: On the definition of a kind: the format of the records that it was made for.
FORMAT_ANNOTATION = f"{GROUP}/format"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of object; `columns` are what `kubectl get` shows, each with the field that it is from."""

    name: str
    short: str
    columns: Mapping[str, str]

    @property
    def singular(self) -> str:
        """The name in commands."""
        return self.name.lower()

    @property
    def plural(self) -> str:
        """The name in URLs."""
        return f"{self.singular}s"

    @property
    def definition(self) -> str:
        """The name of the CustomResourceDefinition."""
        return f"{self.plural}.{GROUP}"


OBJECTS: Mapping[type[Record], Kind] = {
    VolumeRecord: Kind(
        name="CinderVolume",
        short="cvol",
        columns={
            "Volume": "name",
            "Backend": "backend",
            "Status": "status",
            "GiB": "size_gib",
            "Cinder-ID": "cinder_id",
        },
    ),
    SnapshotRecord: Kind(
        name="CinderSnapshot",
        short="csnap",
        columns={
            "Snapshot": "name",
            "Backend": "backend",
            "Status": "status",
            "GiB": "size_gib",
            "Volume-ID": "volume_id",
            "Cinder-ID": "cinder_id",
        },
    ),
    ConnectionRecord: Kind(
        name="CinderConnection",
        short="cconn",
        columns={
            "Volume-ID": "volume_id",
            "Node": "node_id",
            "Backend": "backend",
            "Status": "status",
            "Access": "access",
        },
    ),
    NodeRecord: Kind(name="CinderNode", short="cnode", columns={"Node": "id", "Max-Volumes": "max_volumes"}),
    KeyValueRecord: Kind(name="CinderKeyValue", short="ckv", columns={"Key": "id"}),
}
