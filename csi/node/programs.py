"""Programs that outlive the call that began them.

A driver that is killed leaves behind the program that it waited for, and a
program that hangs in the kernel bears no kill. As long as one is at work on a
volume nobody else may be: it may come to open the device only when the
device's name belongs to another volume, and an unmount that is not seen in the
kernel's table any more may still be writing.

Each volume has a byte of one file, and its programs inherit a lock on that
byte. The kernel alone keeps it, across containers as well, and lets go of it
with the last of them.
"""

import fcntl
import hashlib
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cinderblock.errors import BackendUnavailable, OperationPending
from csi.node import commands
from csi.node.commands import Heirs

#: struct flock: type, whence, start, length, process. Source: fcntl(2), fcntl(2const).
_FLOCK = struct.Struct("@hhqqi0q")
#: The start of a lock must fit into a signed number of eight bytes.
_HASH_BYTES = 7


class Programs:
    """Which volumes programs are at work on.

    Args:
        file: holds nothing; it is made if it is absent.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        os.close(self._opened())

    @contextmanager
    def of(self, volume_id: str) -> Iterator[Heirs]:
        """Let every program that this thread runs meanwhile keep the volume until it has ended.

        For a volume that the caller has locked against other calls.

        Raises:
            OperationPending: one of an earlier call has not ended, perhaps of a process that was killed.
            BackendUnavailable: the file cannot be opened.
        """
        heirs = Heirs(self._opened())
        try:
            # A lock to read can be had on a read-only disk, too; that is the only one that is ever taken.
            if _asked(heirs, fcntl.F_OFD_GETLK, fcntl.F_WRLCK, volume_id) != fcntl.F_UNLCK:
                raise OperationPending(
                    f"a program of an earlier call is still at work on volume {volume_id!r} on this node; ask again"
                )
            _asked(heirs, fcntl.F_OFD_SETLK, fcntl.F_RDLCK, volume_id)
            with commands.inherited_by(heirs):
                yield heirs
        finally:
            if heirs.ended():
                # Closing would not do: what is being forked for another volume has it open, too, for a moment.
                _asked(heirs, fcntl.F_OFD_SETLK, fcntl.F_UNLCK, volume_id)
            os.close(heirs.descriptor)

    def _opened(self) -> int:
        try:
            return os.open(self._file, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise BackendUnavailable(f"the node's {self._file} cannot be opened: {error.strerror}") from error


def _asked(heirs: Heirs, command: int, kind: int, volume_id: str) -> int:
    """Ask the kernel for a lock of a kind on a volume's byte, or about one; return the kind that it answers."""
    start = int.from_bytes(hashlib.sha256(volume_id.encode()).digest()[:_HASH_BYTES])
    answer = fcntl.fcntl(heirs.descriptor, command, _FLOCK.pack(kind, os.SEEK_SET, start, 1, 0))
    return int(_FLOCK.unpack(answer)[0])
