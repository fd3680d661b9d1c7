"""Node ids that say how to reach the node, for controllers that share nothing with it.

`NAME;i=INITIATOR;p=IP;…`: the name, then each connector property that drivers
ask for under one letter. At most 256 bytes, as the spec allows.
"""

from collections.abc import Mapping

from cinderblock.errors import ConfigurationError
from persistence.records import Json

LONGEST_BYTES = 256

#: os-brick's connector properties that drivers read, by letter. Never to be reused for another.
_LETTERS = {
    "i": "initiator",
    "p": "ip",
    "n": "nqn",
    "u": "system uuid",
    "h": "nvme_hostid",
    "w": "wwpns",
    "v": "wwnns",
}
_LISTS = ("wwpns", "wwnns")
_FORBIDDEN = ";="


def node_id(name: str, connector: Mapping[str, Json]) -> str:
    """Return the id that carries the connector.

    Raises:
        ConfigurationError: it would not fit, naming the property that is too much, or the name has a `;` or `=`.
    """
    if any(letter in name for letter in _FORBIDDEN) or not name:
        raise ConfigurationError(f"node name {name!r} is empty or holds one of {_FORBIDDEN!r}; set --node-id")
    parts = [name]
    for letter, key in _LETTERS.items():
        value = connector.get(key)
        text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "")
        if not text:
            continue
        parts.append(f"{letter}={text}")
        size_bytes = len(";".join(parts).encode())
        if size_bytes > LONGEST_BYTES:
            raise ConfigurationError(
                f"node id needs {size_bytes} bytes with {key!r} in it, {LONGEST_BYTES} are allowed; "
                "give the node a shorter --node-id"
            )
    if connector.get("multipath"):
        parts.append("m=1")
    return ";".join(parts)


def connector_of(text: str) -> dict[str, Json] | None:
    """Return the connector that a node id carries, or None when it is none of ours."""
    name, *parts = text.split(";")
    connector: dict[str, Json] = {"host": name, "multipath": False, "platform": "x86_64", "os_type": "linux"}
    if not name or not parts:
        return None
    for part in parts:
        letter, separator, value = part.partition("=")
        if letter == "m":
            connector["multipath"] = True
        elif separator and value and letter in _LETTERS:
            key = _LETTERS[letter]
            connector[key] = value.split(",") if key in _LISTS else value
        else:
            return None
    return connector
