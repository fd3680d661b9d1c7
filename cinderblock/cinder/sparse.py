"""Copies of sparse files: shared where the file system can, hole by hole where not.

A copy appears under its name whole, on disk, and once; nothing of a copy that
failed, or was cut off, is ever seen under that name.
"""

import contextlib
import errno
import fcntl
import itertools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: ioctl of <linux/fs.h>: let a file share all of another file's blocks.
_FICLONE = 0x40049409
#: What a file system answers that cannot share blocks (between these files).
_CANNOT_SHARE = frozenset({errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS})
_CANNOT_COPY_RANGE = frozenset({errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EPERM})
#: Bytes copied by one call; a signal or an error is seen between two of them.
_CHUNK_BYTES = 16 * 1024**2
#: Bytes read at once to see whether they changed.
_COMPARED_BYTES = 1024**2
#: Files are no larger on Linux.
_LARGEST_BYTES = 2**63 - 1
#: A time stamp younger than this may hide a write: the kernel's clock for files stands still for up to 10 ms.
_SETTLED_NS = 40_000_000
#: How often a file that is written to meanwhile is copied before giving up.
_PASSES = 4
#: For how long, in seconds, it is tried at least: a fresh ext4 writes to its own tables for a moment.
_PATIENCE_S = 5.0

_PARTIAL = ".partial"


class SourceChanged(Exception):
    """The source was written to during each of the copies, so none of them is consistent."""


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What differs after a write."""

    size_bytes: int
    modified_ns: int
    changed_ns: int
    #: Any later write gives another stamp.
    is_old: bool = field(compare=False)


def create(target: Path, *, size_bytes: int) -> None:
    """Make an empty sparse file, on disk when this returns.

    Raises:
        FileExistsError: there is one of this name, which is left alone.
        OSError: ENOSPC, EDQUOT or EFBIG, or what else the file system says; nothing is left.
    """
    with _appearing(target) as descriptor:
        _truncate(descriptor, size_bytes)


def copy(source: Path, target: Path, *, size_bytes: int, replacing: bool = False, at_once: bool = False) -> None:
    """Make `target` a copy of `source`, and at least `size_bytes` long, on disk when this returns.

    With `replacing`, a target that is there gives way to the copy once that is whole. With `at_once`, a file system
    that cannot share blocks is refused with EOPNOTSUPP.

    A source that is being written to is copied at one moment in time where
    the file system shares blocks, and refused where it does not.

    Raises:
        FileNotFoundError: there is no source.
        FileExistsError: there is a target, which is left alone.
        SourceChanged: the source was written to during every pass; nothing is left.
        OSError: ENOSPC, EDQUOT or EFBIG, or what else the file system says; nothing is left.
    """
    source_descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        with _appearing(target, replacing=replacing) as descriptor:
            # What was written through the page cache is in the file now, for FICLONE and for the time stamps.
            os.fsync(source_descriptor)
            if not _share(source_descriptor, descriptor):
                if at_once:
                    raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP), str(source))
                _copy_still(source_descriptor, descriptor)
            if os.fstat(descriptor).st_size < size_bytes:
                _truncate(descriptor, size_bytes)
    finally:
        os.close(source_descriptor)


def extend(path: Path, *, size_bytes: int) -> None:
    """Make a file at least `size_bytes` long, on disk when this returns; a longer one is left alone."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        if os.fstat(descriptor).st_size < size_bytes:
            _truncate(descriptor, size_bytes)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename(path: Path, target: Path) -> None:
    """Give a file another name in the same folder, on disk when this returns.

    Raises:
        FileNotFoundError: there is no such file.
        FileExistsError: there is a target, which is left alone.
    """
    if target.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    path.rename(target)
    _sync_folder(target.parent)


def remove(path: Path) -> None:
    """Remove a file for good, on disk when this returns; one that is absent is success."""
    path.unlink(missing_ok=True)
    _sync_folder(path.parent)


