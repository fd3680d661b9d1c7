"""The kernel's table of mounts, and the verbs that change it."""

import errno
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cinderblock.errors import InUse, InvalidRequest
from csi.node import blocks
from csi.node.commands import CommandFailed, Runner

_TABLE = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")
#: More mounts than this over one path are somebody's accident, not ours to clear.
_DEEPEST = 64
_MOUNT_TIMEOUT_S = 300.0
_READINGS = 8
#: What the kernel says of a path that cannot be there, whatever is made or mounted.
_NO_PATH = (errno.ENAMETOOLONG, errno.ELOOP)
_SHOWN = 100
#: Flags that belong to one mount, not to the file system; a read-only remount must repeat them.
_PER_MOUNT = ("nosuid", "nodev", "noexec", "nosymfollow", "noatime", "nodiratime", "relatime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A line of mountinfo. `device` is "MAJOR:MINOR", `root` what of the file system is shown. Source: proc(5)."""

    device: str
    root: str
    path: str
    options: frozenset[str]
    fs_type: str
    source: str
    super_options: frozenset[str]

    @property
    def readonly(self) -> bool:
        """Whether this mount refuses writes; the file system may be writable elsewhere."""
        return "ro" in self.options


def parse(text: str) -> Sequence[Mount]:
    """Read the kernel's table, in its order: of two mounts at one path the later covers the earlier."""
    found = []
    # Nothing but a line feed ends a line of the kernel's; a path may hold what Unicode calls a line's end.
    for line in text.split("\n"):
        before, _, after = line.partition(" - ")
        left, right = before.split(" "), after.split(" ")
        if len(left) < 6 or len(right) < 3:  # noqa: PLR2004  # the fields that proc(5) promises
            continue
        found.append(
            Mount(
                device=left[2],
                root=_plain(left[3]),
                path=_plain(left[4]),
                options=frozenset(left[5].split(",")),
                fs_type=right[0],
                source=_plain(right[1]),
                super_options=frozenset(right[2].split(",")),
            )
        )
    return found


def table() -> Sequence[Mount]:
    """Return all mounts that this process sees.

    Kernels before 5.8 may leave mounts out while others come and go, so it is
    read until it comes out the same twice, within reason.
    """
    text = ""
    for _ in range(_READINGS):
        before, text = text, _TABLE.read_text(encoding="utf-8", errors="surrogateescape")
        if text == before:
            break
    return parse(text)


def at(path: str) -> Mount | None:
    """Return the mount that is visible at a path, or None."""
    where = resolved(path)
    return next((mount for mount in reversed(table()) if mount.path == where), None)


def of_device(path: str) -> Sequence[Mount]:
    """Return every mount of a device: its file system, and its node bound somewhere."""
    return [mount for mount in table() if shows(mount, path)]


def shows(mount: Mount, device: str) -> bool:
    """Say whether a mount shows a device's file system, or the device itself (a bound device node)."""
    wanted = blocks.number(device)
    if not wanted:
        return False
    # btrfs has a device number of its own, but names its source.
    if mount.device == wanted or (mount.fs_type == "btrfs" and blocks.number(mount.source) == wanted):
        return True
    # The node bound over a file: what lies there is the device itself.
    return mount.root.rpartition("/")[2] == device.rpartition("/")[2] and blocks.number(mount.path) == wanted


def resolved(path: str) -> str:
    """Return the path as the kernel's table has it: parents resolved, the last part as it is."""
    parent, name = os.path.split(os.path.normpath(path))
    return os.path.join(os.path.realpath(parent), name)  # noqa: PTH118  # Path.resolve follows the last part, too


def require_plain(path: str, *, what: str) -> None:
    """Refuse a path that is relative, goes up, or is a symbolic link: a mount there would land elsewhere.

    Folders above it may be links: a CO's own folder often is one, and belongs to root, so that no workload plants any.

    Raises:
        InvalidRequest: it is.
    """
    if not path.startswith("/"):
        raise InvalidRequest(f"{what} {path!r} is not absolute")
    if ".." in path.split("/"):
        raise InvalidRequest(f"{what} {path!r} goes up again; say the path that is meant, without '..'")
    try:
        mode = os.lstat(path).st_mode
    except OSError as error:
        if error.errno in _NO_PATH:
            raise InvalidRequest(f"{what} {path[:_SHOWN]!r} can be no path: {error.strerror}") from error
        return
    if stat.S_ISLNK(mode):
        raise InvalidRequest(f"{what} {path!r} is a symbolic link; nothing is mounted through it")


def mount(runner: Runner, device: str, path: str, *, fs_type: str, flags: Sequence[str]) -> None:
    """Mount a device's file system.

    Raises:
        CommandFailed: the kernel refused.
    """
    options = ["-o", ",".join(flags)] if flags else []
    runner.run("mount", "-t", fs_type, *options, device, resolved(path), timeout_s=_MOUNT_TIMEOUT_S)


def bind(runner: Runner, source: str, target: str, *, readonly: bool) -> None:
    """Show a mounted folder, or a device's node, at a second path.

    Raises:
        CommandFailed: the kernel refused; the target may be bound, and writable.
    """
    where = resolved(target)
    runner.run("mount", "--bind", source, where)
    if readonly:
        shown = at(where)
        kept = [flag for flag in _PER_MOUNT if shown is not None and flag in shown.options]
        runner.run("mount", "-o", ",".join(["remount", "bind", "ro", *kept]), where)


def unmount_all(runner: Runner, path: str) -> None:
    """Unmount whatever lies over a path, mount by mount; nothing there is success.

    Raises:
        InUse: a process, or another mount below, still uses it.
        CommandFailed: the kernel refused for another reason.
    """
    where = resolved(path)
    for _ in range(_DEEPEST):
        if at(where) is None:
            return
        try:
            runner.run("umount", where, timeout_s=_MOUNT_TIMEOUT_S)
        except CommandFailed as error:
            if at(where) is None:
                return
            if "busy" in error.said:
                raise InUse(f"{where!r} is still used by a process or by a mount below it; end that first") from error
            raise
    raise InUse(f"more than {_DEEPEST} mounts lie over {where!r}; unmount them by hand")


def _plain(text: str) -> str:
    """Undo the kernel's octal escapes (space, tab, newline, backslash)."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)
