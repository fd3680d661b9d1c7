"""Faults of Cinder's own drivers that would harm a volume, and the way around each.

Each names its source; one that is mended upstream is taken out here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from oslo_concurrency import processutils

from cinderblock.errors import InUse
from persistence.records import ConnectionRecord, VolumeRecord


def as_copied(source: VolumeRecord) -> VolumeRecord:
    """Return the source of a clone with the format that the clone will have.

    Drivers over shared files note the source's format for the clone. After a
    snapshot that is qcow2, the format of the overlay, but the clone is made in
    the format of the base: a raw volume would be taken for qcow2.
    Source: cinder.volume.drivers.remotefs, _create_cloned_volume.
    """
    base_format = source.admin_metadata.get("base_format")
    if not base_format:
        return source
    metadata: Mapping[str, str] = {**source.admin_metadata, "format": base_format}
    return replace(source, admin_metadata=metadata)


def refuse_online_snapshot(driver: Any, volume_id: str, connections: Sequence[ConnectionRecord]) -> None:
    """Refuse what a driver over shared files asks Nova to do: snapshots of a volume that is published.

    There is no Nova; the driver would fail half-way and leave an orphan overlay.
    Source: cinder.volume.drivers.remotefs, _create_snapshot_online and _delete_snapshot_online.

    Raises:
        InUse: the volume is published, and this is such a driver.
    """
    if connections and hasattr(driver, "_create_snapshot_online"):
        raise InUse(
            f"volume {volume_id} is published to node '{connections[0].node_id}', and this driver makes and deletes "
            "snapshots only of volumes that are not; unpublish it first"
        )


def finish_extension(driver: Any, volume: Any, error: processutils.ProcessExecutionError) -> bool:
    """Do what an extension still lacks that LVM refuses because the volume has the size already.

    The driver gave its export's update up at the refusal, and may have left the
    volume deactivated, which it does for the time of an extension.
    Source: cinder.brick.local_dev.lvm, extend_volume.

    Returns:
        Whether that was the failure; every other one is the caller's.
    """
    group = getattr(driver, "vg", None)
    if group is None or "matches existing size" not in str(error.stderr):
        return False
    group.activate_lv(volume.name)
    driver.target_driver.extend_target(volume)
    return True
