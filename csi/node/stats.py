"""How full a volume is."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cinderblock.errors import BackendUnavailable, NotFound
from csi.node import blocks
from csi.node.journal import Journal
from csi.node.presence import Presence, belongs, device_of
from csi.node.wanted import Kind

_SECTOR_BYTES = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """`unit` is "BYTES" or "INODES"; `used` and `available` are None when not known."""

    unit: str
    total: int
    used: int | None = None
    available: int | None = None


class Stats:
    """Measures volumes; changes nothing."""

    def __init__(self, journal: Journal) -> None:
        self._presence = Presence(journal)

    def usage(self, volume_id: str, volume_path: str, staging_path: str) -> Sequence[Usage]:
        """Measure a volume at a path where it is staged or published.

        Raises:
            NotFound: it is not there.
            BackendUnavailable: its file system or device does not answer.
        """
        # A kubelet does not say where the volume is staged.
        entry = self._presence.known(volume_id, staging_path) or self._presence.published(volume_id, volume_path)
        device = device_of(entry) if entry is not None else None
        if entry is None or device is None or not belongs(entry, volume_path):
            raise NotFound(f"volume {volume_id!r} is not on this node at {volume_path!r}")
        try:
            if entry.access.kind is Kind.BLOCK:
                return [_of_device(device.path, device.backing)]
            return _of_file_system(volume_path)
        except OSError as error:
            raise BackendUnavailable(f"volume {volume_id!r} cannot be measured: {error.strerror}") from error


def _of_file_system(path: str) -> Sequence[Usage]:
    """Measure a mounted file system; btrfs has no inodes to count."""
    shown = os.statvfs(path)
    found = [
        Usage(
            unit="BYTES",
            total=shown.f_blocks * shown.f_frsize,
            used=(shown.f_blocks - shown.f_bfree) * shown.f_frsize,
            available=shown.f_bavail * shown.f_frsize,
        )
    ]
    if shown.f_files:
        used = shown.f_files - shown.f_ffree
        found.append(Usage(unit="INODES", total=shown.f_files, used=used, available=shown.f_favail))
    return found


def _of_device(path: str, backing: str) -> Usage:
    """Measure a block volume; how much of it is used only a sparse file can tell."""
    total = blocks.size_bytes(path)
    if not backing:
        return Usage(unit="BYTES", total=total)
    used = min(total, Path(backing).stat().st_blocks * _SECTOR_BYTES)
    return Usage(unit="BYTES", total=total, used=used, available=total - used)
