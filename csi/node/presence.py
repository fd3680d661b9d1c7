"""Whether what the journal says is so: devices and mounts of volumes, as the kernel has them."""

from collections.abc import Collection
from dataclasses import replace

from cinderblock.boot import boot_id
from cinderblock.host import Device, is_same_file
from csi.node import blocks, mounts
from csi.node.journal import Entry, Journal, State, Target
from csi.node.wanted import Access, Kind

#: A staged block volume's device node is bound over a file of this name in the
#: staging folder, so that a lost journal can be told from the mounts.
MARKER = "device"

#: The mode is not to be had from the mounts.
_UNKNOWN = ""


class Presence:
    """Answers about volumes on this node; changes nothing."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def known(self, volume_id: str, staging_path: str) -> Entry | None:
        """Return the volume's entry; a lost one is rebuilt from what is mounted at the staging path ("" for none)."""
        entry = self._journal.get(volume_id)
        if entry is not None or not staging_path:
            return entry
        return self.recovered(volume_id, staging_path)

    def published(self, volume_id: str, target_path: str) -> Entry | None:
        """Rebuild a lost entry from a target alone, as far as measuring needs it; None when none can be there.

        A volume that is published is mounted twice: where it is staged, and there.
        """
        device = device_shown(target_path) if target_path.startswith("/") else ""
        if not device or not _shown_twice(device, target_path) or self.owner_of(device):
            return None
        return _rebuilt(volume_id, device, staging_path=target_path, at=target_path)

    def recovered(self, volume_id: str, staging_path: str) -> Entry | None:
        """Rebuild a lost entry from the mounts; None when no block device is mounted there, or another volume's."""
        for path in (staging_path, marker(staging_path)):
            device = device_shown(path)
            if device:
                if self.owner_of(device) not in ("", volume_id):
                    return None
                return _rebuilt(volume_id, device, staging_path=staging_path, at=path)
        return None

    def owner_of(self, device: str) -> str:
        """Return the id of the volume that the journal says a device is, or ""."""
        wanted = blocks.number(device)
        for volume_id in self._journal.volume_ids():
            entry = self._journal.get(volume_id)
            known = device_of(entry) if entry is not None else None
            if known is not None and blocks.number(known.path) == wanted:
                return volume_id
        return ""


def _rebuilt(volume_id: str, device: str, *, staging_path: str, at: str) -> Entry | None:
    """Return what the mounts tell of a volume that is staged; None when it went away meanwhile."""
    shown = mounts.at(at)
    if shown is None:
        return None
    is_mount = shown.source == device
    entry = Entry(
        volume_id=volume_id,
        state=State.STAGED,
        staging_path=staging_path,
        access=Access(
            kind=Kind.MOUNT if is_mount else Kind.BLOCK, mode=_UNKNOWN, fs_type=shown.fs_type if is_mount else ""
        ),
        readonly=shown.readonly if is_mount else blocks.is_readonly(device),
        boot_id=boot_id(),
        device=Device(
            path=device,
            backing=blocks.backing_file(device).removesuffix(blocks.DELETED),
            file_id=blocks.file_id(device),
            brick={},
        ),
    )
    own = own_paths(entry)
    targets = tuple(
        Target(path=mount.path, readonly=mount.readonly if is_mount else entry.readonly, mode=_UNKNOWN, done=True)
        for mount in mounts.of_device(device)
        if mount.path not in own
    )
    return replace(entry, targets=targets)


def _shown_twice(device: str, path: str) -> bool:
    """Say whether just what a path shows of a device is shown once more, not only some folder of it."""
    shown = mounts.at(path)
    return shown is not None and sum(mount.root == shown.root for mount in mounts.of_device(device)) > 1


def own_paths(entry: Entry) -> Collection[str]:
    """Return where the volume is mounted or bound because it is staged, as the kernel's table has it."""
    return {mounts.resolved(path) for path in (entry.staging_path, marker(entry.staging_path))}


def device_shown(path: str) -> str:
    """Return the block device whose file system is mounted at a path, or which is bound there; "" when none is."""
    shown = mounts.at(path)
    if shown is None:
        return ""
    for device in (shown.source, f"/dev/{shown.root.rpartition('/')[2]}"):
        if blocks.is_device(device) and mounts.shows(shown, device):
            return device
    return ""


def marker(staging_path: str) -> str:
    """Return where a block volume's device is bound while it is staged."""
    return f"{staging_path.rstrip('/')}/{MARKER}"


def device_of(entry: Entry) -> Device | None:
    """Return the entry's device if its path still means the same device, else None.

    After a reboot the names of devices are dealt out anew; a loop device may
    have been given to another file.
    """
    device = entry.device
    if device is None or entry.boot_id != boot_id() or not blocks.is_device(device.path):
        return None
    if device.file_id and not is_same_file(blocks.file_id(device.path), device.file_id):
        return None
    return device


def is_live(entry: Entry) -> bool:
    """Say whether the volume is staged right now, as the entry says."""
    device = device_of(entry)
    if device is None or entry.state is not State.STAGED:
        return False
    path = entry.staging_path if entry.access.kind is Kind.MOUNT else marker(entry.staging_path)
    shown = mounts.at(path)
    return shown is not None and mounts.shows(shown, device.path)


def belongs(entry: Entry, path: str) -> bool:
    """Say whether a path shows the volume: a mount of it, its device bound there, or its device."""
    device = device_of(entry)
    if device is None or not path.startswith("/"):
        return False
    shown = mounts.at(path)
    if shown is not None:
        return mounts.shows(shown, device.path)
    return blocks.number(path) == blocks.number(device.path)
