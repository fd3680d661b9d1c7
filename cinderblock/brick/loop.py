"""Loop devices: block devices over regular files, by the kernel's own calls.

A file's device is recognised by device number and inode of the file, which
the kernel knows, never by name. Source: linux/loop.h, loop(4).
"""

import errno
import fcntl
import logging
import os
import stat
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cinderblock.errors import BackendUnavailable, InUse

log = logging.getLogger(__name__)

_CLR_FD = 0x4C01
_SET_STATUS64 = 0x4C04
_GET_STATUS64 = 0x4C05
_SET_CAPACITY = 0x4C07
_CONFIGURE = 0x4C0A
_CTL_GET_FREE = 0x4C82
_BLKROSET = 0x125D  # ioctl that sets a device's read-only flag. Source: linux/fs.h.
_MAJOR = 7

_READ_ONLY = 1
_AUTOCLEAR = 4
_DIRECT_IO = 16
_SECTOR_BYTES = 512  # the kernel would take 4096 once the file has a reflink, and xfs made before could not be mounted

#: struct loop_info64: device, inode, rdevice, offset, sizelimit, number, encryption's type and key size, flags,
#: three texts, two numbers.
_INFO = struct.Struct("=5Q4I64s64s32s2Q")
#: struct loop_config: file descriptor, block size, loop_info64, reserved.
_CONFIG = struct.Struct(f"=2I{_INFO.size}s64s")

#: How often another process may be faster with the free device that the kernel named.
_TRIES = 256
#: How long a device may stay open by something that only looks at it (udev's blkid), seconds.
_PATIENCE_S = 5.0

#: Looking for a file's device and making one is one step, or two threads would make two.
_making = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """A loop device in use; `device` and `inode` identify its file."""

    path: str
    backing: str
    device: int
    inode: int
    whole: bool
    readonly: bool

    @property
    def file_id(self) -> str:
        """What tells the file from every other one, as `Device.file_id`."""
        return f"{self.device}:{self.inode}:{self.backing.removesuffix(' (deleted)').rpartition('/')[2]}"


def attach(file: str, *, readonly: bool = False) -> Loop:
    """Return the loop device of a regular file, making it if there is none.

    Direct I/O is asked for; the kernel falls back to buffered I/O where the
    file system refuses it (tmpfs, or for a file with a reflink).

    Raises:
        BackendUnavailable: the file is absent, unreadable or not a regular file.
        InUse: a device over the file exists that shows only a part of it, or cannot be written.
    """
    with _making:
        descriptor = _opened(file, readonly=readonly)
        try:
            found = _of(os.fstat(descriptor))
            if found is None or not _kept(found):
                found = _made(descriptor, file, readonly=readonly)
        finally:
            os.close(descriptor)
    if not found.whole:
        raise InUse(f"{found.path} shows only a part of {file!r}; detach it with `losetup -d {found.path}`")
    if found.readonly and not readonly:
        raise InUse(f"{found.path} over {file!r} is read-only, but the volume is to be written; unstage it first")
    return found


def find(file: str) -> Loop | None:
    """Return the loop device of a file, or None; a file that is gone, or whose server is, is found by its name."""
    try:
        return _of(Path(file).stat())
    except OSError:
        gone = f"{file} (deleted)"
        return next((loop for loop in bound() if loop.backing in (file, gone)), None)


def detach(loop: Loop) -> None:
    """Detach the device from its file; one that is detached already is success.

    Raises:
        InUse: it is mounted or open. It then stays attached, for good: the
            kernel's habit of detaching it at the last close is undone.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while not _cleared(loop):
        if time.monotonic() > deadline:
            raise InUse(f"{loop.path} over {loop.backing!r} is still open; close what uses it and repeat")
        time.sleep(0.05)


def refresh(loop: Loop) -> int:
    """Make the kernel see the file's present size; return the device's size in bytes."""
    descriptor = os.open(loop.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, _SET_CAPACITY, 0)
        return os.lseek(descriptor, 0, os.SEEK_END)
    finally:
        os.close(descriptor)


def at(path: str) -> Loop | None:
    """Return the loop device at a path if it is one and in use."""
    try:
        entry = Path(path).stat()
    except OSError:
        return None
    if not stat.S_ISBLK(entry.st_mode) or os.major(entry.st_rdev) != _MAJOR:
        return None
    return _status(path)


def bound() -> Iterator[Loop]:
    """Yield every loop device of the machine that is in use."""
    for folder in Path("/sys/block").glob("loop*/loop"):
        loop = _status(f"/dev/{folder.parent.name}")
        if loop is not None:
            yield loop


def _of(file: os.stat_result) -> Loop | None:
    """Find a file's device; one that shows the whole file goes first."""
    ours = [loop for loop in bound() if (loop.device, loop.inode) == (file.st_dev, file.st_ino)]
    return next((loop for loop in ours if loop.whole), ours[0] if ours else None)


