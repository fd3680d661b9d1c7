"""Drivers as vendors write them, for whole processes: what an array has is a folder of files.

They are named in a cinder.conf's `volume_driver`, and loaded as any of Cinder's.
"""

from cinder import exception

from cinderblock.cinder import sparse
from cinderblock.cinder.local_files import LocalFilesDriver
from cinderblock.cinder.stats import SNAPSHOTS_DEPEND
from cinderblock.units import in_bytes


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

    def _copy(self, source, target, *, size_gib):
        super()._copy(source, self._free(target).name, size_gib=size_gib)

    def _free(self, name):
        path = self._path(name)
        return path.with_name(f"{name}.twin") if path.exists() else path


def _inside(snapshot):
    return f"{snapshot.volume_name}@{snapshot.name}"
