"""A volume driver of Cinder's kind over sparse files in a folder.

It is loaded as any vendor's driver is. Volumes and snapshots are raw files:
independent of each other, sharing blocks where the file system can. The file
itself is the volume; whoever attaches it makes a block device of it.
"""

import errno
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cinder import exception
from cinder.volume import driver, volume_utils
from oslo_config import cfg

from cinderblock.cinder import existing_files, sparse
from cinderblock.cinder.stats import NODE_LOCAL, REVERT_PAST_OTHERS, SNAPSHOTS_DEPEND
from cinderblock.units import GIB, in_bytes

_OPTIONS: list[cfg.Opt] = [
    cfg.StrOpt(
        "local_files_path",
        default="$state_path/volumes",
        help="The folder of the volumes' files, an absolute path. The folder that it is in must exist.",
    ),
    cfg.BoolOpt(
        "local_files_shared",
        default=False,
        help="Whether every machine has this very folder at this path, on a file system of the network. Then volumes "
        "can be reached from everywhere, from one machine at a time. The file system must have reflinks.",
    ),
]


class LocalFilesDriver(driver.VolumeDriver):
    """Volumes as sparse files of one folder, for one machine, or for all that have it."""

    VERSION = "1.0.0"
    SUPPORTED = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(_OPTIONS)
        self._folder = Path()

    @staticmethod
    def get_driver_options() -> list[cfg.Opt]:
        """Return the options that are this driver's own."""
        return _OPTIONS

    def do_setup(self, context: Any) -> None:
        """Make the folder where it is missing, and clear away what a crash left in it."""
        configured = self.configuration.local_files_path
        self._folder = Path(configured)
        if not self._folder.is_absolute():
            raise exception.InvalidConfigurationValue(option="local_files_path", value=configured)
        try:
            # Only the last folder: a missing one above it may be a file system that is not mounted.
            self._folder.mkdir(mode=0o700, exist_ok=True)
            sparse.remove_leftovers(self._folder)
        except OSError as error:
            raise exception.VolumeDriverException(
                message=f"the folder local_files_path = {configured} cannot be used: {error.strerror}"
            ) from error

    def check_for_setup_error(self) -> None:
        """Prove that sparse files can be made in the folder."""
        probe = self._folder / f"probe-{os.getpid()}"
        try:
            sparse.remove(probe)
            sparse.create(probe, size_bytes=GIB)
            used_bytes = probe.stat().st_blocks * 512
            if self.configuration.local_files_shared:
                self._check_sharing(probe)
            sparse.remove(probe)
        except OSError as error:
            raise exception.VolumeDriverException(
                message=f"no file can be made in local_files_path = {self._folder}: {error.strerror}"
            ) from error
        if used_bytes >= GIB:
            raise exception.VolumeDriverException(
                message=f"the file system of local_files_path = {self._folder} has no sparse files; use another one"
            )

    def _check_sharing(self, probe: Path) -> None:
        """Prove that copies are made at once: what another machine writes shows in a file's time stamps too late."""
        copied = probe.with_name(f"{probe.name}-copy")
        sparse.remove(copied)
        try:
            sparse.copy(probe, copied, size_bytes=GIB, at_once=True)
        except OSError as error:
            sparse.remove(probe)
            if error.errno != errno.EOPNOTSUPP:
                raise
            raise exception.VolumeDriverException(
                message=f"the file system of local_files_path = {self._folder} has no reflinks, which "
                "local_files_shared needs: a copy of what another machine writes would not be consistent"
            ) from error
        sparse.remove(copied)

    def create_volume(self, volume: Any) -> None:
        """Make an empty file; it takes no space before it is written to."""
        sparse.create(self._path(volume.name), size_bytes=in_bytes(volume.size))

    def create_volume_from_snapshot(self, volume: Any, snapshot: Any) -> None:
        """Make a file with a snapshot's content."""
        try:
            self._copy(snapshot.name, volume.name, size_gib=volume.size)
        except FileNotFoundError as error:
            raise exception.SnapshotNotFound(snapshot_id=snapshot.id) from error

    def create_cloned_volume(self, volume: Any, src_vref: Any) -> None:
        """Make a file with another volume's content."""
        try:
            self._copy(src_vref.name, volume.name, size_gib=volume.size)
        except FileNotFoundError as error:
            raise exception.VolumeNotFound(volume_id=src_vref.id) from error

    def delete_volume(self, volume: Any) -> None:
        """Remove the file; one that is absent is success."""
        sparse.remove(self._path(volume.name))

    def extend_volume(self, volume: Any, new_size: int) -> None:
        """Make the file longer, never shorter."""
        try:
            sparse.extend(self._path(volume.name), size_bytes=in_bytes(new_size))
        except FileNotFoundError as error:
            raise exception.VolumeNotFound(volume_id=volume.id) from error

    def create_snapshot(self, snapshot: Any) -> None:
        """Copy the volume's file, as it is at one moment."""
        try:
            self._copy(snapshot.volume.name, snapshot.name, size_gib=snapshot.volume_size)
        except FileNotFoundError as error:
            raise exception.VolumeNotFound(volume_id=snapshot.volume_id) from error

    def delete_snapshot(self, snapshot: Any) -> None:
        """Remove the snapshot's file; one that is absent is success."""
        sparse.remove(self._path(snapshot.name))

    def revert_to_snapshot(self, context: Any, volume: Any, snapshot: Any) -> None:
        """Put a copy of the snapshot's file in the place of the volume's; at no moment there is half of one."""
        if not self._path(volume.name).is_file():
            raise exception.VolumeNotFound(volume_id=volume.id)
        try:
            self._copy(snapshot.name, volume.name, size_gib=volume.size, replacing=True)
        except FileNotFoundError as error:
            raise exception.SnapshotNotFound(snapshot_id=snapshot.id) from error

    def snapshot_revert_use_temp_snapshot(self) -> bool:
        """Need no snapshot of what is reverted: it stays as it is until the copy is whole."""
        return False

    def retype(self, context: Any, volume: Any, new_type: Any, diff: Any, host: Any) -> bool:
        """Accept every change: a file is the same whatever its volume asks for."""
        return True

    def manage_existing_get_size(self, volume: Any, existing_ref: Any) -> int:
        """Return the size of a file of the folder, which must be a raw image that nobody uses."""
        return self._existing(existing_ref).size_gib

    def manage_existing(self, volume: Any, existing_ref: Any) -> None:
        """Give a file of the folder the volume's name, and whole GiB."""
        existing_files.take(self._existing(existing_ref), self._path(volume.name))

    def manage_existing_snapshot_get_size(self, snapshot: Any, existing_ref: Any) -> int:
        """Return the size of a file of the folder, as for a volume."""
        return self._existing(existing_ref).size_gib

    def manage_existing_snapshot(self, snapshot: Any, existing_ref: Any) -> None:
        """Give a file of the folder the snapshot's name."""
        existing_files.take(self._existing(existing_ref), self._path(snapshot.name))

    def get_manageable_volumes(
        self, cinder_volumes: Any, marker: Any, limit: int, offset: int, sort_keys: Any, sort_dirs: Any
    ) -> Sequence[Mapping[str, Any]]:
        """List the files of the folder."""
        entries = list(existing_files.listed(self._folder, cinder_volumes))
        page = volume_utils.paginate_entries_list(entries, marker, limit, offset, sort_keys, sort_dirs)
        return list(page)

    def create_export(self, context: Any, volume: Any, connector: Any) -> None:
        """Do nothing: the file is there for this machine."""

    def ensure_export(self, context: Any, volume: Any) -> None:
        """Do nothing: the file is there for this machine."""

    def remove_export(self, context: Any, volume: Any) -> None:
        """Do nothing: the file is there for this machine."""

    def initialize_connection(self, volume: Any, connector: Any, **_: Any) -> Mapping[str, Any]:
        """Say where the file is; making a block device of it is for the one who attaches it."""
        path = self._path(volume.name)
        if not path.is_file():
            raise exception.VolumeNotFound(volume_id=volume.id)
        return {"driver_volume_type": "local", "data": {"device_path": str(path), "format": "raw"}}

    def terminate_connection(self, volume: Any, connector: Any, **_: Any) -> None:
        """Do nothing: nothing was made for the connection."""

    def _update_volume_stats(self) -> None:
        system = os.statvfs(self._folder)
        ratio = volume_utils.get_max_over_subscription_ratio(self.configuration.max_over_subscription_ratio)
        self._stats = {
            "volume_backend_name": self.configuration.safe_get("volume_backend_name") or "local",
            "vendor_name": "Cinderblock",
            "driver_version": self.VERSION,
            "storage_protocol": "local",
            "total_capacity_gb": system.f_blocks * system.f_frsize / GIB,
            "free_capacity_gb": system.f_bavail * system.f_frsize / GIB,
            "provisioned_capacity_gb": self._promised_bytes() / GIB,
            "reserved_percentage": self.configuration.reserved_percentage,
            "max_over_subscription_ratio": ratio,
            "thin_provisioning_support": True,
            "thick_provisioning_support": False,
            "multiattach": False,
            "online_extend_support": True,
            SNAPSHOTS_DEPEND: False,
            REVERT_PAST_OTHERS: True,
            NODE_LOCAL: not self.configuration.local_files_shared,
        }

    def _promised_bytes(self) -> int:
        """Return the sum of all files' sizes: each of them, a snapshot too, may come to need its size in full."""
        total_bytes = 0
        with os.scandir(self._folder) as entries:
            for entry in entries:
                try:
                    if entry.is_file(follow_symlinks=False):
                        total_bytes += entry.stat(follow_symlinks=False).st_size
                except FileNotFoundError:
                    # Deleted meanwhile.
                    continue
        return total_bytes

    def _existing(self, existing_ref: Any) -> existing_files.Existing:
        return existing_files.found(self._folder, existing_ref)

    def _copy(self, source: str, target: str, *, size_gib: int, replacing: bool = False) -> None:
        paths = (self._path(source), self._path(target))
        at_once = self.configuration.local_files_shared
        try:
            sparse.copy(*paths, size_bytes=in_bytes(size_gib), replacing=replacing, at_once=at_once)
        except sparse.SourceChanged as error:
            raise exception.InvalidVolume(
                reason=f"{source} was written to all the time while it was copied, so the copy would not be "
                "consistent; stop what writes to it for a moment, or put local_files_path on xfs or btrfs, where a "
                "copy is made at once"
            ) from error

    def _path(self, name: str) -> Path:
        if not name or name.startswith(".") or "/" in name or "\0" in name:
            raise exception.InvalidInput(reason=f"{name!r} cannot be the name of a file; see volume_name_template")
        return self._folder / name
