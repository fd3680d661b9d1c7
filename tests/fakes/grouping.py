"""A driver with consistent groups, as vendors write them: strict, and merciless to the volumes that are in a group.

Its array is a folder, and one beside it, in which a group is a folder with a file for each volume that is in it. On a
btrfs subvolume all volumes of a group are taken at one moment, while they are written to; elsewhere one after another.
"""

import shutil
from contextlib import contextmanager
from pathlib import Path

from cinder import exception
from cinder.volume import volume_utils
from oslo_concurrency import processutils
from oslo_config import cfg

from cinderblock.cinder import sparse
from cinderblock.cinder.local_files import LocalFilesDriver
from cinderblock.units import in_bytes
from tests.waiting import eventually

_SNAPSHOTS = ".snapshots"
_SLOW = [cfg.BoolOpt("slow", default=False, help="Whether it waits for writes while it copies what it has taken.")]


class GroupingDriver(LocalFilesDriver):
    """Has all that is asked of a driver with consistent groups, and repeats nothing."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(_SLOW)

    def do_setup(self, context):
        super().do_setup(context)
        self.groups = self._folder.with_name(f"{self._folder.name}-groups")
        self.groups.mkdir(exist_ok=True)

    def delete_volume(self, volume):
        if any(self.groups.glob(f"*/{volume.name}")):
            raise exception.VolumeIsBusy(volume_name=volume.name)
        super().delete_volume(volume)

    def create_group(self, context, group):
        self._require_consistent(group)
        try:
            self._group(group.id).mkdir()
        except FileExistsError as error:
            raise exception.VolumeBackendAPIException(data=f"group {group.id} exists") from error
        return {"status": "available"}

    def update_group(self, context, group, add_volumes=None, remove_volumes=None):
        self._require_consistent(group)
        folder = self._group(group.id)
        for volume in add_volumes:
            if volume.group_id or any(self.groups.glob(f"*/{volume.name}")):
                raise exception.VolumeBackendAPIException(data=f"volume {volume.name} is in a group")
            (folder / volume.name).touch()
        for volume in remove_volumes:
            try:
                (folder / volume.name).unlink()
            except FileNotFoundError as error:
                raise exception.VolumeBackendAPIException(data=f"volume {volume.name} is in no such group") from error
        return None, [{"id": volume.id, "provider_id": f"member-{volume.id}"} for volume in add_volumes], None

    def delete_group(self, context, group, volumes):
        self._require_consistent(group)
        folder = self._group(group.id)
        for name in [*self._members(folder), *(volume.name for volume in volumes)]:
            sparse.remove(self._path(name))
        if folder.exists():
            for name in self._taken(folder):
                sparse.remove(self._path(name))
            shutil.rmtree(folder)
        return {"status": group.status}, None

    def create_group_snapshot(self, context, group_snapshot, snapshots):
        self._require_consistent(group_snapshot)
        folder = self._group(group_snapshot.group_id)
        if self._members(folder) != sorted(snapshot.volume.name for snapshot in snapshots):
            raise exception.VolumeBackendAPIException(data=f"group {folder.name} has other members")
        with (folder / _SNAPSHOTS).open("a") as listed:
            listed.writelines(f"{snapshot.name}\n" for snapshot in snapshots)
        with self._one_moment(group_snapshot) as moment:
            for snapshot in snapshots:
                size_bytes = in_bytes(snapshot.volume_size)
                sparse.copy(moment / snapshot.volume.name, self._path(snapshot.name), size_bytes=size_bytes)
                if snapshot is not snapshots[-1]:
                    self._let_others_write(snapshots)
        updates = [{"id": one.id, "status": "available", "provider_id": f"taken-{one.id}"} for one in snapshots]
        return {"status": "available"}, updates

    def delete_group_snapshot(self, context, group_snapshot, snapshots):
        """Find the snapshots by their group only, as arrays do; what is not found is taken for gone."""
        self._require_consistent(group_snapshot)
        folder = self._group(group_snapshot.group_id)
        for name in self._taken(folder):
            sparse.remove(self._path(name))
        (folder / _SNAPSHOTS).unlink(missing_ok=True)
        if self._moment(group_snapshot).exists():
            self._forget(self._moment(group_snapshot))
        return {"status": "deleted"}, [{"id": snapshot.id, "status": "deleted"} for snapshot in snapshots]

    def delete_snapshot(self, snapshot):
        if any(snapshot.name in self._taken(folder) for folder in self.groups.iterdir()):
            raise exception.SnapshotIsBusy(snapshot_name=snapshot.name)
        super().delete_snapshot(snapshot)

    def _update_volume_stats(self):
        super()._update_volume_stats()
        self._stats["consistent_group_snapshot_enabled"] = True

    @contextmanager
    def _one_moment(self, group_snapshot):
        """Give a folder in which all volumes are as they are now."""
        moment = self._moment(group_snapshot)
        try:
            processutils.execute("btrfs", "subvolume", "snapshot", "-r", str(self._folder), str(moment))
        except processutils.ProcessExecutionError:
            yield self._folder
            return
        try:
            yield moment
        finally:
            self._forget(moment)

    def _moment(self, group_snapshot) -> Path:
        return self._folder.parent / f"moment-{group_snapshot.id}"

    def _forget(self, moment):
        processutils.execute("btrfs", "subvolume", "delete", str(moment))

    def _let_others_write(self, snapshots):
        """Take so long that every volume is written to: what is not taken by now comes too late."""
        for snapshot in snapshots if self.configuration.slow else ():
            file = self._path(snapshot.volume.name)
            before = file.stat().st_mtime_ns
            eventually(lambda file=file, before=before: file.stat().st_mtime_ns != before)

    def _group(self, group_id) -> Path:
        return self.groups / f"group-{group_id}"

    def _members(self, folder):
        return sorted(file.name for file in folder.glob("*") if file.name != _SNAPSHOTS)

    def _taken(self, folder):
        listed = folder / _SNAPSHOTS
        return listed.read_text().split() if listed.exists() else []

    def _require_consistent(self, group):
        if not volume_utils.is_group_a_cg_snapshot_type(group):
            raise NotImplementedError


class RefusingDriver(GroupingDriver):
    """Has the methods, and says at run time that it cannot."""

    def update_group(self, context, group, add_volumes=None, remove_volumes=None):
        raise NotImplementedError


class TwoPoolsDriver(GroupingDriver):
    """Has groups in one of its pools."""

    def _update_volume_stats(self):
        super()._update_volume_stats()
        del self._stats["consistent_group_snapshot_enabled"]
        pools = [{"pool_name": name, "consistent_group_snapshot_enabled": name == "flex"} for name in ("flex", "wide")]
        self._stats["pools"] = pools


class ScriptedDriver(GroupingDriver):
    """Answers what it is told to, or raises it; does all else. `dropped` are the snapshots that it removed."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.script = {}
        self.dropped = []

    def create_group(self, context, group):
        return self._told("create_group", lambda: super(ScriptedDriver, self).create_group(context, group))

    def update_group(self, context, group, add_volumes=None, remove_volumes=None):
        return self._told(
            "update_group",
            lambda: super(ScriptedDriver, self).update_group(context, group, add_volumes, remove_volumes),
        )

    def delete_group(self, context, group, volumes):
        return self._told("delete_group", lambda: super(ScriptedDriver, self).delete_group(context, group, volumes))

    def create_group_snapshot(self, context, group_snapshot, snapshots):
        return self._told(
            "create_group_snapshot",
            lambda: super(ScriptedDriver, self).create_group_snapshot(context, group_snapshot, snapshots),
        )

    def delete_group_snapshot(self, context, group_snapshot, snapshots):
        return self._told(
            "delete_group_snapshot",
            lambda: super(ScriptedDriver, self).delete_group_snapshot(context, group_snapshot, snapshots),
        )

    def delete_snapshot(self, snapshot):
        self.dropped.append(snapshot.id)

    def _told(self, verb, do):
        told = self.script.get(verb, do)
        if isinstance(told, Exception):
            raise told
        return told() if told is do else told
