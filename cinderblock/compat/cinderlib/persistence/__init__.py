"""Where programs of cinderlib keep what they have: memory, a database, or a plugin of their own."""

import importlib.metadata
from collections.abc import Mapping
from typing import Any

from cinderblock.compat.cinderlib.exception import InvalidPersistence
from cinderblock.compat.cinderlib.persistence import plugin
from cinderblock.compat.cinderlib.persistence.plugged import Plugged
from cinderblock.compat.cinderlib.persistence.plugin import PersistenceDriverBase
from cinderblock.compat.cinderlib.persistence.stored import Persistence

#: The group of entry points in which plugins are found by their names; cinderlib's own, so that its plugins are.
GROUP = "cinderlib.persistence.storage"
DEFAULT_STORAGE = "memory"

#: The module of the plugins' base class, by cinderlib's name of it.
base = plugin


def setup(config: Mapping[str, Any] | None) -> Persistence:
    """Return the persistence of a configuration, not opened yet.

    Args:
        config: the plugin under `storage`, by its name, as a class or as an object, "memory" without it; and what its
            class is called with.

    Raises:
        InvalidPersistence: there is no such plugin.
    """
    options = dict(config or {})
    storage = options.pop("storage", None) or DEFAULT_STORAGE
    found = _named(storage) if isinstance(storage, str) else storage
    made = found(**options) if isinstance(found, type) and issubclass(found, PersistenceDriverBase) else found
    if isinstance(made, Persistence):
        return made
    if isinstance(made, PersistenceDriverBase):
        return Plugged(made)
    raise InvalidPersistence(storage)


def _named(name: str) -> Any:
    for point in importlib.metadata.entry_points(group=GROUP, name=name):
        return point.load()
    raise InvalidPersistence(name)
