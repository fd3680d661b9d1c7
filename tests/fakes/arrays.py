"""Drivers as vendors write them, for whole processes: what an array has is a folder of files.

They are named in a cinder.conf's `volume_driver`, and loaded as any of Cinder's.
"""

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path

from cinder import exception
from oslo_config import cfg

from cinderblock.cinder import sparse
from cinderblock.cinder.local_files import LocalFilesDriver
from cinderblock.cinder.stats import SNAPSHOTS_DEPEND
from cinderblock.units import in_bytes

_CONTROL = [cfg.StrOpt("control_path", help="A folder with a file for each verb that can be held.")]


class GatedDriver(LocalFilesDriver):
    """Tells when a verb is entered and left, and waits in it while somebody else has the verb's file locked."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(_CONTROL)
        self._control = Path(self.configuration.control_path)

    def do_setup(self, context):
        with self._passing("do_setup"):
            super().do_setup(context)

    def create_volume(self, volume):
        with self._passing("create_volume"):
            super().create_volume(volume)

    def delete_volume(self, volume):
        with self._passing("delete_volume"):
            super().delete_volume(volume)

    def _update_volume_stats(self):
        with self._passing("stats"):
            super()._update_volume_stats()

    @contextmanager
    def _passing(self, verb):
        self._tell(f"enter {verb}\n")
        gate = os.open(self._control / verb, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(gate, fcntl.LOCK_SH)
        finally:
            os.close(gate)
        try:
            yield
        finally:
            self._tell(f"leave {verb}\n")

    def _tell(self, line):
        log = os.open(self._control / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.write(log, line.encode())
        finally:
            os.close(log)


class DependentDriver(LocalFilesDriver):
    """Snapshots live inside of their volume, which cannot go before them; a second create of a name fails."""

    def create_volume_from_snapshot(self, volume, snapshot):
        self._copy(_inside(snapshot), volume.name, size_gib=volume.size)

    def create_snapshot(self, snapshot):
        self._copy(snapshot.volume_name, _inside(snapshot), size_gib=snapshot.volume_size)

    def delete_snapshot(self, snapshot):
        sparse.remove(self._path(_inside(snapshot)))

    def delete_volume(self, volume):
        if any(self._folder.glob(f"{volume.name}@*")):
            raise exception.VolumeIsBusy(volume_name=volume.name)
        super().delete_volume(volume)

    def _update_volume_stats(self):
        super()._update_volume_stats()
        self._stats[SNAPSHOTS_DEPEND] = True


class TwinDriver(DependentDriver):
    """A second create of a name makes a second object of that name; a delete removes the first one that it finds."""

    def create_volume(self, volume):
        sparse.create(self._free(volume.name), size_bytes=in_bytes(volume.size))

    def _copy(self, source, target, *, size_gib, replacing=False):
        name = target if replacing else self._free(target).name
        super()._copy(source, name, size_gib=size_gib, replacing=replacing)

    def _free(self, name):
        path = self._path(name)
        return path.with_name(f"{name}.twin") if path.exists() else path


def _inside(snapshot):
    return f"{snapshot.volume_name}@{snapshot.name}"
