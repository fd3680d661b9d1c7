"""The classes by the place where cinderlib had them."""

from cinderblock.compat.cinderlib.connection import Connection
from cinderblock.compat.cinderlib.object import DEFAULT_PROJECT_ID, DEFAULT_USER_ID, KeyValue, Object
from cinderblock.compat.cinderlib.snapshot import Snapshot
from cinderblock.compat.cinderlib.volume import Volume

__all__ = ["DEFAULT_PROJECT_ID", "DEFAULT_USER_ID", "Connection", "KeyValue", "Object", "Snapshot", "Volume"]
