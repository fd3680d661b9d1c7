"""Staging: a volume becomes a device of this node, and a mounted file system.

Journalled before every effect. A stage that fails takes back all that it did
before it answers, because after a final error nobody calls unstage; where that
fails as well, the answer is not final.
"""

import logging
from dataclasses import replace
from pathlib import Path

from cinderblock import wwn
from cinderblock.boot import boot_id
from cinderblock.errors import (
    AlreadyExists,
    BackendUnavailable,
    CinderblockError,
    ConfigurationError,
    DeviceMismatch,
    InUse,
    InvalidRequest,
)
from cinderblock.host import Device, Host
from csi.node import blocks, mounting, mounts
from csi.node.commands import Runner
from csi.node.failures import Failures
from csi.node.journal import Entry, Journal, State
from csi.node.presence import Presence, device_of, is_live, marker, own_paths
from csi.node.published import Published, opened
from csi.node.wanted import SHARED_WRITER_MODES, Kind, StageWanted
from persistence.seal import Sealer

log = logging.getLogger(__name__)


class Staging:
    """Stage and unstage, for volumes that the caller has locked."""

    def __init__(self, *, journal: Journal, host: Host, runner: Runner, sealer: Sealer, failures: Failures) -> None:
        self._journal = journal
        self._presence = Presence(journal)
        self._host = host
        self._runner = runner
        self._sealer = sealer
        self._failures = failures

    def stage(self, wanted: StageWanted) -> None:
        """Make the volume usable at the staging path; one that is staged just so is left alone.

        Raises:
            InvalidRequest: the path, the context or the combination can never work.
            AlreadyExists: it is staged in another way.
            InUse: what lies on the device forbids it, or something else is at the path.
            DeviceMismatch: the device that appeared, or that was staged, is not the volume.
            BackendUnavailable: something failed that may work later, or could not be taken back.
        """
        mounts.require_plain(wanted.staging_path, what="staging_target_path")
        if wanted.access.kind is Kind.MOUNT and wanted.access.mode in SHARED_WRITER_MODES:
            raise InUse(f"{wanted.access.mode} is for block volumes: a file system mounted on two nodes is destroyed")
        published = opened(self._sealer, wanted)
        found = self._presence.known(wanted.volume_id, wanted.staging_path)
        if found is not None and is_live(found):
            self._recognise(found, wanted, published)
            return
        _require_folder(wanted.staging_path)
        if found is not None:
            # What a crash, or an earlier boot, left behind.
            self._take_back(found)
        if mounts.at(wanted.staging_path) is not None:
            raise InUse(f"something else is mounted at {wanted.staging_path!r}; unmount it and repeat")
        self._attempt(_intent(wanted, published), published)
        self._failures.clear(wanted.volume_id)

    def unstage(self, volume_id: str, staging_path: str) -> None:
        """Undo a stage from the journal, or from the mounts; a volume that is not staged there is success.

        Raises:
            InvalidRequest: the path is no place to have staged anything.
            InUse: it is still published or used; it stays staged.
            BackendUnavailable: the device could not be let go.
        """
        mounts.require_plain(staging_path, what="staging_target_path")
        entry = self._journal.get(volume_id)
        if entry is not None and mounts.resolved(entry.staging_path) != mounts.resolved(staging_path):
            if any(mounts.at(path) is not None for path in (staging_path, marker(staging_path))):
                raise InUse(
                    f"volume {volume_id!r} is staged at {entry.staging_path!r}; what is mounted at {staging_path!r} "
                    "was left alone"
                )
            return
        entry = entry or self._presence.recovered(volume_id, staging_path)
        if entry is None:
            if mounts.at(staging_path) is not None:
                raise InUse(f"what is mounted at {staging_path!r} is not volume {volume_id!r}; it was left alone")
            return
        _require_unpublished(entry)
        self._undo(entry)
        self._failures.clear(volume_id)

    def _recognise(self, found: Entry, wanted: StageWanted, published: Published) -> None:
        """Leave a live stage alone if it is what is wanted; complete an entry that was rebuilt from the mounts."""
        intent = _intent(wanted, published)
        here = device_of(found)
        if found.connection:
            _require_equal(found, intent)
            if here is not None:
                self._host.prove(here)
            return
        device = self._host.connect(published.connection)
        if here is None or blocks.number(here.path) != blocks.number(device.path):
            if not mounts.of_device(device.path):
                self._host.disconnect(published.connection, device)
            raise InUse(f"another volume is staged at {wanted.staging_path!r}; unstage that one first")
        # With which flags and in which mode is not to be had from the mounts.
        known = replace(found.access, mode=wanted.access.mode, mount_flags=wanted.access.mount_flags)
        _require_equal(replace(found, access=known), intent)
        self._prove(replace(intent, device=device), device, published)
        self._journal.put(replace(intent, state=State.STAGED, device=device, targets=found.targets))

    def _attempt(self, entry: Entry, published: Published) -> None:
        """Go all the way, or back to where it began."""
        try:
            self._journal.put(entry)
            device = self._host.connect(published.connection)
            entry = replace(entry, device=device)
            with blocks.held(device.path):
                self._prove(entry, device, published)
                self._journal.put(entry)
                self._show(entry, device)
            if device.wwn:
                self._journal.remember_identity(entry.volume_id, published.incarnation, device.wwn)
            self._journal.put(replace(entry, state=State.STAGED))
        except Exception as error:
            self._failures.note(entry.volume_id, error)
            # What the host found not to be the volume, it has let go of, or left to others.
            left_to_host = isinstance(error, DeviceMismatch) and entry.device is None
            self._take_back(entry, disconnect=not left_to_host, because=error)
            if isinstance(error, CinderblockError):
                raise
            raise BackendUnavailable(f"volume {entry.volume_id!r} could not be staged, see the log") from error

    def _show(self, entry: Entry, device: Device) -> None:
        """Mount the file system, or bind the device where a later process finds it."""
        if entry.access.kind is Kind.MOUNT:
            mounting.mount_volume(self._runner, entry, device.path)
            return
        held = marker(entry.staging_path)
        Path(held).touch(mode=0o600)
        mounts.bind(self._runner, device.path, held, readonly=False)

    def _prove(self, entry: Entry, device: Device, published: Published) -> None:
        """Refuse a device that is not the volume.

        Raises:
            DeviceMismatch: it is not, or cannot be proven to be.
            BackendUnavailable: its name went to another device since it was connected.
        """
        if device_of(entry) is None:
            raise BackendUnavailable(f"{device.path} was taken away while volume {entry.volume_id!r} was connected")
        hint = ""
        known, whose = published.wwn, "the driver says"
        if not wwn.normal(known):
            known = self._journal.identity(entry.volume_id, published.incarnation)
            whose = "it had when first staged here"
            hint = f"; after a migration remove {self._journal.identity_file(entry.volume_id)}"
        if wwn.normal(known) and not wwn.same(known, device.wwn):
            shown = device.wwn or "no identity"
            raise DeviceMismatch(f"{device.path} shows {shown}, not the {known} that {whose}; it was not touched{hint}")

    def _undo(self, entry: Entry, *, disconnect: bool = True) -> None:
        """Take back all that a stage did, in reverse; whatever is gone already is success."""
        if entry.access.kind is Kind.BLOCK:
            held = marker(entry.staging_path)
            mounts.unmount_all(self._runner, held)
            _remove_empty(held)
        else:
            _require_own(entry)
            mounts.unmount_all(self._runner, entry.staging_path)
        device = device_of(entry)
        if device is not None:
            _require_unpublished(entry)
            if any(target.readonly for target in entry.targets) and not entry.readonly:
                blocks.set_readonly(device.path, readonly=False)
        try:
            if disconnect and (device is not None or entry.connection):
                self._host.disconnect(entry.connection, device)
        except (InvalidRequest, ConfigurationError):
            # What cannot even be tried from here was never connected.
            if device is not None:
                raise
        self._journal.forget(entry.volume_id)

    def _take_back(self, entry: Entry, *, disconnect: bool = True, because: Exception | None = None) -> None:
        """Undo what is left of an attempt; when that fails, the answer must not be final."""
        try:
            self._undo(entry, disconnect=disconnect)
        except Exception as error:
            log.exception("a stage could not be taken back", extra={"volume_id": entry.volume_id})
            reason = str(error) if isinstance(error, CinderblockError) else "see the log"
            raise BackendUnavailable(
                f"volume {entry.volume_id!r} could not be staged, and what is left of that could not be taken back "
                f"yet: {reason}"
            ) from because or error


