"""What this node tells of itself in figures."""

from collections.abc import Iterable

from csi.node.journal import Journal
from csi.observing import NODE_VOLUMES, NODE_VOLUMES_LIMIT, Reading


def of_node(journal: Journal, max_volumes: int) -> Iterable[Reading]:
    """Read how many volumes are staged here, and how many can be."""
    yield Reading(NODE_VOLUMES, journal.count())
    yield Reading(NODE_VOLUMES_LIMIT, max_volumes)
