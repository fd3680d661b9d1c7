"""The node's composition root: the service over this machine. It imports neither Cinder nor SQL."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from cinderblock.host import Host
from csi import node_ids
from csi.instruments import NONE, Instruments
from csi.node.commands import Commands, Runner
from csi.node.expansion import Expansion
from csi.node.failures import Failures
from csi.node.health import Health
from csi.node.journal import Journal
from csi.node.programs import Programs
from csi.node.publishing import Publishing
from csi.node.service import Node, Self
from csi.node.staging import Staging
from csi.node.stats import Stats
from csi.settings import Settings
from persistence.records import Json, NodeRecord
from persistence.seal import Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeParts:
    """The service, and what a controller must know of this node."""

    servicer: Node
    node_id: str
    host: Host
    journal: Journal
    myself: Self

    def connector_properties(self) -> Mapping[str, Json]:
        """Return os-brick's description of this machine; asks the machine, so it may be slow."""
        return self.host.connector_properties()

    def record(self) -> NodeRecord:
        """Return what a controller elsewhere must know of this node; as slow as `connector_properties`."""
        return NodeRecord(
            id=self.node_id,
            connector=self.connector_properties(),
            topology=self.myself.topology,
            max_volumes=self.myself.max_volumes,
        )

    def close(self) -> None:
        """Let go of nothing: what is mounted lives on, and the journal is on disk."""


def compose(
    settings: Settings,
    *,
    sealer: Sealer,
    alone: bool = False,
    host: Host | None = None,
    runner: Runner | None = None,
    instruments: Instruments = NONE,
) -> NodeParts:
    """Build the node.

    Args:
        settings: the driver's own; `state_dir` is made if it is absent.
        sealer: opens publish contexts, and closes the journal.
        alone: the controller is another process, so the node id, or an object, must say how to reach this machine.
        host: this machine's initiators; os-brick by default.
        runner: what runs programs; the real ones by default.
        instruments: what surrounds both.

    Raises:
        ConfigurationError: the node id has no room for how to reach this machine.
    """
    folder = settings.state_dir / "node"
    journal = Journal(folder / "journal", sealer)
    if alone:
        # oslo.privsep imports eventlet wherever it is installed, which costs 10 MiB, to see that nothing is green.
        sys.modules.setdefault("eventlet", None)  # type: ignore[arg-type]  # None means: not to be imported
    if host is None:
        from cinderblock.brick.host import BrickHost

        host = BrickHost(folder)
    host = instruments.host(host)
    myself = _myself(settings, host, carried=alone and not settings.node_object)
    runner = instruments.runner(runner or Commands())
    failures = Failures()
    node = Node(
        myself=myself,
        programs=Programs(folder / "programs"),
        staging=Staging(journal=journal, host=host, runner=runner, sealer=sealer, failures=failures),
        publishing=Publishing(journal=journal, host=host, runner=runner),
        expansion=Expansion(journal=journal, host=host, runner=runner),
        stats=Stats(journal),
        health=Health(journal, failures),
    )
    return NodeParts(servicer=node, node_id=myself.node_id, host=host, journal=journal, myself=myself)


def _myself(settings: Settings, host: Host, *, carried: bool) -> Self:
    """Return what the node says of itself; its id carries how to reach it where nothing else does."""
    node_id = node_ids.node_id(settings.node_id, host.connector_properties()) if carried else settings.node_id
    return Self(node_id=node_id, max_volumes=settings.max_volumes_per_node, topology=dict(settings.topology))
