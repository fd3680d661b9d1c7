"""Expansion: a volume that grew in its back end grows on this node, while it is in use."""

from cinderblock.errors import BackendUnavailable, InvalidRequest, NotFound, OutOfRange
from cinderblock.host import Host
from csi.node import blocks, filesystems
from csi.node.commands import Runner
from csi.node.journal import Journal
from csi.node.presence import Presence, belongs, device_of
from csi.node.wanted import ExpandWanted, Kind


class Expansion:
    """Expand, for volumes that the caller has locked."""

    def __init__(self, *, journal: Journal, host: Host, runner: Runner) -> None:
        self._presence = Presence(journal)
        self._host = host
        self._runner = runner

    def expand(self, wanted: ExpandWanted) -> int:
        """Make device and file system show the volume's present size; return it in bytes. Repeating is harmless.

        Raises:
            DeviceMismatch: the device that was staged shows another volume by now.
            NotFound: the volume is not here, or not at that path.
            OutOfRange: it is larger than the limit.
            BackendUnavailable: it is smaller than wanted; the controller has to grow it first.
        """
        if wanted.limit_bytes and wanted.required_bytes > wanted.limit_bytes:
            raise InvalidRequest(f"{wanted.required_bytes} bytes are required, {wanted.limit_bytes} is the limit")
        entry = self._presence.known(wanted.volume_id, wanted.staging_path)
        device = device_of(entry) if entry is not None else None
        if entry is None or device is None or not belongs(entry, wanted.volume_path):
            raise NotFound(f"volume {wanted.volume_id!r} is not on this node at {wanted.volume_path!r}")
        if entry.readonly:
            return blocks.size_bytes(device.path)
        size = self._host.refresh_size(entry.connection, device)
        if size < wanted.required_bytes:
            raise BackendUnavailable(
                f"volume {wanted.volume_id!r} has {size} bytes on this node, {wanted.required_bytes} wanted; "
                "its back end does not show the new size yet"
            )
        if wanted.limit_bytes and size > wanted.limit_bytes:
            raise OutOfRange(
                f"volume {wanted.volume_id!r} has {size} bytes, {wanted.limit_bytes} is the limit; volumes never shrink"
            )
        if entry.access.kind is Kind.MOUNT:
            filesystems.grow(self._runner, device.path, entry.staging_path, entry.access.fs_type)
        return size
