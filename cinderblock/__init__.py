"""Storage through OpenStack Cinder's drivers, with no OpenStack service running.

    import cinderblock

    with cinderblock.open("sqlite:////var/lib/app/volumes.db", state_dir="/var/lib/app") as storage:
        fast = storage.backend("fast", volume_driver="cinder.volume.drivers.lvm.LVMVolumeDriver", volume_group="fast")
        volume = fast.create_volume(10, name="data")
        with volume.attached() as device:
            ...

Belongs here: what a volume, a snapshot and a connection are and what can be
done with them; the ports to drivers (`driver.py`) and hosts (`host.py`).
Never here: gRPC, SQL, Kubernetes. Cinder is touched in `cinderblock.cinder`
only, os-brick in `cinderblock.brick` only.

The names below are what programs use. Each is imported when it is first asked
for, because a node's process, which imports from this package, needs none.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cinderblock.driver import Manageable, Pool
    from cinderblock.errors import (
        AlreadyExists,
        BackendUnavailable,
        CinderblockError,
        ConfigurationError,
        DeviceMismatch,
        InUse,
        InvalidRequest,
        NotFound,
        OperationPending,
        OutOfRange,
        OutOfSpace,
        UnknownOutcome,
    )
    from cinderblock.host import Device
    from cinderblock.storage.backend import Backend
    from cinderblock.storage.connection import Connection
    from cinderblock.storage.group import GroupSnapshot
    from cinderblock.storage.opening import connector_properties, drivers
    from cinderblock.storage.opening import open_storage as open
    from cinderblock.storage.snapshot import Snapshot
    from cinderblock.storage.storage import Storage
    from cinderblock.storage.volume import Volume
    from persistence.errors import StoreUnavailable, StoreUnusable
    from persistence.records import Status

__all__ = [
    "AlreadyExists",
    "Backend",
    "BackendUnavailable",
    "CinderblockError",
    "ConfigurationError",
    "Connection",
    "Device",
    "DeviceMismatch",
    "GroupSnapshot",
    "InUse",
    "InvalidRequest",
    "Manageable",
    "NotFound",
    "OperationPending",
    "OutOfRange",
    "OutOfSpace",
    "Pool",
    "Snapshot",
    "Status",
    "Storage",
    "StoreUnavailable",
    "StoreUnusable",
    "UnknownOutcome",
    "Volume",
    "connector_properties",
    "drivers",
    "open",
]

#: Where a name is at home, when that is not `cinderblock.errors`.
_HOMES = {
    "Backend": "cinderblock.storage.backend",
    "Connection": "cinderblock.storage.connection",
    "Device": "cinderblock.host",
    "GroupSnapshot": "cinderblock.storage.group",
    "Manageable": "cinderblock.driver",
    "Pool": "cinderblock.driver",
    "Snapshot": "cinderblock.storage.snapshot",
    "Status": "persistence.records",
    "Storage": "cinderblock.storage.storage",
    "StoreUnavailable": "persistence.errors",
    "StoreUnusable": "persistence.errors",
    "Volume": "cinderblock.storage.volume",
    "connector_properties": "cinderblock.storage.opening",
    "drivers": "cinderblock.storage.opening",
    "open": "cinderblock.storage.opening",
}

if not TYPE_CHECKING:  # so that a type checker finds what is misspelled

    def __getattr__(name: str) -> object:
        if name not in __all__:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        home = importlib.import_module(_HOMES.get(name, "cinderblock.errors"))
        found = getattr(home, {"open": "open_storage"}.get(name, name))
        # Asked for once.
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
