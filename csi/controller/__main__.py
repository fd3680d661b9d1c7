"""The controller's composition root: the library over Cinder's drivers, and the service over the library."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cinderblock import config
from cinderblock.leases import Tenure
from cinderblock.library import Library
from cinderblock.opening import open_library
from csi.controller.group_service import GroupController
from csi.controller.nodes import Nodes
from csi.controller.service import Controller
from csi.instruments import Instruments
from csi.server import end_after
from csi.settings import Settings
from persistence.port import Store
from persistence.seal import Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerParts:
    """The services, and the library that it rests on, not started yet."""

    servicer: Controller
    group_servicer: GroupController
    library: Library


def compose(
    settings: Settings,
    *,
    store: Store,
    sealer: Sealer,
    nodes: Nodes,
    owner: str,
    on_lost: Callable[[], None],
    local_topology: Mapping[str, str],
    instruments: Instruments,
) -> ControllerParts:
    """Build the controller.

    Args:
        settings: the driver's own.
        store: where records are kept, sealed already.
        sealer: closes what publish contexts carry.
        nodes: how nodes are found.
        owner: this process's name in records.
        on_lost: ends the process; called when its lease has run out.
        local_topology: where this machine is, for back ends that live on it.
        instruments: what surrounds each back end's driver, and how long a lease lasts.

    Raises:
        ConfigurationError: the configuration cannot be used.
    """
    configuration = config.read(settings.config_file, state_dir=settings.state_dir)
    library = open_library(
        configuration,
        store=store,
        state_dir=settings.state_dir,
        owner=owner,
        on_lost=on_lost,
        local_topology=local_topology,
        instrument=instruments.driver,
        tenure=Tenure(ttl_s=instruments.lease_s, guard=end_after),
    )
    return ControllerParts(
        servicer=Controller(library, nodes, sealer), group_servicer=GroupController(library), library=library
    )
