"""PORT: what the node asks of the machine it runs on, to reach a volume.

One implementation uses os-brick (`cinderblock.brick.host`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from persistence.records import Json

ConnectionInfo = Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A block device of this host that shows a volume; `open` takes it for its path.

    `path` is what is mounted; `backing` is the file behind a loop device, else "",
    and `file_id` that file's "DEVICE:INODE:NAME": the folders above it may look
    different from another mount namespace, and numbers are given out again.
    `wwn` is the VPD page 0x83 identity where the protocol has one, else "".
    `brick` is what os-brick answered and wants back at disconnect.
    """

    path: str
    backing: str = ""
    file_id: str = ""
    wwn: str = ""
    brick: Mapping[str, Json]

    def __fspath__(self) -> str:
        return self.path


def is_same_file(shown: str, known: str) -> bool:
    """Compare what a loop device shows with the `file_id` that it had when it was made.

    An NFS client renames a file that is removed while it is open, to a name with its inode.
    """
    if shown == known:
        return True
    device, _, rest = shown.partition(":")
    inode, _, name = rest.partition(":")
    return known.startswith(f"{device}:{inode}:") and inode.isdigit() and name.startswith(f".nfs{int(inode):016x}")


class Host(Protocol):
    """The machine's initiators; verbs block, and may be repeated."""

    def connector_properties(self) -> Mapping[str, Json]:
        """Return os-brick's description of this machine (host, ip, initiator, nqn, …)."""

    def connect(self, connection_info: ConnectionInfo) -> Device:
        """Make the volume appear as a block device; one that is there already is found.

        Raises:
            InvalidRequest: this protocol or format cannot be reached from here, in words.
            BackendUnavailable: the volume's target does not answer.
            DeviceMismatch: what appeared is not the volume; it was let go, or left to whoever uses it.
        """

    def disconnect(self, connection_info: ConnectionInfo, device: Device | None) -> None:
        """Make the device go; one that is gone is success.

        An empty `connection_info` means that it was lost: the device alone is let go.

        Raises:
            InUse: the device is mounted, claimed or, where that can be told, open; it was left alone.
        """

    def prove(self, device: Device) -> None:
        """Ask a device that was connected before which volume it shows now.

        Raises:
            DeviceMismatch: another one; it was left alone, because somebody may use it.
            BackendUnavailable: it does not say any more.
        """

    def refresh_size(self, connection_info: ConnectionInfo, device: Device) -> int:
        """Make the kernel see the volume's present size; return it in bytes.

        Raises:
            DeviceMismatch: the device shows another volume by now; it was left alone.
        """
