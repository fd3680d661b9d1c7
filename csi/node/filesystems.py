"""File systems on a device: what is there, making one, checking, growing.

Nothing that is not blank is ever formatted: blkid must say that it found
nothing, on a device that can be read, or the call is refused.
"""

import logging
from dataclasses import dataclass

from cinderblock.errors import BackendUnavailable, InUse, InvalidRequest
from csi.node import blocks, btrfs
from csi.node.commands import CommandFailed, Runner

log = logging.getLogger(__name__)

DEFAULT = "ext4"
KNOWN = ("ext2", "ext3", "ext4", "xfs", "btrfs")
_EXT = ("ext2", "ext3", "ext4")

#: Statuses of blkid; with the second one it says nothing of what it found.
_NOTHING_FOUND = 2
_SEVERAL_FOUND = 8
#: e2fsck: 0 clean, 1 corrected, 2 corrected and a reboot wanted (for a root file system).
_E2FSCK_FINE = (0, 1, 2)
_E2FSCK_UNCORRECTED = 4
#: Making, checking and growing take their time on large volumes, seconds.
_PATIENCE_S = 3600.0
_CHECKED_BYTES = 4096

#: Where the xfs superblock says that mkfs has not finished. Source: struct xfs_dsb, sb_inprogress.
_XFS_IN_PROGRESS = 126


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What lies on a device. `fs_type` is "" when nothing does; `unfinished` is an mkfs that was cut off."""

    fs_type: str
    unfinished: bool = False


def probe(runner: Runner, device: str) -> Found:
    """Look what lies on a device, without trusting any cache.

    Raises:
        InUse: something that is not a file system of ours: partitions, LVM,
            encryption, or several things at once.
        BackendUnavailable: the device cannot be read.
    """
    _require_readable(device)
    ended = runner.run("blkid", "-p", "-o", "export", device, accept=(0, _NOTHING_FOUND, _SEVERAL_FOUND))
    if ended.code == _NOTHING_FOUND:
        return Found(fs_type="")
    said = dict(line.split("=", 1) for line in ended.out.splitlines() if "=" in line)
    kind, partitions = said.get("TYPE", ""), said.get("PTTYPE", "")
    if kind not in KNOWN or partitions:
        what = (
            " and ".join(filter(None, (kind, partitions and f"a {partitions} partition table")))
            or "several things at once"
        )
        raise InUse(
            f"{device} holds {what}; it was neither formatted nor mounted. If its content is not needed, "
            "erase it with `wipefs -a` on the node, or use the volume as a block device"
        )
    unfinished = kind == "xfs" and blocks.read(device, offset=_XFS_IN_PROGRESS, length=1) == b"\x01"
    return Found(fs_type=kind, unfinished=unfinished)


def make(runner: Runner, device: str, fs_type: str, *, force: bool = False) -> None:
    """Make a file system on a blank device, fast: tables are zeroed later, nothing is discarded.

    Args:
        runner: the programs.
        device: a device that `probe` found blank.
        fs_type: one of `KNOWN`.
        force: over an mkfs.xfs of ours that was cut off; such a file system can never have been mounted.

    Raises:
        CommandFailed: mkfs refused, for instance a device that is too small.
    """
    tool = f"mkfs.{fs_type}"
    if fs_type in _EXT:
        lazy = "nodiscard,lazy_itable_init=1" + ("" if fs_type == "ext2" else ",lazy_journal_init=1")
        arguments = ["-q", "-m", "0", "-E", lazy]
    else:
        arguments = ["-q", "-K"]
        if force:
            arguments.append("-f")
    runner.run(tool, *arguments, device, timeout_s=_PATIENCE_S)
    log.info("file system made", extra={"device": device, "fs_type": fs_type})


def check(runner: Runner, device: str, fs_type: str) -> None:
    """Repair what can be repaired safely before mounting; xfs and btrfs do so while they mount.

    Raises:
        InUse: errors remain that need a person.
        CommandFailed: the check itself failed.
    """
    if fs_type in _EXT:
        _e2fsck(runner, device, "-p")


def mount_flags(fs_type: str, flags: tuple[str, ...], *, readonly: bool) -> list[str]:
    """Return the flags to mount with: the wanted ones, and what the file system needs."""
    wanted = dict.fromkeys(flags)
    if fs_type == "xfs":
        # A restored or cloned volume has its source's UUID, and both may be mounted on one node.
        wanted["nouuid"] = None
    if readonly:
        wanted["ro"] = None
        wanted.pop("rw", None)
    return list(wanted)


def without_replay(fs_type: str) -> str:
    """Return the flag that mounts without writing to the log first, for a device that cannot be written."""
    return {"xfs": "norecovery", "btrfs": "rescue=nologreplay"}.get(fs_type, "noload")


def size_bytes(device: str, fs_type: str) -> int:
    """Return how large the file system itself is, from its superblock; only right while it is not mounted.

    Source: struct ext2_super_block, xfs_dsb.
    """
    if fs_type in _EXT:
        block = blocks.read(device, offset=1024, length=1024)
        low, high = _number(block, 4, 4), _number(block, 0x150, 4)
        wide = _number(block, 0x60, 4) & 0x80
        return (low + (high << 32 if wide else 0)) * (1024 << _number(block, 24, 4))
    if fs_type == "xfs":
        block = blocks.read(device, offset=0, length=512)
        return int.from_bytes(block[4:8], "big") * int.from_bytes(block[8:16], "big")
    return btrfs.superblock(device).size_bytes


def grow_unmounted(runner: Runner, device: str, fs_type: str) -> bool:
    """Grow a file system to its device before it is mounted; say whether that could be done.

    ext only: it needs no CAP_SYS_RESOURCE then, which a node may not have.
    xfs and btrfs grow only while they are mounted.

    Raises:
        InUse: errors remain that need a person.
        CommandFailed: the file system could not be grown.
    """
    if fs_type not in _EXT:
        return False
    # resize2fs insists on a full check.
    _e2fsck(runner, device, "-f", "-p")
    runner.run("resize2fs", device, timeout_s=_PATIENCE_S)
    return True


def grow(runner: Runner, device: str, path: str, fs_type: str) -> None:
    """Grow a mounted file system to its device; one that fills it already is left alone.

    Args:
        runner: the programs.
        device: the block device.
        path: where it is mounted, writable.
        fs_type: one of `KNOWN`.

    Raises:
        InUse: this process may not do so while the file system is mounted.
        CommandFailed: the file system could not be grown.
    """
    if fs_type in _EXT:
        try:
            runner.run("resize2fs", device, timeout_s=_PATIENCE_S)
        except CommandFailed as error:
            if "Permission denied" not in error.said:
                raise
            raise InUse(
                f"the kernel lets this process not grow {fs_type} on {device} while it is mounted: it lacks "
                "CAP_SYS_RESOURCE. Grant that to the node's container, or stage the volume again: it grows then"
            ) from error
    elif fs_type == "xfs":
        runner.run("xfs_growfs", "-d", path, timeout_s=_PATIENCE_S)
    elif fs_type == "btrfs":
        runner.run("btrfs", "filesystem", "resize", "max", path, timeout_s=_PATIENCE_S)
    else:
        raise InvalidRequest(f"a file system of type {fs_type!r} cannot be grown; known: {', '.join(KNOWN)}")


def _e2fsck(runner: Runner, device: str, *options: str) -> None:
    """Run e2fsck, which repairs what needs no decision."""
    accepted = (*_E2FSCK_FINE, _E2FSCK_UNCORRECTED)
    ended = runner.run("e2fsck", *options, device, timeout_s=_PATIENCE_S, accept=accepted)
    if ended.code == _E2FSCK_UNCORRECTED:
        raise InUse(f"{device} has errors that e2fsck does not repair by itself; run `e2fsck -f {device}` on the node")
    if ended.code:
        log.warning("file system repaired", extra={"device": device, "code": ended.code})


def _require_readable(device: str) -> None:
    """Refuse a device whose first and last bytes do not come: blkid would call it blank."""
    try:
        size = blocks.size_bytes(device)
        length = min(size, _CHECKED_BYTES)
        if size == 0:
            raise BackendUnavailable(f"{device} has no size; its back end does not show the volume")
        for offset in (0, size - length):
            if len(blocks.read(device, offset=offset, length=length)) < length:
                raise BackendUnavailable(f"{device} ends before its size of {size} bytes")
    except OSError as error:
        raise BackendUnavailable(f"{device} cannot be read: {error.strerror}") from error


def _number(block: bytes, offset: int, length: int) -> int:
    """Read a little-endian number."""
    return int.from_bytes(block[offset : offset + length], "little")
