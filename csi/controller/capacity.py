"""How much can still be made, and where."""

from cinderblock.backend import Backend, Backends
from cinderblock.driver import Pool
from cinderblock.errors import InvalidRequest
from csi.controller.decode import Place


def pools_at(backends: Backends, place: Place) -> list[Pool] | None:
    """Return the pools that the question is about; a back end that is down has none unless it is named.

    None where the class can never be right: a parameter that is not known, or no back end or pool of that name. It is
    CreateVolume that says so, in its claim; a scheduler that took it for want of room would never let it be asked.

    Raises:
        BackendUnavailable: the one that is named is down.
    """
    if place.given is None:
        return None
    try:
        asked = _asked(backends, place.given.backend)
    except InvalidRequest:
        return None
    pools = [pool for backend in asked if _reachable(backend, place) for pool in backend.pools()]
    named = [pool for pool in pools if place.given.pool in ("", pool.name)]
    if pools and not named:
        return None
    return [pool for pool in named if pool.multiattach or not place.multiattach]


def _asked(backends: Backends, name: str) -> list[Backend]:
    if name:
        return [backends.choose(name)]
    return [backend for backend in backends if not backend.down_because]


def _reachable(backend: Backend, place: Place) -> bool:
    here, there = backend.topology, place.reachable_from
    return there is None or all(there.get(key) == value for key, value in here.items())
