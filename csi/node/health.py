"""What is wrong with a volume, or with this node's storage, as seen from this node."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cinderblock.errors import CinderblockError, NotFound
from csi.node import blocks, mounts
from csi.node.failures import Failures
from csi.node.journal import Entry, Journal, State
from csi.node.presence import Presence, device_of, is_live
from csi.node.wanted import Kind

_RUNNING = "running"
#: How file systems say, among their options, that they stopped writing after an error.
_STOPPED = frozenset({"ro", "emergency_ro", "shutdown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """`status` is the name of the spec's error type; `reason` one CamelCase word; `message` a sentence."""

    status: str
    reason: str
    message: str


class Health:
    """Looks at volumes; changes nothing."""

    def __init__(self, journal: Journal, failures: Failures) -> None:
        self._journal = journal
        self._presence = Presence(journal)
        self._failures = failures

    def of_volume(self, volume_id: str, staging_path: str) -> Sequence[Problem]:
        """Return what is wrong with a volume that is on this node, or was tried lately; nothing when it is fine.

        Raises:
            NotFound: it is not here.
        """
        entry = self._presence.known(volume_id, staging_path)
        failure = self._failures.of(volume_id)
        if entry is None and not failure:
            raise NotFound(f"volume {volume_id!r} is not on this node")
        if failure:
            return [Problem(status="INACCESSIBLE", reason="StageFailed", message=failure)]
        return [] if entry is None else list(_problems(entry))

    def of_storage(self) -> Sequence[Problem]:
        """Return what keeps this node from staging volumes; nothing when it is fine."""
        try:
            self._journal.check_writable()
        except CinderblockError as error:
            return [Problem(status="STORAGE_UNREACHABLE", reason="JournalNotWritable", message=str(error))]
        return []


def _problems(entry: Entry) -> list[Problem]:
    """Look at the device first: without it there is nothing else to see."""
    device = device_of(entry)
    if entry.state is not State.STAGED:
        return [_inaccessible("StageIncomplete", f"staging at {entry.staging_path!r} was cut off; repeat or undo it")]
    if device is None:
        return [_inaccessible("DeviceGone", f"the device of the volume is gone; unstage {entry.staging_path!r}")]
    found = []
    found.extend(_of_file(device.backing))
    found.extend(_of_paths(device.path))
    if not is_live(entry):
        found.append(
            _inaccessible("NotMounted", f"nothing of the volume is mounted at {entry.staging_path!r} any more")
        )
    elif entry.access.kind is Kind.MOUNT:
        found.extend(_of_file_system(entry))
    return found


def _of_file(backing: str) -> list[Problem]:
    """Look at the file behind a loop device, whose server may be gone."""
    try:
        if not backing or Path(backing).exists():
            return []
        reason = "is gone"
    except OSError as error:
        reason = f"does not answer: {error.strerror}"
    return [_inaccessible("BackingFileMissing", f"the volume's file {backing!r} {reason}")]


def _of_paths(device: str) -> list[Problem]:
    """Look at the SCSI paths under a device."""
    states = blocks.states(device)
    down = sorted(name for name, state in states.items() if state != _RUNNING)
    if not down:
        return []
    message = f"paths of {device} that do not run: " + ", ".join(f"{name} ({states[name]})" for name in down)
    if len(down) == len(states):
        return [_inaccessible("AllPathsDown", message)]
    return [Problem(status="DEGRADED", reason="PathDown", message=message)]


def _of_file_system(entry: Entry) -> list[Problem]:
    """Look whether the file system stopped writing, or counted errors."""
    shown = mounts.at(entry.staging_path)
    if shown is None:
        return []
    stopped = _STOPPED & shown.super_options
    if stopped and not entry.readonly:
        return [_inaccessible("ReadOnlyAfterErrors", f"{shown.fs_type} on {shown.source} became read-only by itself")]
    try:
        os.statvfs(entry.staging_path)
        # xfs that shut down still counts its blocks.
        Path(entry.staging_path).stat()
    except OSError as error:
        return [_inaccessible("FileSystemDoesNotAnswer", f"{shown.fs_type} on {shown.source}: {error.strerror}")]
    errors = _ext_errors(shown.source)
    if errors:
        message = f"{shown.fs_type} on {shown.source} counted {errors} errors; check it when it is unmounted"
        return [Problem(status="DEGRADED", reason="FileSystemErrors", message=message)]
    return []


def _ext_errors(source: str) -> int:
    """Return how many errors ext4 remembers in its superblock; 0 for other file systems."""
    try:
        return int((Path("/sys/fs/ext4") / Path(source).resolve().name / "errors_count").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _inaccessible(reason: str, message: str) -> Problem:
    return Problem(status="INACCESSIBLE", reason=reason, message=message)
