"""What cinderlib remembered of an object and a record has no field for; kept with the record.

So nothing of it is lost: what drivers may have named things after, and what programs read.
"""

from collections.abc import Mapping
from typing import TypeAlias

from cinderblock.ids import derived
from persistence.records import ConnectionRecord, Json, Record, SnapshotRecord, VolumeRecord

#: An object's fields, by Cinder's names.
Fields: TypeAlias = Mapping[str, Json]

#: Under this name, in a record's `driver_data` or `connection_info`.
KEPT = "cinderlib"
#: In what state the record was when what was kept of the state was true.
_WHILE = "while"
#: Fields that tell a state, as cinderlib told it.
_STATE = frozenset({"status", "previous_status"})


def kept(record: Record) -> Fields:
    """Return what was kept with a record."""
    match record:
        case VolumeRecord() | SnapshotRecord():
            found = record.driver_data.get(KEPT)
        case ConnectionRecord():
            found = record.connection_info.get(KEPT)
        case _:
            found = None
    return found if isinstance(found, Mapping) else {}


def difference(given: Fields, told: Fields, *, live: frozenset[str]) -> Fields:
    """Return what must be kept so that `together` makes `given` of `told`.

    Args:
        given: an object's fields as cinderlib wrote them.
        told: the same, as they are told from the record alone.
        live: fields that the record speaks for: only whether cinderlib had nothing there is kept of them.
    """
    differing = {
        name: value
        for name, value in given.items()
        if (name not in told or told[name] != value) and not (value and name in live)
    }
    if differing.keys() & _STATE:
        differing[_WHILE] = _state(told)
    return differing


def together(told: Fields, before: Fields, *, live: frozenset[str]) -> Fields:
    """Return fields as they are told from a record, with what was kept where the record does not speak."""
    same_state = before.get(_WHILE) == _state(told)
    added = {
        name: value
        for name, value in before.items()
        if name != _WHILE and not (name in live and told.get(name)) and (same_state or name not in _STATE)
    }
    return {**told, **added}


def volume_id(cinder_id: str) -> str:
    """Return the id of the record of a volume that cinderlib knew as `cinder_id`, for ever."""
    return derived(f"cinderlib-volume/{cinder_id}")


def snapshot_id(cinder_id: str) -> str:
    """Return the id of the record of a snapshot that cinderlib knew as `cinder_id`, for ever."""
    return derived(f"cinderlib-snapshot/{cinder_id}")


def key_value_id(key: str) -> str:
    """Return the id of the record of a program's own key; no key of ours begins like that."""
    return f"/{key}"


def _state(told: Fields) -> Json:
    return [told.get("status"), told.get("size")]
