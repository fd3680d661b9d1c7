"""How much can still be made, and where."""

from cinderblock.backend import Backend, Backends
from cinderblock.driver import Pool
from csi.controller.decode import Place


def pools_at(backends: Backends, place: Place) -> list[Pool]:
    """Return the pools that the question is about; a back end that is down has none unless it is named.

    Raises:
        InvalidRequest: no back end of that name.
        BackendUnavailable: the one that is named is down.
    """
    if place.backend:
        asked: list[Backend] = [backends.choose(place.backend)]
    else:
        asked = [backend for backend in backends if not backend.down_because]
    return [pool for backend in asked if _reachable(backend, place) for pool in _wanted_pools(backend, place)]


def _reachable(backend: Backend, place: Place) -> bool:
    here, there = backend.topology, place.reachable_from
    return there is None or all(there.get(key) == value for key, value in here.items())


def _wanted_pools(backend: Backend, place: Place) -> list[Pool]:
    return [
        pool
        for pool in backend.pools()
        if place.pool in ("", pool.name) and (pool.multiattach or not place.multiattach)
    ]
