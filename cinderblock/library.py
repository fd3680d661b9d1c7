"""The verbs of all kinds over one store and its back ends: what programs and the CSI controller call."""

from cinderblock.backend import Backends
from cinderblock.connection import Connections
from cinderblock.engine import Engine
from cinderblock.inflight import InFlight
from cinderblock.intents import Intents
from cinderblock.leases import Leases
from cinderblock.recovery import Recovery
from cinderblock.snapshot import Snapshots
from cinderblock.volume import Volumes
from persistence.port import Store


class Library:
    """Volumes, snapshots and connections; safe to use from several threads."""

    def __init__(self, store: Store, backends: Backends, leases: Leases) -> None:
        self.store = store
        self.backends = backends
        self._leases = leases
        engine = Engine(store=store, backends=backends, intents=Intents(leases), inflight=InFlight())
        self.volumes = Volumes(engine)
        self.snapshots = Snapshots(engine, self.volumes)
        self.connections = Connections(engine, self.volumes)
        self.recovery = Recovery(engine, self.volumes, self.snapshots)

    def start(self) -> None:
        """Take up the lease, start the back ends, and mend what an earlier process left; blocks meanwhile.

        Raises:
            StoreUnavailable: the lease could not be written.
        """
        self._leases.start()
        self.backends.start()
        self.recovery.run()

    def close(self) -> None:
        """Stop the back ends and give up the lease; the store stays open. Closing twice is not an error."""
        self.backends.close()
        self._leases.close()