def _intent(wanted: StageWanted, published: Published) -> Entry:
    """Return the entry that says what is going to be done."""
    return Entry(
        volume_id=wanted.volume_id,
        state=State.STAGING,
        staging_path=wanted.staging_path,
        access=wanted.access,
        readonly=published.readonly or wanted.access.readonly,
        boot_id=boot_id(),
        connection=published.connection,
    )


def _require_folder(path: str) -> None:
    """Refuse a staging path that is not a real folder."""
    try:
        is_folder = Path(path).is_dir()
    except OSError as error:
        # A dead mount, perhaps; that is no fault of the request.
        raise BackendUnavailable(f"staging_target_path {path!r} cannot be looked at: {error.strerror}") from error
    if not is_folder:
        raise InvalidRequest(f"staging_target_path {path!r} is not a folder; the caller makes it")


def _require_equal(found: Entry, wanted: Entry) -> None:
    """Refuse a second stage that differs from the first."""
    for what, is_now, asked in (
        ("at", mounts.resolved(found.staging_path), mounts.resolved(wanted.staging_path)),
        ("as", found.access.kind.value, wanted.access.kind.value),
        ("with file system", found.access.fs_type, wanted.access.fs_type),
        ("with mount flags", sorted(found.access.mount_flags), sorted(wanted.access.mount_flags)),
        ("with access mode", found.access.mode, wanted.access.mode),
        ("read-only", found.readonly, wanted.readonly),
    ):
        if is_now != asked:
            raise AlreadyExists(f"volume {wanted.volume_id!r} is staged {what} {is_now!r}, {asked!r} was asked")


def _require_unpublished(entry: Entry) -> None:
    """Refuse to take a device away from below a mount."""
    device = device_of(entry)
    if device is not None:
        own = own_paths(entry)
        others = [mount.path for mount in mounts.of_device(device.path) if mount.path not in own]
    elif entry.boot_id == boot_id():
        # The device is gone, but its mounts may still be there, dead.
        others = [target.path for target in entry.targets if mounts.at(target.path) is not None]
    else:
        others = []
    if others:
        raise InUse(f"volume {entry.volume_id!r} is still mounted at {others[0]!r}; unpublish it first")


def _require_own(entry: Entry) -> None:
    """Refuse to unmount what is not the volume's; of a device that is gone, only the name is left in the table."""
    shown, device = mounts.at(entry.staging_path), device_of(entry)
    if shown is None:
        return
    if not (mounts.shows(shown, device.path) if device is not None else shown.source.startswith("/dev/")):
        raise InUse(
            f"{shown.source!r} is mounted at {entry.staging_path!r}, which is not volume {entry.volume_id!r}; "
            "it was left alone"
        )


def _remove_empty(path: str) -> None:
    """Remove the file that a device was bound over."""
    file = Path(path)
    if file.is_file() and not file.is_symlink() and file.stat().st_size == 0:
        file.unlink()
