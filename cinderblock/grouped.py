"""What is recorded of a group snapshot: one value under the group's id, its journal as well."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from persistence.port import Table
from persistence.records import KeyValueRecord, Status

PREFIX = "group-snapshot/"
#: Where a volume's `driver_data` says which group it may be in: the field of Cinder's Volume.
GROUP_ID = "group_id"

_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistencyGroup:
    """A back end's group of volumes, there for the sake of one snapshot of all of them.

    `cinder_id` and `snapshot_cinder_id` are what the array sees of the group and of its snapshot. `host` is Cinder's
    "HOST@BACKEND#POOL" of the first volume. `members` maps the Cinder id of each volume to that of its snapshot.
    """

    cinder_id: str
    snapshot_cinder_id: str
    name: str
    backend: str
    host: str
    members: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group snapshot; `members` maps each volume's id to that of its snapshot.

    `consistency` is None where the snapshots were taken one by one.
    """

    id: str
    name: str
    status: Status
    members: Mapping[str, str]
    created_at: float
    consistency: ConsistencyGroup | None = None

    @property
    def backend(self) -> str:
        """The back end that has a group for it, "" for none."""
        return self.consistency.backend if self.consistency else ""


def record_of(group: Group) -> KeyValueRecord:
    """Return the group snapshot as it is stored."""
    content: dict[str, Any] = {"name": group.name, "status": group.status, "members": group.members}
    if group.consistency is not None:
        content["consistency"] = asdict(group.consistency)
    return KeyValueRecord(id=PREFIX + group.id, created_at=group.created_at, value=json.dumps(content))


def group_of(record: KeyValueRecord) -> Group:
    """Return the group snapshot that is stored there."""
    content = json.loads(record.value)
    consistency = content.get("consistency")
    return Group(
        id=record.id.removeprefix(PREFIX),
        name=content["name"],
        status=Status(content["status"]),
        members=content["members"],
        created_at=record.created_at,
        consistency=ConsistencyGroup(**consistency) if consistency else None,
    )


def every_group(table: Table[KeyValueRecord]) -> Iterator[Group]:
    """Walk through all group snapshots, finished or not."""
    after = PREFIX
    while page := table.page(after=after, limit=_PAGE):
        for record in page:
            if not record.id.startswith(PREFIX):
                return
            yield group_of(record)
        after = page[-1].id


def every_consistency_group(table: Table[KeyValueRecord]) -> Iterator[ConsistencyGroup]:
    """Walk through all groups that back ends have for the sake of a snapshot."""
    return (group.consistency for group in every_group(table) if group.consistency is not None)


def consistency_group(table: Table[KeyValueRecord], cinder_id: str) -> ConsistencyGroup | None:
    """Return the group that the array sees under this id, or None."""
    return next((found for found in every_consistency_group(table) if found.cinder_id == cinder_id), None)
