"""What cinderlib remembered, read as a whole into the records that it becomes; nothing is stored here."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from cinderblock.cinderlib import reading, remarks
from cinderblock.cinderlib.kept import Fields, key_value_id
from cinderblock.errors import InvalidRequest
from cinderblock.ids import derived
from persistence.codec import encode
from persistence.records import ConnectionRecord, KeyValueRecord, Record, SnapshotRecord, VolumeRecord

#: How many objects there are between two words on how far the work is.
_STEP = 1000

#: Told how far the work is: what is done, how many of them, of how many.
Progress = Callable[[str, int, int], None]


class Source(Protocol):
    """What cinderlib remembered; each object as its fields by Cinder's names."""

    marker_id: str

    def counts(self) -> Mapping[str, int]:
        """Return how many there are of each kind."""

    def volumes(self) -> Iterator[Fields]:
        """Read the volumes."""

    def snapshots(self) -> Iterator[Fields]:
        """Read the snapshots."""

    def connections(self) -> Iterator[Fields]:
        """Read the connections."""

    def key_values(self) -> Iterator[tuple[str, str]]:
        """Read what programs kept with cinderlib."""


@dataclass(kw_only=True)
class Plan:
    """What will be stored.

    `marker` will say that this source was taken over. `remarks` are for a person to read; with `problems`, nothing
    can be taken over.
    """

    marker: KeyValueRecord
    volumes: list[VolumeRecord] = field(default_factory=list)
    snapshots: list[SnapshotRecord] = field(default_factory=list)
    connections: list[ConnectionRecord] = field(default_factory=list)
    key_values: list[KeyValueRecord] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def records(self) -> list[Record]:
        """Return all records but the marker."""
        return [*self.volumes, *self.snapshots, *self.connections, *self.key_values]


def plan(source: Source, hosts: Mapping[str, str], *, progress: Progress) -> Plan:
    """Read everything, and return the records that it becomes.

    Args:
        source: what is taken over.
        hosts: Cinder's "HOST@BACKEND" of each back end, as this configuration has it.
        progress: told how far the work is.
    """
    return _Planning(source, hosts, progress).plan()


def tell(progress: Progress, what: str, done: int, total: int) -> None:
    """Tell how far the work is, now and then."""
    if done and done % _STEP == 0:
        progress(what, done, total)


class _Planning:
    def __init__(self, source: Source, hosts: Mapping[str, str], progress: Progress) -> None:
        self._source = source
        self._hosts = hosts
        self._progress = progress
        self._counts = source.counts()
        self._plan = Plan(marker=KeyValueRecord(id=source.marker_id, created_at=time.time()))
        self._volumes: dict[str, VolumeRecord] = {}
        self._connection_ids: set[str] = set()

    def plan(self) -> Plan:
        volumes = {str(fields.get("id")): fields for fields in self._read("volumes", self._source.volumes())}
        snapshots = list(self._read("snapshots", self._source.snapshots()))
        connections = list(self._read("connections", self._source.connections()))
        used = {str(fields.get("volume_id")) for fields in (*snapshots, *connections)}
        for cinder_id, fields in volumes.items():
            self._try(f"volume {cinder_id}", self._volume, fields, volumes, used=cinder_id in used)
        for fields in snapshots:
            self._try(f"snapshot {fields.get('id')}", self._snapshot, fields)
        # The oldest of several to the same node is the one that the node's name leads to.
        for fields in sorted(connections, key=lambda fields: (str(fields.get("created_at")), str(fields.get("id")))):
            self._try(f"connection {fields.get('id')}", self._connection, fields)
        for key, value in self._source.key_values():
            self._try(f"key {key!r}", self._key_value, key, value)
        self._check_backends()
        counted = Counter({kind: len(getattr(self._plan, kind)) for kind in self._counts})
        words = ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in counted.items())
        self._plan.marker = replace(self._plan.marker, value=words)
        return self._plan

    def _read(self, kind: str, objects: Iterable[Fields]) -> Iterator[Fields]:
        number = 0
        for number, fields in enumerate(objects, start=1):
            tell(self._progress, f"{kind} read", number, self._counts.get(kind, 0))
            yield fields
        if number != self._counts.get(kind, 0):
            self._plan.problems.append(f"{self._counts.get(kind, 0)} {kind} are there, and {number} could be read")

    def _try(self, what: str, add: Callable[..., Record | None], *arguments: object, **named: object) -> None:
        try:
            record = add(*arguments, **named)
            if record is not None:
                encode(record)
        except (InvalidRequest, ValueError) as error:
            self._plan.problems.append(f"{what} cannot be taken over: {error}")

    def _volume(self, fields: Fields, volumes: Mapping[str, Fields], *, used: bool) -> Record:
        host = str(fields.get("host") or "")
        ours = self._hosts.get(reading.backend_of(host))
        pool = "".join(host.partition("#")[1:])
        record = reading.volume(
            {**fields, "host": f"{ours}{pool}" if ours else host},
            source=reading.source_of(fields, volumes=volumes),
            used=used,
        )
        self._plan.volumes.append(record)
        self._volumes[record.cinder_id] = record
        self._plan.remarks += remarks.on_volume(fields, record)
        return record

    def _snapshot(self, fields: Fields) -> Record:
        volume = self._volumes.get(str(fields.get("volume_id")))
        record = reading.snapshot(fields, backend=volume.backend if volume else str(fields.get("progress") or ""))
        self._plan.snapshots.append(record)
        self._plan.remarks += remarks.on_snapshot(fields, record, has_volume=volume is not None)
        return record

    def _connection(self, fields: Fields) -> Record | None:
        volume = self._volumes.get(str(fields.get("volume_id")))
        if volume is None:
            self._plan.remarks.append(remarks.left_out(fields))
            return None
        record = reading.connection(fields, backend=volume.backend)
        if record.id in self._connection_ids:
            record = replace(record, id=derived(f"cinderlib-connection/{record.cinder_id}"))
        self._connection_ids.add(record.id)
        self._plan.connections.append(record)
        self._plan.remarks += remarks.on_connection(record, volume=volume.name)
        return record

    def _key_value(self, key: str, value: str) -> Record:
        record = KeyValueRecord(id=key_value_id(key), value=value)
        self._plan.key_values.append(record)
        return record

    def _check_backends(self) -> None:
        needed = Counter(record.backend for record in self._plan.volumes)
        needed.update(record.backend for record in self._plan.snapshots)
        self._plan.problems += [
            f"{number} volumes and snapshots are on back end {name!r}, which the configuration does not have; "
            f"add a section [{name}], and {name} to enabled_backends"
            for name, number in sorted(needed.items())
            if name not in self._hosts
        ]
