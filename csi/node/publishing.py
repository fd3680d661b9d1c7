"""Publishing: a staged volume becomes visible at a workload's path, by a bind mount."""

import logging
import os
import stat
from dataclasses import replace
from pathlib import Path

from cinderblock.errors import AlreadyExists, BackendUnavailable, CinderblockError, InUse, InvalidRequest
from cinderblock.host import Device, Host
from csi.node import blocks, mounts
from csi.node.commands import Runner
from csi.node.journal import Entry, Journal, Target
from csi.node.presence import Presence, belongs, device_of, device_shown, is_live
from csi.node.wanted import MANY_TARGETS, Kind, PublishWanted

log = logging.getLogger(__name__)


class Publishing:
    """Publish and unpublish, for volumes that the caller has locked."""

    def __init__(self, *, journal: Journal, host: Host, runner: Runner) -> None:
        self._journal = journal
        self._presence = Presence(journal)
        self._host = host
        self._runner = runner

    def publish(self, wanted: PublishWanted) -> None:
        """Show the staged volume at the target path; one that is shown there just so is left alone.

        Raises:
            InvalidRequest: the path can never be a target.
            AlreadyExists: it is published there in another way.
            InUse: it is not staged there, or its access mode allows no second target.
            DeviceMismatch: the device that was staged shows another volume by now.
        """
        mounts.require_plain(wanted.target_path, what="target_path")
        entry, device = self._staged(wanted)
        readonly = wanted.readonly or entry.readonly or wanted.access.readonly
        target = Target(path=mounts.resolved(wanted.target_path), readonly=readonly, mode=wanted.access.mode)
        shown = mounts.at(target.path)
        before = next((each for each in entry.targets if each.path == target.path), None)
        if shown is not None and not mounts.shows(shown, device.path):
            raise InUse(f"something else is mounted at {target.path!r}; unmount it and repeat")
        if shown is not None and (before is None or before.done):
            _require_equal(entry, wanted, target, before, shown_readonly=_is_readonly(entry, shown, device))
            target = replace(target, done=True)
            if before != target:
                self._journal.put(entry.with_target(target))
            return
        if entry.access.kind is not wanted.access.kind:
            raise InUse(
                f"volume {wanted.volume_id!r} is staged as {entry.access.kind.value}, "
                f"{wanted.access.kind.value} was asked; unstage it first"
            )
        entry = self._without_stale(entry)
        _require_allowed(entry, wanted, target)
        mounts.unmount_all(self._runner, target.path)
        _make(entry, target.path)
        entry = self._journal.put(entry.with_target(target))
        try:
            self._bind(entry, device, target)
        except Exception as error:
            self._take_back(entry, target, error)
            if isinstance(error, CinderblockError):
                raise
            raise BackendUnavailable(f"volume {wanted.volume_id!r} could not be published, see the log") from error
        self._journal.put(entry.with_target(replace(target, done=True)))

    def unpublish(self, volume_id: str, target_path: str) -> None:
        """Take the volume from the target path and remove the path; one that is gone is success.

        Raises:
            InvalidRequest: the path can never have been a target.
            InUse: a process uses it, or it holds what is not ours.
        """
        mounts.require_plain(target_path, what="target_path")
        where = mounts.resolved(target_path)
        entry = self._journal.get(volume_id)
        if mounts.at(where) is not None and not self._is_of(entry, where):
            raise InUse(f"what is mounted at {where!r} is not volume {volume_id!r}; it was left alone")
        if entry is not None:
            self._withdraw(entry, where)
            return
        mounts.unmount_all(self._runner, where)
        _remove(where)

    def _is_of(self, entry: Entry | None, where: str) -> bool:
        """Say whether what is mounted at a path is the volume, or may be where the journal has nothing of it."""
        if entry is not None and (any(target.path == where for target in entry.targets) or belongs(entry, where)):
            return True
        device = device_shown(where)
        return entry is None and device != "" and not self._presence.owner_of(device)

    def _staged(self, wanted: PublishWanted) -> tuple[Entry, Device]:
        """Return what is staged, as it really is."""
        entry = self._presence.known(wanted.volume_id, wanted.staging_path)
        if entry is None or mounts.resolved(entry.staging_path) != mounts.resolved(wanted.staging_path):
            raise InUse(f"volume {wanted.volume_id!r} is not staged at {wanted.staging_path!r}; stage it first")
        device = device_of(entry)
        if device is None or not is_live(entry):
            raise InUse(
                f"volume {wanted.volume_id!r} was staged at {wanted.staging_path!r}, but is not mounted "
                "there any more; stage it again"
            )
        self._host.prove(device)
        return entry, device

    def _without_stale(self, entry: Entry) -> Entry:
        """Forget targets at which nothing is mounted any more."""
        kept = tuple(target for target in entry.targets if belongs(entry, target.path))
        return replace(entry, targets=kept)

    def _bind(self, entry: Entry, device: Device, target: Target) -> None:
        """Bind the volume over its target."""
        if entry.access.kind is Kind.BLOCK:
            blocks.set_readonly(device.path, readonly=target.readonly)
            mounts.bind(self._runner, device.path, target.path, readonly=False)
        else:
            mounts.bind(self._runner, entry.staging_path, target.path, readonly=target.readonly)
        if not belongs(entry, target.path):
            raise BackendUnavailable(f"{device.path} was bound, but {target.path!r} does not show it")

    def _take_back(self, entry: Entry, target: Target, error: Exception) -> None:
        """Undo a failed publish; when that fails as well, the answer must not be final."""
        try:
            self._withdraw(entry, target.path)
        except Exception as second:
            log.exception("a failed publish could not be taken back", extra={"volume_id": entry.volume_id})
            reason = str(second) if isinstance(second, CinderblockError) else "see the log"
            raise BackendUnavailable(
                f"volume {entry.volume_id!r} could not be published at {target.path!r}, "
                f"nor could that be taken back yet: {reason}"
            ) from error

    def _withdraw(self, entry: Entry, path: str) -> None:
        """Take a target away, and let a block volume be written again when its last reader is gone."""
        mounts.unmount_all(self._runner, path)
        _remove(path)
        entry = entry.without_target(path)
        device = device_of(entry)
        if device is not None and entry.access.kind is Kind.BLOCK and not entry.readonly:
            others = self._without_stale(entry).targets
            if not any(target.readonly for target in others):
                blocks.set_readonly(device.path, readonly=False)
        if self._journal.get(entry.volume_id) is None:
            return
        try:
            self._journal.put(entry)
        except BackendUnavailable as error:
            # On a full disk, too, volumes are let go of; a target with nothing mounted is forgotten at the next change.
            log.warning("a target that is gone stays in the journal", extra={"target": path, "cause": str(error)})