def remove_leftovers(folder: Path) -> None:
    """Remove what copies that were cut off left behind, and nothing that a living process works on."""
    for leftover in folder.glob(f".*{_PARTIAL}"):
        with contextlib.suppress(FileNotFoundError, BlockingIOError):
            descriptor = os.open(leftover, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                # Who works on it holds this lock; a dead process does not.
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                leftover.unlink()
            finally:
                os.close(descriptor)


@contextlib.contextmanager
def _appearing(target: Path, *, replacing: bool = False) -> Iterator[int]:
    """Give a new file to fill, which gets its name when it is full and on disk."""
    if target.exists() and not replacing:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    partial = target.with_name(f".{target.name}{_PARTIAL}")
    descriptor = _open_locked(partial)
    try:
        yield descriptor
        os.fsync(descriptor)
        if replacing:
            partial.replace(target)
        else:
            # A link, not a rename: it never replaces a file that is there.
            os.link(partial, target)
            partial.unlink()
        _sync_folder(target.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _open_locked(partial: Path) -> int:
    """Open a new file with the lock that keeps it from being taken for a leftover."""
    while True:
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        # It was taken for a leftover between the two calls.
        os.close(descriptor)


def _share(source: int, target: int) -> bool:
    """Let the target share the source's blocks; tell whether the file system can."""
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno in _CANNOT_SHARE:
            return False
        raise
    return True


def _copy_still(source: int, target: int) -> None:
    """Copy data and holes at a time when nobody writes to the source.

    The first pass copies everything; the ones after it only what changed
    since, so that they are shorter and more likely to find the source at rest.
    """
    gives_up_at = time.monotonic() + _PATIENCE_S
    for number in itertools.count():
        if number >= _PASSES and time.monotonic() > gives_up_at:
            raise SourceChanged
        before = _rested(source)
        _truncate(target, before.size_bytes)
        if number == 0:
            for start, end in _data(source, before.size_bytes):
                _copy_range(source, target, start, end)
        else:
            _catch_up(source, target, before.size_bytes)
        os.fsync(source)
        if before.is_old and _stamp(source) == before:
            return


def _catch_up(source: int, target: int, size_bytes: int) -> None:
    """Make an earlier copy equal to its source, writing only what differs."""
    # Where the source has a hole, the target may still have data of an earlier pass.
    for descriptor in (source, target):
        for start, end in _data(descriptor, size_bytes):
            _copy_changed(source, target, start, end)


def _rested(source: int) -> _Stamp:
    """Return the stamp, after a moment of waiting where it is so young that a later write might not change it."""
    stamp = _stamp(source)
    if not stamp.is_old:
        time.sleep(_SETTLED_NS / 1e9)
        stamp = _stamp(source)
    return stamp


def _stamp(descriptor: int) -> _Stamp:
    status = os.fstat(descriptor)
    age_ns = time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns)
    # A stamp from the future is of a clock that was set back since; a write now has another one.
    is_old = age_ns >= _SETTLED_NS or age_ns < 0
    return _Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, is_old)


def _data(descriptor: int, size_bytes: int) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each stretch of data; what is between them is holes."""
    end = 0
    while end < size_bytes:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                # Only a hole is left.
                return
            raise
        end = min(os.lseek(descriptor, start, os.SEEK_HOLE), size_bytes)
        if start < end:
            yield start, end


def _copy_range(source: int, target: int, start: int, end: int) -> None:
    while start < end:
        wanted = min(_CHUNK_BYTES, end - start)
        try:
            copied = os.copy_file_range(source, target, wanted, start, start)
        except OSError as error:
            if error.errno not in _CANNOT_COPY_RANGE:
                raise
            copied = 0
        # 0 is the end of the file, or a file system that cannot; reading tells which.
        copied = copied or _copy_through_memory(source, target, start, wanted)
        if not copied:
            # The file became shorter; the stamps will tell.
            return
        start += copied


def _copy_through_memory(source: int, target: int, start: int, wanted: int) -> int:
    data = memoryview(os.pread(source, wanted, start))
    written = 0
    while written < len(data):
        written += os.pwrite(target, data[written:], start + written)
    return written


def _copy_changed(source: int, target: int, start: int, end: int) -> None:
    while start < end:
        wanted = min(_COMPARED_BYTES, end - start)
        data = os.pread(source, wanted, start)
        if data != os.pread(target, len(data), start):
            _copy_through_memory(source, target, start, wanted)
        start += wanted


def _truncate(descriptor: int, size_bytes: int) -> None:
    if size_bytes > _LARGEST_BYTES:
        # Python does not even ask the kernel.
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    os.ftruncate(descriptor, size_bytes)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
