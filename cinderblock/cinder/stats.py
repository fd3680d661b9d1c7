"""What a driver says of its back end, as pools and abilities.

Drivers answer in many shapes: pools or none, numbers as text, "infinite",
"unknown", a key at the top that another puts into each pool.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cinderblock.cinder import quirks
from cinderblock.driver import Abilities, Pool

#: Keys that Cinderblock's own drivers add to their stats.
SNAPSHOTS_DEPEND = "cinderblock_snapshots_depend"
NODE_LOCAL = "cinderblock_node_local"
#: Cinder's key.
CONSISTENT_GROUPS = "consistent_group_snapshot_enabled"
#: What a driver with consistent groups has for itself.
_OF_GROUPS = ("create_group", "update_group", "delete_group", "create_group_snapshot", "delete_group_snapshot")
REVERT_PAST_OTHERS = "cinderblock_revert_past_others"

Stats = Mapping[str, Any]


def pools(stats: Stats, *, backend: str, allocated_gib: Callable[[str | None], float]) -> Sequence[Pool]:
    """Return the pools; a driver without any is one pool with the name of its back end.

    Args:
        stats: what `get_volume_stats` returned.
        backend: the name of the back end.
        allocated_gib: answers the sum of the volumes' sizes in the pool with a name, or in all for None; asked for
            where it counts and the driver does not tell what is provisioned, as Cinder's scheduler does.
    """
    given = stats.get("pools") or []
    if not given:
        return (_pool(stats, {}, backend, lambda: allocated_gib(None)),)
    return tuple(_pool(stats, pool, str(pool.get("pool_name") or backend), _one(allocated_gib, pool)) for pool in given)


def abilities(driver: Any, stats: Stats) -> Abilities:
    """Return what a driver can do: by its stats, and by which of Cinder's methods it has for itself."""
    every_pool = [{**stats, **pool} for pool in stats.get("pools") or [{}]]

    def in_any(key: str) -> bool:
        return any(_truth(pool.get(key, False)) for pool in every_pool)

    own_groups = in_any(CONSISTENT_GROUPS) and all(has_own(driver, method) for method in _OF_GROUPS)
    no_groups_because = quirks.no_groups_because(driver) if own_groups else "its driver takes snapshots one by one"
    return Abilities(
        online_extend=all(_truth(pool.get("online_extend_support", True)) for pool in every_pool),
        multiattach=in_any("multiattach"),
        snapshots_depend=_truth(stats.get(SNAPSHOTS_DEPEND, True)),
        # Snapshots of these are overlays over the volume's file, which then is another one.
        copies_disturb=hasattr(driver, "_create_snapshot_online"),
        node_local=_truth(stats.get(NODE_LOCAL, False)),
        manage=has_own(driver, "manage_existing"),
        manage_snapshots=has_own(driver, "manage_existing_snapshot"),
        list_manageable=has_own(driver, "get_manageable_volumes"),
        retype=has_own(driver, "retype"),
        revert=has_own(driver, "revert_to_snapshot"),
        revert_past_others=_truth(stats.get(REVERT_PAST_OTHERS, False)),
        consistent_groups=not no_groups_because,
        no_groups_because=no_groups_because,
    )


def takes_groups(stats: Stats, pool_name: str) -> bool:
    """Tell whether the volumes of a pool can be in a consistent group; what a pool does not say counts for all."""
    pools_of_name = [pool for pool in stats.get("pools") or [] if pool.get("pool_name") == pool_name]
    found = {**stats, **(pools_of_name[0] if pools_of_name else {})}
    return _truth(found.get(CONSISTENT_GROUPS, False))


def has_own(driver: Any, method: str) -> bool:
    """Tell whether a driver has a method for itself, and not Cinder's that refuses.

    Not by isinstance: many drivers do not subclass Cinder's abstract classes.
    An own method is no proof: it may refuse with NotImplementedError.
    """
    for ancestor in type(driver).__mro__:
        if method in vars(ancestor):
            return ancestor.__module__ != "cinder.volume.driver"
    return False


def number(value: Any) -> float | None:
    """Return a capacity: None for "unknown" and for what is none, `inf` for "infinite"."""
    if isinstance(value, str):
        value = {"infinite": "inf", "unknown": "nan"}.get(value.strip().lower(), value)
    try:
        parsed = float(value)
    except (TypeError, ValueError):
        return None
    return None if math.isnan(parsed) else parsed


def _pool(stats: Stats, pool: Stats, name: str, allocated_gib: Callable[[], float]) -> Pool:
    found: dict[str, Any] = {**stats, **{key: value for key, value in pool.items() if value is not None}}
    total_gib, free_gib = number(found.get("total_capacity_gb")), number(found.get("free_capacity_gb"))
    thin, ratio = _truth(found.get("thin_provisioning_support", False)), found.get("max_over_subscription_ratio")
    provisioned_gib = number(found.get("provisioned_capacity_gb"))
    if provisioned_gib is None:
        # Walks through every volume of the back end, so it is asked only where it counts.
        provisioned_gib = allocated_gib() if thin or ratio == "auto" else 0.0
    return Pool(
        name=name,
        total_gib=total_gib,
        free_gib=free_gib,
        provisioned_gib=provisioned_gib,
        reserved_percent=number(found.get("reserved_percentage")) or 0.0,
        over_subscription=_ratio(ratio, total_gib, free_gib, provisioned_gib),
        thin=thin,
        multiattach=_truth(found.get("multiattach", False)),
    )


def _ratio(value: Any, total_gib: float | None, free_gib: float | None, provisioned_gib: float) -> float:
    """Return the over-subscription ratio; "auto" is what the use so far shows to be safe.

    Source: cinder.utils.calculate_max_over_subscription_ratio.
    """
    given = number(value)
    if given is not None:
        return given
    if value == "auto" and total_gib is not None and free_gib is not None and math.isfinite(total_gib - free_gib):
        return 1.0 + provisioned_gib / (total_gib - free_gib + 1)
    return 1.0


def _one(allocated_gib: Callable[[str | None], float], pool: Stats) -> Callable[[], float]:
    name = pool.get("pool_name")
    return lambda: allocated_gib(None if name is None else str(name))


def _truth(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in {"true", "1", "yes", "<is> true"}
    return bool(value)
