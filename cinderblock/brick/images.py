"""qcow2 files as block devices: qemu-nbd serves an image's content to the kernel's network block devices.

Each image has a server of its own, which outlives this process and holds
QEMU's lock on the image. Source: qemu-nbd(8); linux/nbd.h.
"""

import os
import select
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from oslo_concurrency import processutils

from cinderblock import nbd
from cinderblock.brick import claims
from cinderblock.brick.connectors import is_installed
from cinderblock.errors import BackendUnavailable, ConfigurationError, DeviceMismatch, InUse
from cinderblock.host import is_same_file
from cinderblock.nbd import Server

_SYS_BLOCK = Path("/sys/block")
#: How long the kernel may take to show a device that is connected, or to let go of it, seconds.
_PATIENCE_S = 10.0
#: How long a server may take to write what it holds back, seconds.
_END_PATIENCE_S = 60.0

#: Devices that a thread tries to connect: one whose share hangs must not keep the others from theirs.
_taken: set[str] = set()
_taking = threading.Lock()


def identity(image: str) -> str:
    """Return an image's identity, as `cinderblock.host.Device.file_id`.

    Raises:
        OSError: there is none.
    """
    found = Path(image).stat()
    return f"{found.st_dev}:{found.st_ino}:{Path(image).name}"


def attach(image: str, *, sockets: Path, readonly: bool = False) -> Server:
    """Show an image as a block device; one that is shown already is found. The caller keeps others from the image.

    Args:
        image: the file.
        sockets: a folder whose path is short, for what server and kernel first meet at.
        readonly: nothing may write to the image.

    Raises:
        ConfigurationError: this node lacks what it takes, in words.
        BackendUnavailable: no device is free, or the image cannot be opened: another node may have it.
        DeviceMismatch: the server opened another file.
        InUse: it is shown read-only, but is to be written.
    """
    _require_tools(image)
    shown = find(identity(image)) or _made(image, sockets, readonly=readonly)
    if not _has_open(shown.process_id, image):
        detach(shown)
        raise DeviceMismatch(f"{shown.device} shows another file than {image!r}; it was let go")
    if not readonly and (_SYS_BLOCK / Path(shown.device).name / "ro").read_text(encoding="ascii").strip() == "1":
        raise InUse(f"{shown.device} over {image!r} is read-only, but the volume is to be written; unstage it first")
    return shown


def find(file_id: str) -> Server | None:
    """Return what shows the image of this identity, or None."""
    shown = (server for server in nbd.servers() if is_same_file(server.file_id, file_id))
    return next((server for server in shown if nbd.is_connected(server.device)), None)


def named(name: str) -> Iterator[Server]:
    """Yield what shows images of this name, which no two volumes have: the file itself may be gone."""
    return (server for server in nbd.servers() if server.file_id.split(":", 2)[2] == name)


def detach(shown: Server) -> None:
    """Let go of a device, and wait until all is in the image; one that is gone is success.

    Raises:
        InUse: it is mounted, or claimed; it was left alone.
        BackendUnavailable: the server does not end.
    """
    claims.require_free(shown.device)
    try:
        process = os.pidfd_open(shown.process_id)
    except ProcessLookupError:
        return
    try:
        _flush(shown.device)
        processutils.execute(nbd.PROGRAM, "--disconnect", shown.device)
        waiting = select.poll()
        waiting.register(process, select.POLLIN)
        # Never ended by force: that would lose what it still holds.
        if not waiting.poll(_END_PATIENCE_S * 1000):
            raise BackendUnavailable(f"the server {shown.process_id} of {shown.device} still writes; ask again")
    finally:
        os.close(process)
    # Where this process is the first one of its container, the server is its child by now.
    with suppress(ChildProcessError):
        os.waitpid(shown.process_id, os.WNOHANG)
    _wait(shown.device, connected=False)


def _require_tools(image: str) -> None:
    """Say what to do where there is no way from the image to a device."""
    lacking = ""
    if not is_installed(nbd.PROGRAM):
        lacking = f"the program {nbd.PROGRAM!r} (Debian has it in the package qemu-utils)"
    elif not any(_SYS_BLOCK.glob("nbd*")):
        lacking = "network block devices (load the kernel module 'nbd')"
    if lacking:
        raise ConfigurationError(
            f"the volume's file {image!r} has the format 'qcow2', for which this node lacks {lacking}; "
            "see to that, or delete the volume's snapshots, after which its file is raw again"
        )


def _made(image: str, sockets: Path, *, readonly: bool) -> Server:
    """Start a server on a free device, going on to the next one when another process takes it first."""
    sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
    for device in _free():
        with _reserved(device) as is_ours:
            if not is_ours:
                continue
            try:
                processutils.execute(nbd.PROGRAM, *_arguments(image, device, sockets, readonly=readonly))
            except processutils.ProcessExecutionError:
                if nbd.is_connected(device):
                    continue
                raise
            _wait(device, connected=True)
        shown = find(identity(image))
        if shown is None:
            raise BackendUnavailable(f"the server of {image!r} ended at once; see the log")
        return shown
    raise BackendUnavailable(
        "all network block devices of this node are in use; load the kernel module 'nbd' with a larger nbds_max"
    )


@contextmanager
def _reserved(device: str) -> Iterator[bool]:
    """Keep other threads from a device; tell whether none of them was faster."""
    with _taking:
        is_ours = device not in _taken
        _taken.add(device)
    try:
        yield is_ours
    finally:
        if is_ours:
            with _taking:
                _taken.discard(device)


def _arguments(image: str, device: str, sockets: Path, *, readonly: bool) -> Iterator[str]:
    """Describe the server: past the page cache, because the device has one already."""
    yield from ("--fork", f"{nbd.CONNECT}{device}", f"{nbd.DESCRIPTION}{identity(image)}")
    yield from (f"--socket={sockets / Path(device).name}", "--format=qcow2")
    yield from ("--cache=none", "--aio=threads", "--discard=unmap")
    if readonly:
        yield "--read-only"
    yield image


def _free() -> Iterator[str]:
    """Yield devices that show nothing, and that nobody still holds who was left without its content."""
    for folder in sorted(_SYS_BLOCK.glob("nbd*"), key=lambda each: int(each.name.removeprefix("nbd"))):
        device = f"/dev/{folder.name}"
        if not Path(device).exists():
            major, minor = (folder / "dev").read_text(encoding="ascii").split(":")
            os.mknod(device, 0o600 | stat.S_IFBLK, os.makedev(int(major), int(minor)))
        if not nbd.is_connected(device) and claims.is_free(device):
            yield device


def _wait(device: str, *, connected: bool) -> None:
    """Wait until the kernel has a device's content and size, or none any more.

    Raises:
        BackendUnavailable: that takes too long.
    """
    size = _SYS_BLOCK / Path(device).name / "size"
    deadline = time.monotonic() + _PATIENCE_S
    while nbd.is_connected(device) != connected or (connected and size.read_text(encoding="ascii").strip() == "0"):
        if time.monotonic() > deadline:
            raise BackendUnavailable(f"{device} did not {'appear' if connected else 'go'} within {_PATIENCE_S:g} s")
        time.sleep(0.02)


def _has_open(process_id: int, image: str) -> bool:
    """Say whether a process has the file open that has this name now."""
    wanted = Path(image).stat()
    for descriptor in Path(f"/proc/{process_id}/fd").iterdir():
        with suppress(OSError):
            found = descriptor.stat()
            if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
                return True
    return False


def _flush(device: str) -> None:
    """Write what the kernel still holds of a device; one that is not connected any more has nothing."""
    with suppress(OSError):
        descriptor = os.open(device, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
