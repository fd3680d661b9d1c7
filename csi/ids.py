"""CSI's names and our ids: the id of an object is derived from its name, for ever.

So "does it exist already?" is one read, and a create has the lock of the
object that it would make. Nothing here may ever change: ids are stored in
clusters.
"""

import uuid
from functools import lru_cache

NAMESPACE = uuid.UUID("fdc62297-8c4a-4906-b1b5-8c6279a05ff7")


def volume_id(name: str) -> str:
    """Return the id of the volume with this name."""
    return _derived(f"volume/{name}")


def snapshot_id(name: str) -> str:
    """Return the id of the snapshot with this name."""
    return _derived(f"snapshot/{name}")


def group_snapshot_id(name: str) -> str:
    """Return the id of the group snapshot with this name."""
    return _derived(f"group-snapshot/{name}")


def member_snapshot_id(group_snapshot_id: str, volume_id: str) -> str:
    """Return the id of the snapshot of one volume in a group snapshot."""
    return _derived(f"group-member/{group_snapshot_id}/{volume_id}")


def connection_id(volume_id: str, node_id: str) -> str:
    """Return the id of the connection between a volume and a node."""
    # The length keeps ("a/b", "c") and ("a", "b/c") apart: both ids may hold any character.
    return _derived(f"connection/{len(volume_id)}/{volume_id}/{node_id}")


# A call asks for the same id several times, for its lock and for its work.
@lru_cache(maxsize=1024)
def _derived(text: str) -> str:
    return str(uuid.uuid5(NAMESPACE, text))
