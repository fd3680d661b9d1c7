"""What a back end has already, as Cinder's drivers take it over and give it back."""

from collections.abc import Sequence
from typing import Any

from cinder import exception, objects
from oslo_config import cfg

from cinderblock.cinder.errors import is_absent
from cinderblock.cinder.objects import new_context
from cinderblock.driver import Manageable, Reference
from cinderblock.errors import InvalidRequest
from persistence.records import SnapshotRecord, VolumeRecord

#: How many entries a driver is asked for at once.
_PAGE = 500


def reference(driver: Any, record: VolumeRecord | SnapshotRecord) -> Reference:
    """Return the name that a driver gives to a volume or a snapshot of ours."""
    if isinstance(record, VolumeRecord):
        name_id = record.driver_data.get("_name_id") or record.cinder_id
        return {"source-name": cfg.CONF.volume_name_template % name_id}
    name = cfg.CONF.snapshot_name_template % record.cinder_id
    # LVM has names of its own that begin as Cinder's do.
    escape = getattr(driver, "_escape_snapshot", str)
    return {"source-name": escape(name)}


def size_gib(driver: Any, managed: Any, where: Reference) -> int:
    """Return the size of what a driver finds there.

    Args:
        driver: the vendor's.
        managed: Cinder's Volume or Snapshot that it is to become.
        where: what the driver wants to know of it.

    Raises:
        InvalidRequest: the driver finds nothing there.
    """
    of_snapshot = isinstance(managed, objects.Snapshot)
    ask = driver.manage_existing_snapshot_get_size if of_snapshot else driver.manage_existing_get_size
    try:
        size = ask(managed, dict(where))
    except exception.NotFound as error:
        # Cinder wants another exception for that, which not every driver raises.
        raise InvalidRequest(f"there is nothing at {dict(where)}: {error}") from error
    # A volume of no whole GiB still has one of ours.
    return max(1, int(size))


def manage(driver: Any, managed: Any, where: Reference) -> Any:
    """Let a driver make what it finds there the Volume or the Snapshot; return its model update."""
    of_snapshot = isinstance(managed, objects.Snapshot)
    return (driver.manage_existing_snapshot if of_snapshot else driver.manage_existing)(managed, dict(where))


def unmanage(driver: Any, managed: Any) -> None:
    """Let a driver forget a Volume, which is exported to nobody any more, or a Snapshot; one that is absent is gone."""
    try:
        if isinstance(managed, objects.Snapshot):
            driver.unmanage_snapshot(managed)
        else:
            driver.remove_export(new_context(), managed)
            driver.unmanage(managed)
    except exception.NotFound as error:
        if not is_absent(error, managed.id, managed.name):
            raise


def manageable(driver: Any, volumes: Sequence[Any]) -> Sequence[Manageable]:
    """Return everything that a driver lists; `volumes` are Cinder's objects of those that are ours."""
    found: dict[str, Manageable] = {}
    more = True
    while more:
        page = driver.get_manageable_volumes(
            volumes, marker=None, limit=_PAGE, offset=len(found), sort_keys=["reference"], sort_dirs=["asc"]
        )
        fresh = {str(one.reference): one for one in map(_manageable, page)}
        # A driver that does not count its pages answers the same one again.
        more = len(page) == _PAGE and not fresh.keys() <= found.keys()
        found.update(fresh)
    return list(found.values())


def _manageable(entry: Any) -> Manageable:
    safe = bool(entry.get("safe_to_manage"))
    reason = entry.get("reason_not_safe") or "the driver does not say why"
    return Manageable(
        reference={str(key): str(value) for key, value in entry["reference"].items()},
        size_gib=int(entry.get("size") or 0),
        in_the_way="" if safe else str(reason),
        cinder_id=str(entry.get("cinder_id") or ""),
    )
