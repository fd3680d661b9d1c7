"""Ids that are derived, so that whoever asks for the same thing finds the same record, for ever.

Nothing here may ever change: ids are stored.
"""

import re
import uuid
from functools import lru_cache

NAMESPACE = uuid.UUID("fdc62297-8c4a-4906-b1b5-8c6279a05ff7")

#: An id as Cinder makes them, wherever it stands in a name.
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def connection_id(volume_id: str, node_id: str) -> str:
    """Return the id of the connection between a volume and a node."""
    # The length keeps ("a/b", "c") and ("a", "b/c") apart: both ids may hold any character.
    return derived(f"connection/{len(volume_id)}/{volume_id}/{node_id}")


# A call asks for the same id several times, for its lock and for its work.
@lru_cache(maxsize=1024)
def derived(text: str) -> str:
    """Return the id that stands for `text`, which begins with the kind of what it is for."""
    return str(uuid.uuid5(NAMESPACE, text))
