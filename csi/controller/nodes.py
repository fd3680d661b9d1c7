"""Nodes as the controller knows them: from the process itself, from what the node id carries, or from a record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cinderblock.errors import NotFound
from csi import node_ids
from persistence.port import Table
from persistence.records import Json, NodeRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What publishing needs to know of a node; `max_volumes` 0 means no limit."""

    id: str
    connector: Mapping[str, Json] = field(default_factory=dict)
    max_volumes: int = 0


class Nodes(Protocol):
    """Finds nodes by id."""

    def get(self, node_id: str) -> Node:
        """Return the node.

        Raises:
            NotFound: nobody knows it.
        """


class NodeInProcess:
    """The one node that lives in this process; its connector never leaves it."""

    def __init__(self, node_id: str, connector: Callable[[], Mapping[str, Json]], *, max_volumes: int) -> None:
        self._node_id = node_id
        self._connector = connector
        self._max_volumes = max_volumes

    def get(self, node_id: str) -> Node:
        if node_id != self._node_id:
            raise NotFound(f"there is no node {node_id!r}; this driver serves {self._node_id!r} only")
        return Node(id=node_id, connector=self._connector(), max_volumes=self._max_volumes)


class NodesById:
    """Nodes of other processes, outside of a cluster: the node id itself says what they are."""

    def __init__(self, *, max_volumes: int) -> None:
        self._max_volumes = max_volumes

    def get(self, node_id: str) -> Node:
        connector = node_ids.connector_of(node_id)
        if connector is None:
            raise NotFound(f"there is no node {node_id!r}; take the id that the node's NodeGetInfo answers")
        return Node(id=node_id, connector=connector, max_volumes=self._max_volumes)


class NodesRecorded:
    """Nodes that have described themselves in the store, where each can write its own record only.

    What a node id carries is not believed here: a node that was broken into says in it what it likes.
    """

    def __init__(self, records: Table[NodeRecord]) -> None:
        self._records = records

    def get(self, node_id: str) -> Node:
        record = self._records.get(node_id)
        if record is None:
            raise NotFound(
                f"node {node_id!r} has not described itself; its log says why, and whether it runs with --node-object"
            )
        # A node says how it is reached, not who it is: arrays know their hosts by this name.
        return Node(id=node_id, connector={**record.connector, "host": node_id}, max_volumes=record.max_volumes)
