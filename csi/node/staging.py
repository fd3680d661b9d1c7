"""Staging: a volume becomes a device of this node, and a mounted file system.

Journalled before every effect. A stage that fails takes back all that it did
before it answers, because after a final error nobody calls unstage.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cinderblock import wwn
from cinderblock.concealment import conceal_named
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
from csi.node.journal import Entry, Journal, State, boot_id
from csi.node.presence import Presence, device_of, is_live, marker
from csi.node.wanted import SHARED_WRITER_MODES, Kind, StageWanted
from persistence.errors import PersistenceError
from persistence.records import Json
from persistence.seal import Sealer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the controller sent: how to connect, whether to write, and the device's identity ("" when not known)."""

    connection: Mapping[str, Json] = field(repr=False)
    readonly: bool
    wwn: str


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
            DeviceMismatch: the device that appeared is not the volume.
            BackendUnavailable: something failed that may work later, or could not be taken back.
        """
        _require_folder(wanted.staging_path)
        if wanted.access.kind is Kind.MOUNT and wanted.access.mode in SHARED_WRITER_MODES:
            raise InUse(f"{wanted.access.mode} is for block volumes: a file system mounted on two nodes is destroyed")
        published = self._opened(wanted)
        readonly = published.readonly or wanted.access.readonly
        found = self._presence.known(wanted.volume_id, wanted.staging_path)
        if found is not None and not found.connection and is_live(found) and self._adopted(found, wanted, published):
            return
        if found is not None and is_live(found):
            _require_equal(found, wanted, readonly=readonly)
            return
        if found is not None:
            # What a crash, or an earlier boot, left behind.
            self._undo(found)
        if mounts.at(wanted.staging_path) is not None:
            raise InUse(f"something else is mounted at {wanted.staging_path!r}; unmount it and repeat")
        attempt = _Attempt(self, _intent(wanted, published, readonly=readonly))
        try:
            attempt.run(published)
        except Exception as error:
            self._failures.note(wanted.volume_id, error)
            self._roll_back(attempt.entry, error)
            if isinstance(error, CinderblockError):
                raise
            raise BackendUnavailable(f"volume {wanted.volume_id!r} could not be staged, see the log") from error
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
        if entry is None or mounts.resolved(entry.staging_path) != mounts.resolved(staging_path):
            entry = self._presence.recovered(volume_id, staging_path)
            if entry is None and mounts.at(staging_path) is not None:
                raise InUse(f"what is mounted at {staging_path!r} is not volume {volume_id!r}; it was left alone")
        if entry is None:
            return
        self._require_unpublished(entry)
        self._undo(entry)
        self._failures.clear(volume_id)

    def _adopted(self, found: Entry, wanted: StageWanted, published: Published) -> bool:
        """Write a lost journal anew when what is staged is the volume that is wanted."""
        device = self._host.connect(published.connection)
        here = device_of(found)
        if here is None or blocks.number(here.path) != blocks.number(device.path):
            self._host.disconnect(published.connection, device)
            raise InUse(f"another volume is staged at {wanted.staging_path!r}; unstage that one first")
        readonly = published.readonly or wanted.access.readonly
        if (found.access.kind, found.access.fs_type) != (wanted.access.kind, wanted.access.fs_type):
            _require_equal(found, wanted, readonly=readonly)
        entry = _intent(wanted, published, readonly=readonly)
        self._journal.put(replace(entry, state=State.STAGED, device=device))
        return True

    def _opened(self, wanted: StageWanted) -> Published:
        """Read what the controller sealed."""
        try:
            text = self._sealer.open_text(wanted.connection, purpose=f"publish_context/{wanted.volume_id}")
            document = json.loads(text)
            connection = dict(document["connection_info"])
            published = Published(
                connection=connection, readonly=bool(document["readonly"]), wwn=str(document.get("wwn") or "")
            )
        except (PersistenceError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidRequest(
                f"publish_context of volume {wanted.volume_id!r} does not open here; "
                "controller and node need the same key_file, and the context must be the one of this volume"
            ) from error
        conceal_named(connection)
        if not published.readonly:
            return published
        data = connection.get("data")
        # The device itself refuses writes then, wherever the protocol lets it.
        return replace(published, connection={**connection, "data": {**dict(data or {}), "access_mode": "ro"}})

    def _require_unpublished(self, entry: Entry) -> None:
        """Refuse to take a device away from below a mount."""
        device = device_of(entry)
        if device is None:
            return
        own = {mounts.resolved(path) for path in (entry.staging_path, marker(entry.staging_path))}
        for mount in mounts.of_device(device.path):
            if mount.path not in own:
                raise InUse(f"volume {entry.volume_id!r} is still mounted at {mount.path!r}; unpublish it first")

    def _undo(self, entry: Entry) -> None:
        """Take back all that a stage did, in reverse; whatever is gone already is success."""
        if entry.access.kind is Kind.BLOCK:
            held = marker(entry.staging_path)
            mounts.unmount_all(self._runner, held)
            _remove_empty(held)
        mounts.unmount_all(self._runner, entry.staging_path)
        device = device_of(entry)
        if device is not None and blocks.is_readonly(device.path) and not entry.readonly:
            blocks.set_readonly(device.path, readonly=False)
        try:
            if device is not None or entry.connection:
                self._host.disconnect(entry.connection, device)
        except (InvalidRequest, ConfigurationError):
            # What cannot even be tried from here was never connected.
            if device is not None:
                raise
        self._journal.forget(entry.volume_id)

    def _roll_back(self, entry: Entry, error: Exception) -> None:
        """Undo a failed attempt; when that fails as well, the answer must not be final."""
        try:
            self._undo(entry)
        except Exception as second:
            log.exception("a failed stage could not be taken back", extra={"volume_id": entry.volume_id})
            reason = str(second) if isinstance(second, CinderblockError) else "see the log"
            raise BackendUnavailable(
                f"volume {entry.volume_id!r} could not be staged, nor could that be taken back yet: {reason}"
            ) from error

    # What an attempt needs of us.

    def write(self, entry: Entry) -> Entry:
        """Journal how far an attempt has come."""
        return self._journal.put(entry)

    def connect(self, entry: Entry, published: Published) -> Device:
        """Connect, and prove that the device is the volume.

        Raises:
            DeviceMismatch: it is not, or cannot be proven to be.
        """
        device = self._host.connect(published.connection)
        remembered = self._journal.identity(entry.volume_id)
        for known, whose in ((published.wwn, "the driver says"), (remembered, "it had when first staged here")):
            if not wwn.normal(known) or wwn.same(known, device.wwn):
                continue
            hint = "" if known == published.wwn else f"; after a migration remove {self._file(entry)}"
            shown = device.wwn or "no identity"
            self._host.disconnect(published.connection, device)
            raise DeviceMismatch(f"{device.path} shows {shown}, not the {known} that {whose}; it was not touched{hint}")
        return device

    def _file(self, entry: Entry) -> str:
        return self._journal.identity_file(entry.volume_id)

    def remember(self, entry: Entry) -> None:
        """Keep the device's identity for later stages."""
        if entry.device is not None and entry.device.wwn:
            self._journal.remember_identity(entry.volume_id, entry.device.wwn)

    @property
    def runner(self) -> Runner:
        """The programs."""
        return self._runner


