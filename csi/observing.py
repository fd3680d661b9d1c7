"""What a process can tell of itself in figures: which there are, and who wants to have them.

Here and not beside what publishes them, so that a process that publishes none
does not load that.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from cinderblock.driver import Driver


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure, or as many as its labels have values: never what users choose, or there would be no end of them."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


BUILD = Metric("cinderblock_build_info", "Always 1; which version serves what.", ("version", "mode"))
READY = Metric("cinderblock_ready", "1 when Probe says ready, 0 while back ends are still being tried.")
RPC_SECONDS = Metric(
    "cinderblock_rpc_duration_seconds",
    "How long callers waited for an RPC, by the status that they got. Its count is the number of calls.",
    ("method", "code"),
)
RPCS_IN_WORK = Metric(
    "cinderblock_rpcs_in_work", "RPCs whose work goes on, whether or not somebody waits for them.", ("method",)
)
RPC_OLDEST_SECONDS = Metric(
    "cinderblock_rpc_oldest_in_work_seconds",
    "For how long the oldest of them has been in work; 0 without one.",
    ("method",),
)
DRIVER_SECONDS = Metric(
    "cinderblock_driver_call_duration_seconds",
    "How long a back end's driver took, by what came of it: ok, the name of an error, or unclassified.",
    ("backend", "operation", "outcome"),
)
DRIVER_CALLS_IN_WORK = Metric(
    "cinderblock_driver_calls_in_work", "Calls that a driver has not answered yet.", ("backend", "operation")
)
BACKEND_UP = Metric("cinderblock_backend_up", "1 when the back end can be used, 0 when it is down.", ("backend",))
POOL_TOTAL = Metric("cinderblock_pool_total_bytes", "A pool's size, as its back end said last.", ("backend", "pool"))
POOL_FREE = Metric("cinderblock_pool_free_bytes", "What of it is not in use.", ("backend", "pool"))
POOL_AVAILABLE = Metric(
    "cinderblock_pool_available_bytes",
    "What of it can still be promised to volumes: with over-provisioning, and without what is reserved.",
    ("backend", "pool"),
)
POOL_PROVISIONED = Metric(
    "cinderblock_pool_provisioned_bytes", "What of it was promised to volumes; thin pools only.", ("backend", "pool")
)
POOLS_AGE_SECONDS = Metric(
    "cinderblock_pools_age_seconds",
    "How long ago the back end was asked for its pools; a scrape never asks it.",
    ("backend",),
)
NODE_VOLUMES = Metric("cinderblock_node_volumes", "Volumes that are staged on this node, half-way ones included.")
NODE_VOLUMES_LIMIT = Metric("cinderblock_node_volumes_limit", "How many volumes this node takes.")
NODE_REGISTERED = Metric(
    "cinderblock_node_registered",
    "1 when the kubelet has registered this driver, 0 before that and after a refusal; only where it is asked to.",
)

#: All of them, in the order of their documentation.
METRICS: Sequence[Metric] = (
    BUILD,
    READY,
    RPC_SECONDS,
    RPCS_IN_WORK,
    RPC_OLDEST_SECONDS,
    DRIVER_SECONDS,
    DRIVER_CALLS_IN_WORK,
    BACKEND_UP,
    POOL_TOTAL,
    POOL_FREE,
    POOL_AVAILABLE,
    POOL_PROVISIONED,
    POOLS_AGE_SECONDS,
    NODE_VOLUMES,
    NODE_VOLUMES_LIMIT,
    NODE_REGISTERED,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a figure is right now; `labels` are the values of the metric's, in their order."""

    metric: Metric
    value: float
    labels: tuple[str, ...] = ()


#: Reads figures that are there anyway; cheap, because every scrape calls it.
Source: TypeAlias = Callable[[], Iterable[Reading]]


class Observer(Protocol):
    """Whoever wants to have the figures."""

    def rpc_ended(self, rpc: str, code: str, seconds: float) -> None:
        """Count a call by what its caller got."""

    def driver(self, backend: str, driver: Driver) -> Driver:
        """Return what is called in a driver's place, so that its calls are counted."""

    def served(self, sources: Sequence[Source], *, ready: Callable[[], bool]) -> AbstractContextManager[object]:
        """Publish all of it, with what the sources read, while the context is entered.

        Raises:
            ConfigurationError: on entering, the address cannot be bound.
        """
