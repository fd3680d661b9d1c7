"""How Cinder's drivers change the type of a volume: with the difference between two, as Cinder's service tells it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cinder import objects
from cinder.volume import volume_types

from cinderblock.cinder.objects import new_context
from cinderblock.cinder.rows import Types
from cinderblock.errors import InvalidRequest
from persistence.records import Specs, VolumeRecord


def retype(
    driver: Any, volume: Any, record: VolumeRecord, specs: Specs, *, types: Types, stats: Mapping[str, Any]
) -> Any:
    """Let a driver change a volume's type, where the volume is; return its model update.

    Args:
        driver: the vendor's.
        volume: Cinder's object, of the type that it has.
        record: the same volume.
        specs: what it is to ask of the back end.
        types: where types are found by their id.
        stats: what the driver said of itself last.

    Raises:
        InvalidRequest: it cannot; nothing was done.
    """
    wanted = types.of(replace(record, extra_specs=specs.extra, qos_specs=specs.qos))
    context = new_context()
    diff, equal = volume_types.volume_types_diff(context, volume.volume_type_id, wanted.id)
    if equal:
        return None
    new_type = objects.VolumeType.get_by_id(context, wanted.id)
    host = {"host": record.host, "cluster_name": None, "capabilities": _capabilities(stats, record.host)}
    answer = driver.retype(context, volume, new_type, diff, host)
    done, update = answer if isinstance(answer, tuple) else (answer, None)
    if not done:
        raise InvalidRequest(f"the driver refuses, and gives no reason: {_words(diff)}")
    return update


def _capabilities(stats: Mapping[str, Any], host: str) -> Mapping[str, Any]:
    """Return what a driver said of the pool of "HOST@BACKEND#POOL", as Cinder's scheduler passes it on."""
    pool_name = host.partition("#")[2]
    pools = [pool for pool in stats.get("pools") or [] if pool.get("pool_name") == pool_name]
    return {**{key: value for key, value in stats.items() if key != "pools"}, **(pools[0] if pools else {})}


def _words(diff: Mapping[str, Any]) -> str:
    changes = [
        f"{name} from {old!r} to {new!r}"
        for kind in ("extra_specs", "qos_specs")
        for name, (old, new) in sorted((diff.get(kind) or {}).items())
        if old != new
    ]
    return ", ".join(changes)
