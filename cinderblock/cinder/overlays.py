"""Cinder's NFS driver, with what it lacks to keep a user's data through crashes, and to guess nothing.

The driver tells a raw file from an image by its first bytes, which are the
user's; it forgets files when it is cut off, and shares that are not mounted;
it opens restored files to everybody. Each method here says what it mends.
Source: cinder.volume.drivers.nfs and cinder.volume.drivers.remotefs.
"""

import logging
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cinder import exception, objects
from cinder.volume import volume_utils
from oslo_config import cfg

from cinderblock.cinder.answers.snapshots import temporary_id
from cinderblock.cinder.chains import Chains
from cinderblock.cinder.objects import new_context
from cinderblock.errors import BackendUnavailable, InUse

log = logging.getLogger(__name__)

#: A server that does not answer must not keep the process from ending.
_UNMOUNT_TIMEOUT_S = 30
_MODULE = "cinder.volume.drivers.nfs"
_UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def mended(driver_class: Any) -> Any:
    """Return the class with the mends mixed in where its snapshots are the NFS driver's, else the class itself."""
    for method in ("create_snapshot", "_copy_volume_from_snapshot"):
        owner = next((each for each in driver_class.__mro__ if method in vars(each)), None)
        if owner is None or owner.__module__ != _MODULE:
            return driver_class
    return type(driver_class.__name__, (Overlays, driver_class), {"__module__": driver_class.__module__})


