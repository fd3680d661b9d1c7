"""Files of a folder that nobody made through the driver, to be taken over by it."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinder import exception, objects
from cinder.volume import volume_utils

from cinderblock.cinder import sparse
from cinderblock.cinder.objects import new_context
from cinderblock.units import gib_rounded_up, in_bytes

#: How a qcow2 image begins; taken for a raw one, it would be destroyed by the first write.
_QCOW2 = b"QFI\xfb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """A file, its size rounded up to whole GiB, and what keeps it from being taken over, "" for nothing."""

    path: Path
    size_gib: int
    in_the_way: str


def found(folder: Path, existing_ref: Any) -> Existing:
    """Return the file that is meant.

    Raises:
        exception.ManageExistingInvalidReference: there is none, or something is in the way; the words say what.
    """
    name = existing_ref.get("source-name", "") if isinstance(existing_ref, Mapping) else ""
    if not name or name.startswith(".") or "/" in name or "\0" in name:
        reason = f"source-name must be the name of a file in {folder}"
        raise exception.ManageExistingInvalidReference(existing_ref=existing_ref, reason=reason)
    existing = _look(folder / name)
    if existing.in_the_way:
        raise exception.ManageExistingInvalidReference(existing_ref=existing_ref, reason=existing.in_the_way)
    return existing


def take(existing: Existing, target: Path) -> None:
    """Give a file another name in the same folder, and whole GiB, for this user only; on disk when this returns.

    Raises:
        FileExistsError: there is a target, which is left alone.
    """
    os.chown(existing.path, os.geteuid(), os.getegid())
    existing.path.chmod(0o600)
    sparse.rename(existing.path, target)
    sparse.extend(target, size_bytes=in_bytes(existing.size_gib))


def listed(folder: Path, ours: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    """Yield each file as Cinder lists what can be taken over; `ours` are Cinder's objects of our volumes."""
    known = {volume.name: volume.id for volume in ours}
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        existing = _look(path)
        reason = existing.in_the_way
        if path.name in known or _is_snapshot(path.name):
            reason = "it is managed already"
        yield {
            "reference": {"source-name": path.name},
            "size": existing.size_gib,
            "safe_to_manage": not reason,
            "reason_not_safe": reason or None,
            "cinder_id": known.get(path.name),
            "extra_info": None,
        }


def _look(path: Path) -> Existing:
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return Existing(path=path, size_gib=0, in_the_way="it is no file, but a folder, a link or a device")
        size_gib = max(1, gib_rounded_up(status.st_size))
        return Existing(path=path, size_gib=size_gib, in_the_way=_in_the_way(path, status.st_nlink))
    except FileNotFoundError:
        return Existing(path=path, size_gib=0, in_the_way="there is no such file")


def _in_the_way(path: Path, names: int) -> str:
    if names > 1:
        return f"the file has {names} names, so it would be there for others as well"
    with path.open("rb") as stream:
        if stream.read(len(_QCOW2)) == _QCOW2:
            return "it is a qcow2 image; convert it to a raw one first (qemu-img convert -O raw)"
    device = _loop_device_on(path)
    if device:
        return f"it is in use by /dev/{device}"
    return ""


def _loop_device_on(path: Path) -> str:
    for backing_file in Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            # The kernel's name for the file is that of another mount namespace for a file of another container.
            if Path(backing_file.read_text(encoding="utf-8").rstrip("\n")).samefile(path):
                return backing_file.parts[3]
        except OSError:
            continue
    return ""


def _is_snapshot(name: str) -> bool:
    snapshot_id = volume_utils.extract_id_from_snapshot_name(name)
    return snapshot_id is not None and objects.Snapshot.exists(new_context(), snapshot_id)
