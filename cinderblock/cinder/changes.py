"""What a driver changed: between Cinder's fields and our records."""

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from cinderblock.driver import Update
from persistence.records import Json, SnapshotRecord, VolumeRecord

log = logging.getLogger(__name__)

#: Cinder's fields that are the driver's to change. All others are ours: a
#: driver that writes a status or a size means Cinder's book-keeping.
_DRIVERS_OWN = frozenset(
    {
        "_name_id",
        "admin_metadata",
        "encryption_key_id",
        "metadata",
        "provider_auth",
        "provider_geometry",
        "provider_id",
        "provider_location",
        "replication_driver_data",
        "replication_extended_status",
        "replication_status",
    }
)
#: Fields that a record has for itself; the others are its `driver_data`.
_RECORDS_OWN = frozenset({"provider_auth", "metadata", "admin_metadata"})


def volume(record: VolumeRecord, values: Mapping[str, Any]) -> VolumeRecord:
    """Return the record with the driver's own fields among `values` changed."""
    kept = _driver_values(values)
    return dataclasses.replace(
        record,
        provider_auth=str(kept.get("provider_auth", record.provider_auth) or ""),
        metadata=kept.get("metadata", record.metadata),
        admin_metadata=kept.get("admin_metadata", record.admin_metadata),
        driver_data=_driver_data(record.driver_data, kept),
    )


def snapshot(record: SnapshotRecord, values: Mapping[str, Any]) -> SnapshotRecord:
    """Return the record with the driver's own fields among `values` changed."""
    kept = _driver_values(values)
    return dataclasses.replace(
        record,
        provider_auth=str(kept.get("provider_auth", record.provider_auth) or ""),
        metadata=kept.get("metadata", record.metadata),
        driver_data=_driver_data(record.driver_data, kept),
    )


def update_of(changed: Any, model_update: Any) -> Update:
    """Return what a driver changed about a Cinder object.

    Cinder takes both what the driver returned and what it set on the object
    without saving it; so do we.

    Args:
        changed: the Volume or Snapshot that was given to the driver.
        model_update: what the driver returned: a mapping, or None.
    """
    update = dict(model_update) if isinstance(model_update, Mapping) else {}
    fields = set(changed.fields)
    for name, value in update.items():
        if name in _DRIVERS_OWN & fields:
            # The object gives the value its type.
            setattr(changed, name, value)
    unsaved = {name: getattr(changed, name) for name in changed.obj_what_changed() if name in _DRIVERS_OWN}
    others = {name: value for name, value in update.items() if name not in fields}
    return {name: as_json(value) for name, value in {**others, **unsaved}.items()}


def as_json(value: Any) -> Json:
    """Return a driver's value as JSON can hold it: tuples and sets are lists, what is unknown is text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((as_json(item) for item in value), key=str)
    if isinstance(value, Sequence):
        return [as_json(item) for item in value]
    return str(value)


def _driver_values(values: Mapping[str, Any]) -> dict[str, Any]:
    ours = sorted(set(values) - _DRIVERS_OWN)
    if ours:
        log.debug("a driver wrote %s, which are not the driver's to change", ", ".join(ours))
    return {name: value for name, value in values.items() if name in _DRIVERS_OWN}


def _driver_data(old: Mapping[str, Json], kept: Mapping[str, Any]) -> Mapping[str, Json]:
    return {**old, **{name: as_json(value) for name, value in kept.items() if name not in _RECORDS_OWN}}
