"""What is known of the back ends, in figures; none of them is asked for it."""

from collections.abc import Iterable, Iterator, Mapping

from cinderblock.backend import Backend, Backends
from cinderblock.driver import Pool
from cinderblock.units import GIB
from csi.observing import (
    BACKEND_UP,
    POOL_AVAILABLE,
    POOL_FREE,
    POOL_PROVISIONED,
    POOL_TOTAL,
    POOLS_AGE_SECONDS,
    Metric,
    Reading,
)


def of_backends(backends: Backends) -> Iterable[Reading]:
    """Read which back ends are up, and what each said last of its pools."""
    for backend in backends:
        yield Reading(BACKEND_UP, float(not backend.down_because), (backend.name,))
        yield from _of_pools(backend)


def _of_pools(backend: Backend) -> Iterator[Reading]:
    age_s, pools = backend.known_pools()
    if not pools:
        return
    yield Reading(POOLS_AGE_SECONDS, age_s, (backend.name,))
    for pool in pools:
        for metric, size_gib in _sizes(pool).items():
            if size_gib is not None:
                yield Reading(metric, size_gib * GIB, (backend.name, pool.name))


def _sizes(pool: Pool) -> Mapping[Metric, float | None]:
    return {
        POOL_TOTAL: pool.total_gib,
        POOL_FREE: pool.free_gib,
        POOL_AVAILABLE: pool.available_gib(),
        # Thick pools are not over-provisioned, and many drivers count nothing for them.
        POOL_PROVISIONED: pool.provisioned_gib if pool.thin else None,
    }
