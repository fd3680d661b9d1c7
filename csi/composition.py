"""Which parts a process has: the controller's root, the node's, or both. Each is imported only where it serves."""

import logging
import os
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from cinderblock.concealment import conceal
from cinderblock.copying import check_whole
from cinderblock.errors import ConfigurationError
from csi.controller.nodes import NodeInProcess, Nodes, NodesById, NodesRecorded
from csi.instruments import NONE, Instruments
from csi.observing import Source
from csi.proto import csi_pb2_grpc
from csi.server import Register, end_now
from csi.serving import Mode, Parts
from csi.settings import Settings
from persistence.port import Store
from persistence.seal import Sealer, sealed

log = logging.getLogger(__name__)

#: The exit code of a process that lost its lease; whoever supervises it starts it again.
_LEASE_LOST = 75


@dataclass(kw_only=True)
class _Built:
    """What has been made so far, to be closed in reverse."""

    register: list[Register] = field(default_factory=list)
    ready: list[Callable[[], bool]] = field(default_factory=list)
    close: list[Callable[[], None]] = field(default_factory=list)
    beside: list[AbstractContextManager[object]] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)

    def close_all(self) -> None:
        while self.close:
            self.close.pop()()


def compose(mode: Mode, settings: Settings, sealer: Sealer, *, instruments: Instruments = NONE) -> Parts:
    """Build what a process of this mode serves, and start it; `instruments` surround its ports.

    Raises:
        ConfigurationError: the configuration cannot be used.
        StoreUnusable: the store is not ours, or newer, or damaged.
        StoreUnavailable: the store does not answer.
    """
    built = _Built()
    try:
        nodes: Nodes | None = None
        topology = settings.topology
        if mode is not Mode.CONTROLLER:
            # Back ends that keep their volumes on this machine are reachable from here only; and a provisioner that
            # waits for the first pod refuses a node that does not say where it is.
            topology = topology or {f"topology.{settings.driver_name}/node": settings.node_id}
            nodes = _add_node(built, mode, replace(settings, topology=topology), sealer, instruments)
        if mode is not Mode.NODE:
            _add_controller(built, settings, sealer, nodes, topology, instruments)
    except BaseException:
        built.close_all()
        raise
    return Parts(
        register=built.register,
        ready=lambda: all(ready() for ready in built.ready),
        close=built.close_all,
        beside=built.beside,
        sources=built.sources,
    )


def _add_node(built: _Built, mode: Mode, settings: Settings, sealer: Sealer, instruments: Instruments) -> Nodes:
    from csi.node.__main__ import compose as compose_node
    from csi.node.readings import of_node

    parts = compose_node(settings, sealer=sealer, alone=mode is Mode.NODE, instruments=instruments)
    built.close.append(parts.close)
    built.register.append(partial(csi_pb2_grpc.add_NodeServicer_to_server, parts.servicer))
    built.sources.append(partial(of_node, parts.journal, settings.max_volumes_per_node))
    if mode is Mode.NODE and settings.node_object:
        from csi.node.announcement import Announcement, Cluster

        # Before the kubelet hears of the driver: from then on volumes may be published to this node.
        built.beside.append(Announcement(Cluster(settings.cluster_api), parts.record))
    if settings.registration_dir is not None:
        from csi.node.registration import Registration

        endpoint = settings.kubelet_endpoint or settings.endpoint
        registration = Registration(settings.registration_dir, driver_name=settings.driver_name, endpoint=endpoint)
        built.beside.append(registration)
        built.sources.append(registration.readings)
    return NodeInProcess(parts.node_id, parts.connector_properties, max_volumes=settings.max_volumes_per_node)


def _add_controller(
    built: _Built,
    settings: Settings,
    sealer: Sealer,
    nodes: Nodes | None,
    topology: Mapping[str, str],
    instruments: Instruments,
) -> None:
    from csi.controller.__main__ import compose as compose_controller
    from csi.controller.readings import of_backends

    store = instruments.store(open_records(settings, sealer))
    built.close.append(store.close)
    parts = compose_controller(
        settings,
        store=store,
        sealer=sealer,
        nodes=nodes or _nodes_elsewhere(settings, store),
        owner=owner_of(settings.state_dir),
        on_lost=partial(end_now, _LEASE_LOST),
        local_topology=topology,
        instruments=instruments,
    )
    built.close.append(parts.library.close)
    built.ready.append(lambda: parts.library.ready)
    built.sources.append(partial(of_backends, parts.library.backends))
    built.register += [
        partial(csi_pb2_grpc.add_ControllerServicer_to_server, parts.servicer),
        partial(csi_pb2_grpc.add_GroupControllerServicer_to_server, parts.group_servicer),
    ]
    parts.library.start()


def _nodes_elsewhere(settings: Settings, store: Store) -> Nodes:
    return NodesRecorded(store.nodes) if settings.node_object else NodesById(max_volumes=settings.max_volumes_per_node)


def open_records(settings: Settings, sealer: Sealer) -> Store:
    """Open the store, made where it is missing.

    Raises:
        ConfigurationError: it was used, and has gone since.
        StoreUnusable: it is not ours, or newer, or damaged.
        StoreUnavailable: it does not answer.
    """
    if settings.connection == "memory:":
        from persistence.memory import MemoryStore

        log.warning("records are kept in memory: every volume is forgotten when the process ends")
        return sealed(MemoryStore(), sealer)
    _check_not_lost(settings)
    store = open_unsealed(settings.connection)
    try:
        check_whole(store)
    except BaseException:
        store.close()
        raise
    return sealed(store, sealer)


def open_unsealed(connection: str) -> Store:
    """Open a store that lasts, secrets in it as they are stored; made where it is missing.

    Raises:
        StoreUnusable: it is not ours, or newer, or damaged.
        StoreUnavailable: it does not answer.
    """
    from persistence.opening import open_store, password_of

    conceal(password_of(connection), lasting=True)
    return open_store(connection)


def _check_not_lost(settings: Settings) -> None:
    # A new store would know none of the volumes that there are, and their names would be given to new, empty ones.
    own, owner = settings.state_dir / "cinderblock.db", settings.state_dir / "owner"
    if settings.connection != f"sqlite:///{own}" or not owner.exists():
        return
    if not own.exists() or own.stat().st_size == 0:
        raise ConfigurationError(
            f"the store {own} is {'empty' if own.exists() else 'gone'}, but {owner} says that it was used; restore the "
            "store, or, if its volumes may be forgotten, remove that file as well"
        )


def owner_of(state_dir: Path) -> str:
    """Return this process's name in records: the state folder's, which one process has at a time.

    Raises:
        ConfigurationError: the folder cannot be used, or holds no name.
    """
    file = state_dir / "owner"
    try:
        if not file.exists():
            half_made = file.with_suffix(".new")
            with half_made.open("w", encoding="ascii") as written:
                written.write(f"{uuid.uuid4()}\n")
                written.flush()
                # Else a power cut may leave an empty file under the final name.
                os.fsync(written.fileno())
            half_made.replace(file)
        return str(uuid.UUID(file.read_text(encoding="ascii").strip()))
    except OSError as error:
        raise ConfigurationError(f"the state folder {state_dir} cannot be used: {error.strerror}") from error
    except ValueError as error:
        # Work that was cut off is taken over once the lost name has been silent for long enough.
        raise ConfigurationError(f"{file} holds no name of a process; remove it, and a new one is made") from error
