"""What a process of any mode tells of itself in figures."""

from collections.abc import Callable, Iterable

from csi.identity.service import vendor_version
from csi.observing import BUILD, READY, RPC_OLDEST_SECONDS, RPCS_IN_WORK, Reading
from csi.workers import Workers


def of_process(mode: str, ready: Callable[[], bool], workers: Workers) -> Iterable[Reading]:
    """Read what serves, whether it is ready, and which RPCs are in work."""
    yield Reading(BUILD, 1, (vendor_version(), mode))
    yield Reading(READY, float(ready()))
    for rpc, ages_s in workers.ages_s().items():
        yield Reading(RPCS_IN_WORK, len(ages_s), (rpc,))
        yield Reading(RPC_OLDEST_SECONDS, max(ages_s, default=0.0), (rpc,))
