"""What this node has staged: one file per volume, written before and after every effect.

A file survives the process and, fsynced, a power cut. Connection data is
sealed; the folder is root's alone. The identity of a volume's device outlives
the stage, so that the next stage can tell whether a LUN was reused.
"""

import hashlib
import json
import logging
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from cinderblock.errors import BackendUnavailable
from cinderblock.host import ConnectionInfo, Device
from csi.node.wanted import Access, Kind
from persistence.errors import PersistenceError
from persistence.records import Json
from persistence.seal import Sealer

log = logging.getLogger(__name__)

FORMAT = 1
#: What of a device is written in the clear.
_DEVICE = ("path", "backing", "file_id", "wwn")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
#: How many volumes' identities are remembered after their last stage; the oldest go first.
_IDENTITIES = 4096


class State(StrEnum):
    """How far a stage has come."""

    STAGING = "staging"
    STAGED = "staged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a volume is published; `done` once it is bound as wanted, `mode` "" when it is not known any more."""

    path: str
    readonly: bool
    mode: str
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A volume on this node.

    `connection` is {} when it is not known (a journal rebuilt from the mounts).
    `device` is None until it is connected. `boot_id` tells whether paths of
    devices still mean what they meant. `readonly` is the stage's, for good.
    """

    volume_id: str
    state: State
    staging_path: str
    access: Access
    readonly: bool
    boot_id: str
    connection: ConnectionInfo = field(default_factory=dict, repr=False)
    device: Device | None = None
    targets: tuple[Target, ...] = ()

    def with_target(self, target: Target) -> "Entry":
        """Return the entry with a target added or changed."""
        return replace(self.without_target(target.path), targets=(*self.without_target(target.path).targets, target))

    def without_target(self, path: str) -> "Entry":
        """Return the entry without the target at a path."""
        return replace(self, targets=tuple(each for each in self.targets if each.path != path))


class Journal:
    """The folder of entries; several threads may work on different volumes."""

    def __init__(self, folder: Path, sealer: Sealer) -> None:
        self._folder = folder
        self._identities = folder / "identities"
        self._sealer = sealer
        for each in (folder, self._identities):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
            each.chmod(0o700)
        for leftover in folder.glob("**/.new-*"):
            leftover.unlink(missing_ok=True)

    def get(self, volume_id: str) -> Entry | None:
        """Return the volume's entry, or None; one that is damaged is logged and counts as lost.

        Raises:
            BackendUnavailable: there is one, but it cannot be read now.
        """
        path = self._path(volume_id)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            # Not lost: to go on without it would be to forget what is connected.
            raise BackendUnavailable(f"the node's journal {path} cannot be read: {error.strerror}") from error
        try:
            return self._decoded(volume_id, json.loads(content))
        except (ValueError, KeyError, TypeError, AttributeError):
            log.exception("journal entry unusable", extra={"volume_id": volume_id})
            return None

    def put(self, entry: Entry) -> Entry:
        """Write the entry, on disk before this returns; return it.

        Raises:
            BackendUnavailable: the journal cannot be written.
        """
        self._write(self._path(entry.volume_id), json.dumps(self._encoded(entry), indent=1))
        return entry

    def forget(self, volume_id: str) -> None:
        """Remove the entry; one that is gone is success.

        Raises:
            BackendUnavailable: the journal cannot be written.
        """
        try:
            self._path(volume_id).unlink(missing_ok=True)
            _sync_folder(self._folder)
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def count(self) -> int:
        """Return how many volumes have an entry, readable or not; cheap."""
        return sum(1 for _ in self._folder.glob("*.json"))

    def volume_ids(self) -> list[str]:
        """Return the volumes with a readable entry."""
        found = []
        for path in self._folder.glob("*.json"):
            try:
                found.append(str(json.loads(path.read_text(encoding="utf-8"))["volume_id"]))
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return sorted(found)

    def identity(self, volume_id: str, incarnation: str) -> str:
        """Return the WWN that the volume had when it was first staged here, or "".

        Args:
            volume_id: the volume.
            incarnation: tells this publishing of it from an earlier one, after
                which it may have another identity; "" when the controller does not say.
        """
        try:
            wwn, _, whose = self._identity_path(volume_id).read_text(encoding="ascii").strip().partition(" ")
        except (OSError, UnicodeDecodeError):
            return ""
        return wwn if whose == incarnation else ""

    def remember_identity(self, volume_id: str, incarnation: str, wwn: str) -> None:
        """Keep the WWN of a volume beyond its stage.

        Raises:
            BackendUnavailable: the journal cannot be written.
        """
        if self.identity(volume_id, incarnation) == wwn:
            return
        self._write(self._identity_path(volume_id), f"{wwn} {incarnation}\n")
        kept = sorted(self._identities.glob("*.wwn"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in kept[_IDENTITIES:]:
            old.unlink(missing_ok=True)

    def check_writable(self) -> None:
        """Write and remove a file, as an entry would be.

        Raises:
            BackendUnavailable: that does not work.
        """
        probe = self._folder / "probe"
        self._write(probe, "")
        probe.unlink(missing_ok=True)

    def identity_file(self, volume_id: str) -> str:
        """Return the file to remove when a volume's identity changed on purpose (a migration)."""
        return str(self._identity_path(volume_id))

    def _path(self, volume_id: str) -> Path:
        return self._folder / f"{_name(volume_id)}.json"

    def _identity_path(self, volume_id: str) -> Path:
        return self._identities / f"{_name(volume_id)}.wwn"

    def _encoded(self, entry: Entry) -> Mapping[str, Json]:
        """Turn an entry into JSON; what may be secret is sealed."""
        device = entry.device
        secret = {"connection": entry.connection, "brick": device.brick if device else {}}
        return {
            "format": FORMAT,
            "volume_id": entry.volume_id,
            "state": entry.state.value,
            "staging_path": entry.staging_path,
            "access": asdict(entry.access),
            "readonly": entry.readonly,
            "boot_id": entry.boot_id,
            "device": {name: getattr(device, name) for name in _DEVICE} if device else None,
            "targets": [asdict(target) for target in entry.targets],
            "sealed": self._sealer.seal_text(json.dumps(secret), purpose=_purpose(entry.volume_id)),
        }

    def _decoded(self, volume_id: str, document: Mapping[str, object]) -> Entry:
        """Turn JSON into an entry; a seal that does not open leaves only the connection unknown."""
        if document["format"] != FORMAT or document["volume_id"] != volume_id:
            raise ValueError(f"format {document['format']!r} of volume {document['volume_id']!r}")
        secret: dict[str, dict[str, Json]] = {"connection": {}, "brick": {}}
        try:
            secret = json.loads(self._sealer.open_text(str(document["sealed"]), purpose=_purpose(volume_id)))
        except (PersistenceError, ValueError):
            log.exception("connection in the journal cannot be opened", extra={"volume_id": volume_id})
        access, device, targets = document["access"], document["device"], document["targets"]
        if not isinstance(access, dict) or not isinstance(targets, list):
            raise TypeError("access or targets")
        flags = tuple(access.pop("mount_flags"))
        return Entry(
            volume_id=volume_id,
            state=State(str(document["state"])),
            staging_path=str(document["staging_path"]),
            access=Access(**{**access, "kind": Kind(access["kind"]), "mount_flags": flags}),
            readonly=bool(document["readonly"]),
            boot_id=str(document["boot_id"]),
            connection=secret["connection"],
            device=Device(**device, brick=secret["brick"]) if isinstance(device, dict) else None,
            targets=tuple(Target(**target) for target in targets),
        )

    def _write(self, path: Path, text: str) -> None:
        """Replace a file in one step, and wait until it is on disk."""
        try:
            descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            _sync_folder(path.parent)
        except OSError as error:
            raise _unwritable(path.parent, error) from error


def _unwritable(folder: Path, error: OSError) -> BackendUnavailable:
    return BackendUnavailable(f"the node's journal {folder} cannot be written: {error.strerror}")


def _purpose(volume_id: str) -> str:
    """Bind a seal to its volume."""
    return f"journal/{volume_id}"


def _name(volume_id: str) -> str:
    """Return a file's name for any volume id."""
    if _PLAIN_NAME.fullmatch(volume_id):
        return volume_id
    return "sha256-" + hashlib.sha256(volume_id.encode()).hexdigest()


def _sync_folder(folder: Path) -> None:
    """Make a rename or a removal in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
