"""CSI's names and our ids: the id of an object is derived from its name, for ever.

So "does it exist already?" is one read, and a create has the lock of the
object that it would make. Nothing here may ever change: ids are stored in
clusters.
"""

from cinderblock.ids import connection_id, derived

__all__ = ["connection_id", "group_snapshot_id", "member_snapshot_id", "snapshot_id", "volume_id"]


def volume_id(name: str) -> str:
    """Return the id of the volume with this name."""
    return derived(f"volume/{name}")


def snapshot_id(name: str) -> str:
    """Return the id of the snapshot with this name."""
    return derived(f"snapshot/{name}")


def group_snapshot_id(name: str) -> str:
    """Return the id of the group snapshot with this name."""
    return derived(f"group-snapshot/{name}")


def member_snapshot_id(group_snapshot_id: str, volume_id: str) -> str:
    """Return the id of the snapshot of one volume in a group snapshot."""
    return derived(f"group-member/{group_snapshot_id}/{volume_id}")
