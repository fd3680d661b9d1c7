"""Cinderlib's exceptions, as those of the library; one from a driver's call has the object under `resource`."""

from collections.abc import Iterator
from contextlib import contextmanager

from cinderblock import errors


class NotFound(errors.NotFound):
    """The object does not exist."""


class VolumeNotFound(NotFound):
    """There is no such volume."""

    def __init__(self, volume_id: str = "") -> None:
        super().__init__(f"there is no volume {volume_id!r}")


class SnapshotNotFound(NotFound):
    """There is no such snapshot."""

    def __init__(self, snapshot_id: str = "") -> None:
        super().__init__(f"there is no snapshot {snapshot_id!r}")


class ConnectionNotFound(NotFound):
    """There is no such connection."""

    def __init__(self, filter: str = "") -> None:  # noqa: A002 - cinderlib's word
        super().__init__(f"there is no connection with {filter}")


class InvalidVolume(errors.InUse):
    """The volume's state forbids it: it has snapshots, or is connected."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)


class InvalidPersistence(Exception):
    """What was given is no persistence plugin, and names none."""

    def __init__(self, name: object) -> None:
        super().__init__(f"{name!r} is no persistence plugin; give one, or the name of one that is installed")


class NotLocal(Exception):
    """The volume is not attached to this machine."""

    def __init__(self, name: object) -> None:
        super().__init__(f"volume {name} is not attached to this machine")


@contextmanager
def blamed(resource: object) -> Iterator[None]:
    """Put the object that a failure is about into its exception."""
    try:
        yield
    except Exception as error:
        error.resource = resource  # type: ignore[attr-defined]  # how cinderlib tells of it
        raise