class Overlays(Chains):
    """Goes before the driver's class; the library keeps copies of one volume apart (`Abilities.copies_disturb`)."""

    def check_for_setup_error(self) -> None:
        """Name the program that is needed for every volume, and otherwise missed by the first one."""
        self._execute("qemu-img", "--version")
        super().check_for_setup_error()

    def _update_volume_stats(self) -> None:
        """Say what the driver only does: it grows no volume that is attached."""
        super()._update_volume_stats()
        self._stats["online_extend_support"] = False

    def _load_shares_config(self, share_file: str | None = None) -> None:
        """Take `nas_mount_options` for what every mount is given already, not for a share to mount as well."""
        super()._load_shares_config(share_file)
        self.shares: dict[str, str | None]
        for share, options in self.shares.items():
            self.shares[share] = options if options and options.startswith("-") else None

    def create_snapshot(self, snapshot: Any) -> Any:
        """Refuse in words what the configuration forbids."""
        if not self.configuration.nfs_snapshot_support:
            raise NotImplementedError(
                "this back end takes no snapshots: its section lacks 'nfs_snapshot_support = true'"
            )
        self._reach(snapshot.volume)
        return super().create_snapshot(snapshot)

    def delete_snapshot(self, snapshot: Any) -> None:
        """Finish a deletion, or undo a creation, that was cut off between two files."""
        self._reach(snapshot.volume)
        self._finish_deletion(snapshot)
        super().delete_snapshot(snapshot)
        self._drop_orphan(snapshot)
        self._agree(snapshot.volume)

    def create_volume_from_snapshot(self, volume: Any, snapshot: Any) -> Any:
        """Reach the snapshot's share, which need not be one of those that could be mounted at the start."""
        self._reach(snapshot.volume)
        return super().create_volume_from_snapshot(volume, snapshot)

    def create_cloned_volume(self, volume: Any, src_vref: Any) -> Any:
        """Reach the source's share."""
        self._reach(src_vref)
        return super().create_cloned_volume(volume, src_vref)

    def extend_volume(self, volume: Any, new_size: int) -> None:
        """Reach the share; grow the file as what it is."""
        self._reach(volume)
        self._agree(volume)
        super().extend_volume(volume, new_size)

    def initialize_connection(self, volume: Any, connector: Any) -> Any:
        """Tell the node how the administrator wants shares mounted: it has no configuration of its own for that."""
        self._reach(volume)
        answer = super().initialize_connection(volume, connector)
        options = self._mount_options(answer["data"].get("options"))
        if options:
            answer["data"]["options"] = options
        return answer

    def delete_volume(self, volume: Any) -> None:
        """Delete all of its files: not only the active one, and those too of which a cut-off creation told nobody."""
        self._reach(volume)
        self._undo_clone(volume)
        if volume.provider_location and self._snapshots(volume) & set(self._info(volume)):
            raise exception.VolumeIsBusy(volume_name=volume.name)
        super().delete_volume(volume)
        ours = re.compile(rf"{re.escape(volume.name)}(\.info(\.new)?|\.{_UUID})?")
        for folder in self._folders(volume):
            for name in filter(ours.fullmatch, os.listdir(folder)):  # noqa: PTH208 - names are all that is wanted
                self._delete(str(folder / name))

    def unmount_shares(self) -> None:
        """Unmount what is mounted inside of our own state folder; what is busy stays."""
        if not Path(self.base).is_relative_to(os.path.realpath(cfg.CONF.state_path)):
            return
        for folder in _mounted_in(Path(self.base)):
            try:
                self._execute("umount", str(folder), run_as_root=True, timeout=_UNMOUNT_TIMEOUT_S)
            except Exception as error:  # noqa: BLE001 - whatever the reason, a mount that stays harms nothing
                log.warning("a share stays mounted at %s: %s", folder, type(error).__name__)

    # --- what the driver calls by itself

    def _qemu_img_info(self, path: str, volume_name: str, img_format: str | None = None) -> Any:
        """Read the file as the format that it was made with, whatever a user has written to its first bytes."""
        known = self._format_of(path, volume_name)
        return super()._qemu_img_info(path, volume_name, img_format=known or img_format)

    def _copy_volume_from_snapshot(
        self,
        snapshot: Any,
        volume: Any,
        volume_size: int,
        src_encryption_key_id: str | None = None,
        new_encryption_key_id: str | None = None,
    ) -> None:
        """Copy from the format that the file has into the one that is noted for the volume, readable to nobody else."""
        if src_encryption_key_id or new_encryption_key_id:
            super()._copy_volume_from_snapshot(
                snapshot, volume, volume_size, src_encryption_key_id, new_encryption_key_id
            )
            return
        folder, source_name = Path(self._local_volume_dir(snapshot.volume)), snapshot.volume.name
        overlay = folder / self._info(snapshot.volume)[snapshot.id]
        source = str(folder / self._qemu_img_info(str(overlay), source_name).backing_file)
        source_format = self._format_of(source, source_name) or self._qemu_img_info(source, source_name).file_format
        # A clone comes as a bare tuple, without metadata: it is noted with its source's format.
        noted = dict(getattr(volume, "admin_metadata", {})).get("format")
        wanted = noted or self._format_of(str(folder / source_name), source_name) or self.format
        target = Path(self._local_path_volume(volume))
        target.touch(mode=0o600)
        self._execute(
            *("qemu-img", "convert", "-f", source_format, "-O", wanted, source, str(target)),
            run_as_root=self._execute_as_root,
        )
        self._set_rw_permissions(str(target))

    # --- our own

    def _format_of(self, path: str, volume_name: str) -> str | None:
        """Return a file's format as it is noted; None where it is not."""
        if os.path.basename(path) != volume_name:  # noqa: PTH119 - the driver's paths are text
            return "qcow2"
        volume_id = volume_utils.extract_id_from_volume_name(volume_name)
        try:
            noted: dict[str, str] = objects.Volume.get_by_id(new_context(), volume_id).admin_metadata
        except exception.VolumeNotFound:
            return None
        return noted.get("base_format") or noted.get("format")

    def _reach(self, volume: Any) -> None:
        """Mount a volume's share: in a folder that is not a mount, files seem to be deleted already."""
        if not volume.provider_location:
            return
        try:
            self._ensure_share_mounted(volume.provider_location)
        except exception.NfsException as error:
            raise BackendUnavailable(f"the share {volume.provider_location} cannot be mounted: {error}") from error

    def _snapshots(self, volume: Any) -> set[str]:
        """Return the ids of a volume's snapshots, without those that clones are made of."""
        found = objects.SnapshotList.get_all_for_volume(new_context(), volume.id)
        return {one.id for one in found if one.id != temporary_id(volume.id, one.display_name)}

    def _folders(self, volume: Any) -> Sequence[Path]:
        """Return where the files of a volume may be: in any share, while it is not noted in which."""
        if not volume.provider_location:
            self._ensure_shares_mounted()
            missing = set(self.shares) - set(self._mounted_shares)
            if missing:
                raise BackendUnavailable(f"files may be on {', '.join(sorted(missing))}, which cannot be mounted now")
        shares = [volume.provider_location] if volume.provider_location else self._mounted_shares
        return [Path(self._get_mount_point_for_share(share)) for share in shares]

    def _undo_clone(self, volume: Any) -> None:
        """Take away the snapshot that a clone is copied from, and that stays in the source when that is cut off."""
        if not volume.source_volid:
            return
        context = new_context()
        try:
            source = objects.Volume.get_by_id(context, volume.source_volid)
        except exception.VolumeNotFound:
            return
        name = f"tmp-snap-{volume.id}"
        values = {"display_name": name, "volume_id": source.id, "volume_size": source.size, "encryption_key_id": None}
        left = objects.Snapshot(context, id=temporary_id(source.id, name), **values)
        self._reach(source)
        if not source.provider_location or not self._is_left(left):
            return
        if self._is_volume_attached(source):
            raise InUse(f"a clone of volume {source.id} was cut off, and that one is published now; unpublish it first")
        self.delete_snapshot(left)

    def _mount_options(self, of_share: str | None) -> str:
        """Return the options of a mount as the driver has them: for all shares, and for this one."""
        for_all = self.configuration.nas_mount_options or self.configuration.nfs_mount_options
        return " ".join([*(["-o", for_all] if for_all else []), *([of_share] if of_share else [])])


def _mounted_in(folder: Path) -> Iterator[Path]:
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        # The names are MD5 sums; a space in the folder's own is written as an escape.
        point = Path(line.partition(" ")[2].partition(" ")[0].replace("\\040", " "))
        if point.parent == folder:
            yield point
