"""Faults of Cinder's own drivers that would harm a volume, and the way around each.

Each names its source; one that is mended upstream is taken out here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from oslo_concurrency import processutils

from cinderblock.errors import InUse
from persistence.records import ConnectionRecord, VolumeRecord

_AS_A_WHOLE = "its driver makes volumes from a group's snapshots all at once only"
_IN_SEQUENCE = "its driver takes the snapshots of a group one after another"
#: By module or package: what drivers with consistent groups do that makes them unfit.
_UNFIT_GROUPS = {
    "dell_emc.powerflex": _IN_SEQUENCE,
    "dell_emc.powermax": "its driver finds a group's snapshots only while the volumes are in the group",
    "dell_emc.powerstore": _AS_A_WHOLE,
    "dell_emc.unity": _AS_A_WHOLE,
    "dell_emc.vnx": _AS_A_WHOLE,
    "dell_emc.xtremio": _AS_A_WHOLE,
    "hpe": _AS_A_WHOLE,
    "ibm.gpfs": _IN_SEQUENCE,
    "ibm.ibm_storage": "its driver moves volumes into a group, or makes volumes from its snapshots all at once only",
    "netapp.dataontap.nvme_cmode": _IN_SEQUENCE,
    "prophetstor": _AS_A_WHOLE,
    "pure": _AS_A_WHOLE,
}


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


def no_groups_because(driver: Any) -> str:
    """Say why a driver's consistent groups are not used, "" where they can be.

    A group snapshot is of no use when its snapshots do not belong together, or when a volume cannot be made from one
    of them; and it must be found again after its volumes have left the group, as long as it is there.
    Source: create_group_snapshot, delete_group_snapshot and create_volume_from_snapshot of each.
    """
    modules = [ancestor.__module__ for ancestor in type(driver).__mro__]
    for where, reason in _UNFIT_GROUPS.items():
        prefix = f"cinder.volume.drivers.{where}"
        if any(module == prefix or module.startswith(f"{prefix}.") for module in modules):
            return reason
    return ""


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


def revert(driver: Any, context: Any, volume: Any, snapshot: Any, *, again: bool) -> None:
    """Revert a volume, or do what LVM left undone of that.

    It merges the snapshot into the volume, which takes the snapshot away, and
    then takes it anew. A call that was cut off in between cannot be repeated.
    Source: cinder.volume.drivers.lvm, revert_to_snapshot.

    Args:
        driver: the vendor's.
        context: an administrator's.
        volume: Cinder's object.
        snapshot: Cinder's object.
        again: an earlier call was cut off.
    """
    group, escape = getattr(driver, "vg", None), getattr(driver, "_escape_snapshot", None)
    if again and group is not None and escape is not None and group.get_volume(escape(snapshot.name)) is None:
        group.deactivate_lv(volume.name)
        group.activate_lv(volume.name)
        driver.create_snapshot(snapshot)
        return
    driver.revert_to_snapshot(context, volume, snapshot)