def _require_equal(
    entry: Entry, wanted: PublishWanted, target: Target, before: Target | None, *, shown_readonly: bool
) -> None:
    """Refuse to publish differently what is published at the path already."""
    for what, is_now, asked in (
        ("as", entry.access.kind.value, wanted.access.kind.value),
        ("read-only", shown_readonly, target.readonly),
        ("with access mode", before.mode if before is not None and before.mode else target.mode, target.mode),
        ("with file system", entry.access.fs_type, wanted.access.fs_type),
    ):
        if is_now != asked:
            raise AlreadyExists(
                f"volume {wanted.volume_id!r} is published at {target.path!r} {what} {is_now!r}, {asked!r} was asked"
            )


def _require_allowed(entry: Entry, wanted: PublishWanted, target: Target) -> None:
    """Refuse a second target that the access mode forbids, and a mix of readers and writers on one block device."""
    others = [each for each in entry.targets if each.path != target.path]
    if others and (
        wanted.access.mode not in MANY_TARGETS or any(each.mode not in ("", *MANY_TARGETS) for each in others)
    ):
        raise InUse(
            f"volume {wanted.volume_id!r} is published at {others[0].path!r} already, "
            f"and {wanted.access.mode} allows one target; unpublish that one first"
        )
    if wanted.access.kind is Kind.BLOCK and any(each.readonly != target.readonly for each in others):
        raise InUse(
            f"block volume {wanted.volume_id!r} is published {'writable' if target.readonly else 'read-only'} at "
            f"{others[0].path!r}; one device is either read-only or writable"
        )


def _is_readonly(entry: Entry, shown: mounts.Mount, device: Device) -> bool:
    """Say whether a published volume refuses writes there."""
    if entry.access.kind is Kind.BLOCK:
        return blocks.is_readonly(device.path)
    return shown.readonly


def _make(entry: Entry, path: str) -> None:
    """Make what the volume is bound over."""
    try:
        if entry.access.kind is Kind.BLOCK:
            _make_file(path)
        else:
            _make_folder(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InvalidRequest(f"the folder above target_path {path!r} is absent; the caller makes it") from error
    except OSError as error:
        raise BackendUnavailable(f"target_path {path!r} cannot be made: {error.strerror}") from error


def _make_folder(path: str) -> None:
    """Make a target folder; one that is there is used."""
    try:
        Path(path).mkdir(mode=0o750)
    except FileExistsError:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise InvalidRequest(f"target_path {path!r} is there and no folder; remove it and repeat") from None


def _make_file(path: str) -> None:
    """Make the file that a device is bound over; an empty one that is there is used."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        entry = os.lstat(path)
        if not stat.S_ISREG(entry.st_mode) or entry.st_size:
            raise InvalidRequest(f"target_path {path!r} is there and no empty file; remove it and repeat") from None


def _remove(path: str) -> None:
    """Remove an empty folder or an empty file; anything else is not ours."""
    try:
        entry = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        if stat.S_ISDIR(entry.st_mode):
            Path(path).rmdir()
            return
    except OSError as error:
        raise InUse(f"target_path {path!r} is not empty although nothing is mounted there; look into it") from error
    if not stat.S_ISREG(entry.st_mode) or entry.st_size:
        raise InUse(f"target_path {path!r} is no empty file although nothing is mounted there; look into it")
    Path(path).unlink()