class _Attempt:
    """One stage under way; `entry` is what would have to be undone now."""

    def __init__(self, staging: Staging, entry: Entry) -> None:
        self._staging = staging
        self.entry = entry

    def run(self, published: Published) -> None:
        """Go all the way."""
        staging = self._staging
        self.entry = staging.write(self.entry)
        device = staging.connect(self.entry, published)
        self.entry = replace(self.entry, device=device)
        staging.write(self.entry)
        if self.entry.access.kind is Kind.BLOCK:
            held = marker(self.entry.staging_path)
            Path(held).touch(mode=0o600)
            mounts.bind(staging.runner, device.path, held, readonly=False)
        else:
            mounting.mount_volume(staging.runner, self.entry, device.path)
        staging.remember(self.entry)
        self.entry = staging.write(replace(self.entry, state=State.STAGED))


def _intent(wanted: StageWanted, published: Published, *, readonly: bool) -> Entry:
    """Return the entry that says what is going to be done."""
    return Entry(
        volume_id=wanted.volume_id,
        state=State.STAGING,
        staging_path=wanted.staging_path,
        access=wanted.access,
        readonly=readonly,
        boot_id=boot_id(),
        connection=published.connection,
    )


def _require_folder(path: str) -> None:
    """Refuse a staging path that is not a real folder."""
    mounts.require_plain(path, what="staging_target_path")
    try:
        is_folder = Path(path).is_dir()
    except OSError as error:
        # A dead mount, perhaps; that is no fault of the request.
        raise BackendUnavailable(f"staging_target_path {path!r} cannot be looked at: {error.strerror}") from error
    if not is_folder:
        raise InvalidRequest(f"staging_target_path {path!r} is not a folder; the caller makes it")


def _require_equal(found: Entry, wanted: StageWanted, *, readonly: bool) -> None:
    """Refuse a second stage that differs from the first."""
    for what, is_now, asked in (
        ("at", mounts.resolved(found.staging_path), mounts.resolved(wanted.staging_path)),
        ("as", found.access.kind.value, wanted.access.kind.value),
        ("with file system", found.access.fs_type, wanted.access.fs_type),
        ("with mount flags", sorted(found.access.mount_flags), sorted(wanted.access.mount_flags)),
        ("with access mode", found.access.mode, wanted.access.mode),
        ("read-only", found.readonly, readonly),
    ):
        if is_now != asked:
            raise AlreadyExists(f"volume {wanted.volume_id!r} is staged {what} {is_now!r}, {asked!r} was asked")


def _remove_empty(path: str) -> None:
    """Remove the file that a device was bound over."""
    file = Path(path)
    if file.is_file() and not file.is_symlink() and file.stat().st_size == 0:
        file.unlink()
