"""From a device to a mounted file system of its size."""

from cinderblock.errors import BackendUnavailable, InUse
from csi.node import blocks, btrfs, filesystems, mounts
from csi.node.commands import CommandFailed, Runner
from csi.node.journal import Entry
from csi.node.presence import belongs


def mount_volume(runner: Runner, entry: Entry, device: str) -> None:
    """Make a file system if the device is blank, check it, mount it, and grow it to the device.

    Raises:
        InUse: what lies there is not what was asked, or nothing may be written and nothing is there.
    """
    fs_type = entry.access.fs_type
    found = filesystems.probe(runner, device)
    if found.fs_type and found.fs_type != fs_type:
        raise InUse(
            f"{device} holds {found.fs_type}, {fs_type} was asked; ask for {found.fs_type} "
            f"(csi.storage.k8s.io/fstype), or erase the volume on purpose"
        )
    blank = not found.fs_type or found.unfinished
    if blank and entry.readonly:
        raise InUse(f"volume {entry.volume_id!r} is blank and may not be written; stage it writable once")
    if blank:
        filesystems.make(runner, device, fs_type, force=found.unfinished)
    elif not entry.readonly:
        filesystems.check(runner, device, fs_type)
    smaller = not entry.readonly and filesystems.size_bytes(device, fs_type) < blocks.size_bytes(device)
    if smaller and filesystems.grow_unmounted(runner, device, fs_type):
        smaller = False
    if fs_type == "btrfs" and not blank and not btrfs.copes():
        btrfs.separate(runner, device, readonly=entry.readonly)
    _mount(runner, entry, device)
    if not belongs(entry, entry.staging_path):
        raise BackendUnavailable(f"{device} was mounted, but {entry.staging_path!r} does not show it")
    if smaller:
        filesystems.grow(runner, device, entry.staging_path, fs_type)


def _mount(runner: Runner, entry: Entry, device: str) -> None:
    """Mount the file system as it was asked for."""
    fs_type = entry.access.fs_type
    flags = filesystems.mount_flags(fs_type, entry.access.mount_flags, readonly=entry.readonly)
    try:
        mounts.mount(runner, device, entry.staging_path, fs_type=fs_type, flags=flags)
    except CommandFailed:
        if not (entry.readonly and blocks.is_readonly(device)):
            raise
        # A log that wants to be replayed, on a device that cannot be written.
        flags.append(filesystems.without_replay(fs_type))
        mounts.mount(runner, device, entry.staging_path, fs_type=fs_type, flags=flags)
