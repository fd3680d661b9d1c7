"""Cinderlib's interface, for the programs that were written against it.

    import cinderblock.compat.cinderlib as cinderlib

    cinderlib.setup(persistence_config={"storage": "db", "connection": "sqlite:////var/lib/app/volumes.db"})
    lvm = cinderlib.Backend("lvm", volume_driver="cinder.volume.drivers.lvm.LVMVolumeDriver", volume_group="fast")
    volume = lvm.create_volume(10, name="data")
    connection = volume.attach()

Names, arguments and answers are cinderlib's (5.2.0); what is done is what the library does: a call that was cut off can
be repeated, nothing is exported to a host that nobody named, nothing that is in use is deleted, and passwords are
written nowhere in clear, unless `setup(secrets_in_json=True)` asks for that.

Belongs here: cinderlib's words for what the library does. Never here: rules about volumes.
"""

from collections.abc import Mapping
from typing import Any

from cinderblock.compat.cinderlib import exception, objects, persistence, serialization, setting_up
from cinderblock.compat.cinderlib.backend import Backend
from cinderblock.compat.cinderlib.connection import Connection
from cinderblock.compat.cinderlib.object import DEFAULT_PROJECT_ID, DEFAULT_USER_ID, KeyValue
from cinderblock.compat.cinderlib.serialization import dump, dumps, json, jsons, load
from cinderblock.compat.cinderlib.snapshot import Snapshot
from cinderblock.compat.cinderlib.volume import Volume
from cinderblock.storage.opening import connector_properties
from persistence.records import Json

#: The version of cinderlib whose interface this is.
__version__ = "5.2.0"

__all__ = [
    "DEFAULT_PROJECT_ID",
    "DEFAULT_USER_ID",
    "Backend",
    "Connection",
    "KeyValue",
    "Snapshot",
    "Volume",
    "close",
    "dump",
    "dumps",
    "exception",
    "get_connector_properties",
    "json",
    "jsons",
    "list_supported_drivers",
    "load",
    "objects",
    "persistence",
    "serialization",
    "setup",
]

setup = Backend.global_setup
list_supported_drivers = Backend.list_supported_drivers


def close() -> None:
    """Close all back ends and the storage; `setup` may follow. Done at the end of the process by itself."""
    setting_up.close(Backend)


def get_connector_properties(
    root_helper: str = "sudo",  # noqa: ARG001 - cinderlib has it
    my_ip: str = "",
    multipath: bool = False,
    enforce_multipath: bool = False,
    host: str | None = None,
    execute: object = None,  # noqa: ARG001 - cinderlib has it
) -> dict[str, Any]:
    """Return os-brick's description of this machine, for `Volume.connect`."""
    found: Mapping[str, Json] = connector_properties(ip=my_ip or "", multipath=multipath)
    named = {"host": host} if host else {}
    return {**found, "enforce_multipath": enforce_multipath, **named}
