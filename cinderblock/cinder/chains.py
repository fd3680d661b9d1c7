"""The files of a volume with snapshots: what a verb that was cut off leaves of them, put in order.

A snapshot is an overlay: the volume's file stays as it was, and a qcow2 file
over it, NAME.SNAPSHOT, takes what is written from then on. To delete it, the
overlay is committed into the file below, which may be repeated, and removed;
what is to be done after that is found out here. NAME.info says which overlays
there are, and which file is active.
Source: cinder.volume.drivers.remotefs.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

# What the class is mixed into; Cinder's classes are Any to mypy.
if TYPE_CHECKING:
    _Driver = Any
else:
    _Driver = object


class Chains(_Driver):
    """Part of the NFS driver; one verb at a time works on a volume (`Abilities.copies_disturb`)."""

    def _info(self, volume: Any) -> dict[str, str]:
        """Return what NAME.info says: the active file, and the overlay of each snapshot's id; {} without snapshots."""
        return dict(self._read_info_file(self._local_path_volume_info(volume), empty_if_missing=True))

    def _is_left(self, snapshot: Any) -> bool:
        """Tell whether there is anything of a snapshot."""
        return snapshot.id in self._info(snapshot.volume) or Path(self._get_new_snap_path(snapshot)).exists()

    def _agree(self, volume: Any) -> None:
        """Let the noted format be the active file's: a snapshot notes it before it writes which file is active."""
        active = self._info(volume).get("active", volume.name)
        noted = volume.admin_metadata
        true = "qcow2" if active != volume.name else noted.get("base_format")
        if true and noted.get("format") != true:
            noted["format"] = true
            with volume.obj_as_admin():
                volume.save()

    def _drop_orphan(self, snapshot: Any) -> None:
        """Remove what there is of a snapshot that was cut off before it was written down."""
        overlay = Path(self._get_new_snap_path(snapshot))
        if overlay.name not in self._info(snapshot.volume).values():
            self._delete(str(overlay))
        _unfinished(self._local_path_volume_info(snapshot.volume)).unlink(missing_ok=True)

    def _finish_deletion(self, snapshot: Any) -> None:
        """Finish a deletion whose overlay was committed and removed, but which others still name."""
        volume, known = snapshot.volume, self._info(snapshot.volume)
        folder, gone = Path(self._local_volume_dir(volume)), known.get(snapshot.id)
        if gone is None or (folder / gone).exists():
            return
        overlays = {file for key, file in known.items() if file != gone and key != "active"}
        below = {file: self._qemu_img_info(str(folder / file), volume.name).backing_file for file in overlays}
        # Nothing lies over the active file, nor, where the chain is broken, over the end of its lower part.
        ends = {volume.name, *overlays} - set(below.values()) - {known["active"]}
        if known["active"] == gone:
            (known["active"],) = ends
        for over in [file for file in overlays if below[file] == gone]:
            (end,) = ends
            end_format = self._qemu_img_info(str(folder / end), volume.name).file_format
            self._rebase_img(str(folder / over), end, end_format)
        del known[snapshot.id]
        self._write_info_file(self._local_path_volume_info(volume), known)

    def _write_info_file(self, info_path: str, snap_info: dict[str, str]) -> None:
        """Replace the file in one step: half of it would make the volume unusable."""
        new = _unfinished(info_path)
        super()._write_info_file(str(new), snap_info)
        with new.open("rb") as written:
            os.fsync(written.fileno())
        new.replace(info_path)


def _unfinished(info_path: str) -> Path:
    return Path(f"{info_path}.new")
