"""Block devices, as the kernel shows them."""

import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cinderblock import nbd

#: ioctl that sets a device's read-only flag. Source: linux/fs.h.
_BLKROSET = 0x125D
#: ioctl that tells what a loop device shows: device and inode of a file come first. Source: linux/loop.h.
_LOOP_GET_STATUS64 = 0x4C05
_LOOP_INFO_BYTES = 232
#: What the kernel adds to the name of a file that was removed.
DELETED = " (deleted)"


def is_device(path: str) -> bool:
    """Say whether a path is a block device now."""
    try:
        return stat.S_ISBLK(Path(path).stat().st_mode)
    except OSError:
        return False


def number(path: str) -> str:
    """Return "MAJOR:MINOR" of the block device at a path, "" when there is none."""
    try:
        entry = Path(path).stat()
    except OSError:
        return ""
    if not stat.S_ISBLK(entry.st_mode):
        return ""
    return f"{os.major(entry.st_rdev)}:{os.minor(entry.st_rdev)}"


@contextmanager
def held(path: str) -> Iterator[int]:
    """Keep a device open, as a descriptor: its name is not given to another device meanwhile.

    Raises:
        OSError: the device is gone.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def size_bytes(path: str) -> int:
    """Return a device's size in bytes.

    Raises:
        OSError: the device is gone, or has no medium.
    """
    with held(path) as descriptor:
        return os.lseek(descriptor, 0, os.SEEK_END)


def read(path: str, *, offset: int, length: int) -> bytes:
    """Read bytes of a device; fewer at its end.

    Raises:
        OSError: the device does not answer.
    """
    with held(path) as descriptor:
        return os.pread(descriptor, length, offset)


def set_readonly(path: str, *, readonly: bool) -> None:
    """Let the kernel refuse writes to a device, or allow them again; repeating is harmless."""
    with held(path) as descriptor:
        fcntl.ioctl(descriptor, _BLKROSET, struct.pack("i", int(readonly)))


def is_readonly(path: str) -> bool:
    """Say whether the kernel refuses writes to a device; a device that is gone is not read-only."""
    return _sysfs(path, "ro") == "1"


def backing_file(path: str) -> str:
    """Return the file behind a loop device, with `DELETED` when it is; "" for any other device."""
    return _sysfs(path, "loop/backing_file")


def file_id(path: str) -> str:
    """Return "DEVICE:INODE:NAME" of the file behind a loop device, or the image in a network block device, else "".

    The folders above the file may look different from another mount namespace.
    A file system gives the number of a removed file to the next one.
    """
    try:
        with held(path) as descriptor:
            shown = fcntl.ioctl(descriptor, _LOOP_GET_STATUS64, bytes(_LOOP_INFO_BYTES))
            name = backing_file(path).removesuffix(DELETED).rpartition("/")[2]
    except OSError:
        return nbd.file_id(path)
    device, inode = struct.unpack_from("=2Q", shown)
    return f"{device}:{inode}:{name}"


def states(path: str) -> dict[str, str]:
    """Return the SCSI state of each path under a device ({"sda": "running"}); {} where that does not apply."""
    name = Path(path).resolve().name
    slaves = Path("/sys/block") / name / "slaves"
    names = sorted(entry.name for entry in slaves.iterdir()) if slaves.is_dir() else []
    answer = {}
    for each in names or [name]:
        state = _sysfs(f"/dev/{each}", "device/state")
        if state:
            answer[each] = state
    return answer


def _sysfs(path: str, attribute: str) -> str:
    """Read an attribute of a device from sysfs."""
    try:
        return (Path("/sys/block") / Path(path).resolve().name / attribute).read_text(encoding="utf-8").rstrip("\n")
    except OSError:
        return ""