def _opened(file: str, *, readonly: bool) -> int:
    """Open the file as the device will use it."""
    flags = (os.O_RDONLY if readonly else os.O_RDWR) | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(file, flags)
    except OSError as error:
        raise BackendUnavailable(f"the volume's file {file!r} cannot be opened: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BackendUnavailable(f"{file!r} is not a regular file")
    return descriptor


def _made(descriptor: int, file: str, *, readonly: bool) -> Loop:
    """Bind the file to a free device, trying again when another process takes it first."""
    flags = _DIRECT_IO | (_READ_ONLY if readonly else 0)
    name = os.fsencode(file)[:63]
    info = _INFO.pack(0, 0, 0, 0, 0, 0, 0, 0, flags, name, b"", b"", 0, 0)
    config = _CONFIG.pack(descriptor, _SECTOR_BYTES, info, b"")
    for _ in range(_TRIES):
        path = _free_path()
        device = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.ioctl(device, _CONFIGURE, config)
            if not readonly:
                # Who had the device before may have left it read-only: the flag outlives the file.
                fcntl.ioctl(device, _BLKROSET, struct.pack("i", 0))
            # Asked while it is open: nobody can give the device to another file meanwhile.
            loop = _read(device, path)
        except OSError as error:
            if error.errno in (errno.EBUSY, errno.EAGAIN):
                # Somebody else was faster, or the device is being opened right now.
                continue
            raise BackendUnavailable(f"no loop device over {file!r}: {error.strerror}") from error
        finally:
            os.close(device)
        if loop is not None:
            _report_buffered(path)
            return loop
    raise BackendUnavailable(f"no free loop device for {file!r} after {_TRIES} tries")


def _free_path() -> str:
    """Ask the kernel for a free device, and make its node where /dev is not the kernel's own."""
    try:
        control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise BackendUnavailable(f"/dev/loop-control: {error.strerror}; load the kernel module 'loop'") from error
    try:
        number = fcntl.ioctl(control, _CTL_GET_FREE)
    finally:
        os.close(control)
    path = f"/dev/loop{number}"
    if not Path(path).exists():
        os.mknod(path, 0o600 | stat.S_IFBLK, os.makedev(_MAJOR, number))
    return path


def _status(path: str) -> Loop | None:
    """Ask a device what it shows; None when it shows nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return _read(descriptor, path)
    finally:
        os.close(descriptor)


def _read(descriptor: int, path: str) -> Loop | None:
    """Ask an open device what it shows; None when it shows nothing."""
    try:
        fields = _INFO.unpack(fcntl.ioctl(descriptor, _GET_STATUS64, bytes(_INFO.size)))
    except OSError:
        return None
    device, inode, _rdevice, offset, limit = fields[:5]
    return Loop(
        path=path,
        backing=_backing(path),
        device=device,
        inode=inode,
        whole=offset == 0 and limit == 0,
        readonly=bool(fields[8] & _READ_ONLY),
    )


def _backing(path: str) -> str:
    """Read the name of the file, which the kernel keeps in full (the status has 63 bytes of it)."""
    try:
        return Path(f"/sys/block/{Path(path).name}/loop/backing_file").read_text(encoding="utf-8").rstrip("\n")
    except OSError:
        return ""


def _report_buffered(path: str) -> None:
    """Leave a note when direct I/O was refused: the page cache then holds the data twice."""
    try:
        direct = Path(f"/sys/block/{Path(path).name}/loop/dio").read_text(encoding="ascii").strip()
    except OSError:
        return
    if direct != "1":
        log.info("loop device without direct I/O", extra={"device": path, "file": _backing(path)})


def _cleared(loop: Loop) -> bool:
    """Try once to detach; say whether the device is free of the file now."""
    try:
        # Exclusive: refused at once for a mounted or otherwise claimed device, with no side effect.
        descriptor = os.open(loop.path, os.O_RDONLY | os.O_CLOEXEC | os.O_EXCL)
    except FileNotFoundError:
        return True
    except OSError as error:
        raise InUse(f"{loop.path} over {loop.backing!r} is mounted or claimed: {error.strerror}") from error
    try:
        if _shows(descriptor, loop):
            fcntl.ioctl(descriptor, _CLR_FD, 0)
    except OSError as error:
        if error.errno not in (errno.ENXIO, errno.EBUSY):  # detached, or claimed, meanwhile: looked at again
            raise
    finally:
        os.close(descriptor)
    return not _kept(loop)


def _shows(descriptor: int, loop: Loop) -> bool:
    """Say whether the open device still shows the loop's file."""
    shown = _read(descriptor, loop.path)
    return shown is not None and shown.file_id == loop.file_id


def _kept(loop: Loop) -> bool:
    """Say whether the device still shows its file; it is not going to be detached by itself then."""
    try:
        descriptor = os.open(loop.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        if not _shows(descriptor, loop):
            return False
        fields = list(_INFO.unpack(fcntl.ioctl(descriptor, _GET_STATUS64, bytes(_INFO.size))))
        if fields[8] & _AUTOCLEAR:
            fields[8] ^= _AUTOCLEAR
            fcntl.ioctl(descriptor, _SET_STATUS64, _INFO.pack(*fields))
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
