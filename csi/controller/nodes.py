"""Nodes as the controller knows them: from the process itself, or from what the node id carries."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cinderblock.errors import NotFound
from csi import node_ids
from persistence.records import Json


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
    """Nodes of other processes, outside of Kubernetes: the node id itself says what they are."""

    def __init__(self, *, max_volumes: int) -> None:
        self._max_volumes = max_volumes

    def get(self, node_id: str) -> Node:
        connector = node_ids.connector_of(node_id)
        if connector is None:
            raise NotFound(f"there is no node {node_id!r}; take the id that the node's NodeGetInfo answers")
        return Node(id=node_id, connector=connector, max_volumes=self._max_volumes)
