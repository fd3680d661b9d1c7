"""StorageClass and VolumeAttributesClass parameters, in the words of their writers.

`backend` and `pool` say where; `extra-specs/NAME` and `qos/NAME` are Cinder's,
and may change later, as `metadata/NAME` may. Keys under `csi.storage.k8s.io/` belong to the
sidecars and are understood everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cinderblock.errors import InvalidRequest
from cinderblock.wanted import Changes

_OF_SIDECARS = "csi.storage.k8s.io/"
#: What a StorageClass may say, in the words of a refusal.
KNOWN = ("backend", "pool", "extra-specs/NAME", "qos/NAME", f"{_OF_SIDECARS}…")
#: What a VolumeAttributesClass may say.
KNOWN_MUTABLE = ("extra-specs/NAME", "qos/NAME", "metadata/NAME", f"{_OF_SIDECARS}…")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What a StorageClass says: where, and with which of Cinder's specs."""

    backend: str = ""
    pool: str = ""
    extra_specs: Mapping[str, str] = field(default_factory=dict)
    qos_specs: Mapping[str, str] = field(default_factory=dict)
    #: Those that are ours, as they came, to compare a repeated request with.
    ours: Mapping[str, str] = field(default_factory=dict)


def fixed(given: Mapping[str, str]) -> Parameters:
    """Read parameters that are set once, at creation.

    Raises:
        InvalidRequest: an unknown key, with the list of the known ones.
    """
    ours = {key: value for key, value in given.items() if not key.startswith(_OF_SIDECARS)}
    extra_specs, qos_specs = _named(ours, "extra-specs/"), _named(ours, "qos/")
    for key in ours:
        if key not in ("backend", "pool") and not key.startswith(("extra-specs/", "qos/")):
            raise InvalidRequest(_unknown(key, "parameter", KNOWN, "StorageClass"))
    return Parameters(
        backend=ours.get("backend", ""),
        pool=ours.get("pool", ""),
        extra_specs=extra_specs,
        qos_specs=qos_specs,
        ours=ours,
    )


def mutable(given: Mapping[str, str]) -> Changes:
    """Read parameters that may change: those of a VolumeAttributesClass.

    Raises:
        InvalidRequest: an unknown key, with the list of the known ones.
    """
    ours = {key: value for key, value in given.items() if not key.startswith(_OF_SIDECARS)}
    for key in ours:
        if not key.startswith(("extra-specs/", "qos/", "metadata/")):
            raise InvalidRequest(_unknown(key, "mutable parameter", KNOWN_MUTABLE, "VolumeAttributesClass"))
    return Changes(
        metadata=_named(ours, "metadata/"),
        extra_specs=_named(ours, "extra-specs/"),
        qos_specs=_named(ours, "qos/"),
    )


def snapshot(given: Mapping[str, str]) -> dict[str, str]:
    """Read a VolumeSnapshotClass's parameters: none is ours.

    Raises:
        InvalidRequest: an unknown key.
    """
    for key in given:
        if not key.startswith(_OF_SIDECARS):
            raise InvalidRequest(_unknown(key, "snapshot parameter", (f"{_OF_SIDECARS}…",), "VolumeSnapshotClass"))
    return {}


def _named(ours: Mapping[str, str], prefix: str) -> dict[str, str]:
    names = {key.removeprefix(prefix): value for key, value in ours.items() if key.startswith(prefix)}
    if "" in names:
        raise InvalidRequest(f"parameter {prefix!r} lacks a name after the slash; write {prefix}NAME")
    return names


def _unknown(key: str, what: str, known: tuple[str, ...], kind: str) -> str:
    # In the cluster's words: whoever reads it looks at his claim, and its class cannot be changed.
    listed = ", ".join(known)
    return (
        f"unknown {what} {key!r}; the known ones are: {listed}; delete the {kind} and create it again with these only"
    )
