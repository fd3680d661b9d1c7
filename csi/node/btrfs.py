"""Twins: a clone or a restored snapshot of a btrfs has the file system id of its source.

Where both are to be mounted on one node, kernels from 6.7 on give the second
one a temporary id. Older ones refuse it, so it gets an id of its own, for
good, before it is mounted.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from cinderblock.errors import InUse
from csi.node import blocks, mounts
from csi.node.commands import Runner

log = logging.getLogger(__name__)

_TEMPORARY_ID = Path("/sys/fs/btrfs/features/temp_fsid")
_OFFSET = 64 * 1024
#: Rewriting the super blocks takes no time, seconds; opening a large file system takes some.
_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Superblock:
    """`fsid` is 32 hexadecimal digits; `has_log` says that fsynced data waits to be replayed."""

    fsid: str
    size_bytes: int
    has_log: bool


def superblock(device: str) -> Superblock:
    """Read what a btrfs says of itself. Source: struct btrfs_super_block.

    Raises:
        OSError: the device does not answer.
    """
    block = blocks.read(device, offset=_OFFSET, length=512)
    return Superblock(
        fsid=block[0x20:0x30].hex(),
        size_bytes=int.from_bytes(block[0x70:0x78], "little"),
        has_log=any(block[0x60:0x68]),
    )


def copes() -> bool:
    """Say whether the kernel mounts twins by itself."""
    return _TEMPORARY_ID.exists()


def twin(device: str) -> str:
    """Return another mounted device with a device's file system id, or ""."""
    wanted, own = superblock(device).fsid, blocks.number(device)
    sources = {mount.source for mount in mounts.table() if mount.fs_type == "btrfs"}
    for source in sorted(sources):
        if blocks.number(source) not in ("", own) and superblock(source).fsid == wanted:
            return source
    return ""


def separate(runner: Runner, device: str, *, readonly: bool) -> None:
    """Give a file system an id of its own when a twin is mounted; else it is left as it is.

    Raises:
        InUse: it may not be written, or has a log, which would be lost.
        CommandFailed: btrfstune refused.
    """
    other = twin(device)
    if not other:
        return
    why = "may not be written" if readonly else "holds a log that has to be replayed first"
    if readonly or superblock(device).has_log:
        raise InUse(
            f"{device} is a copy of the btrfs that is mounted from {other}, and this kernel mounts only one of them; "
            f"it could get an id of its own, but it {why}. Stage it once where the other is not mounted, or take "
            "Linux 6.7 or later"
        )
    runner.run("btrfstune", "-m", device, timeout_s=_TIMEOUT_S)
    log.info("file system id changed", extra={"device": device, "twin": other})
