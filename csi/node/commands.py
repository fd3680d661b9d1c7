"""The only door to programs: argv lists, never a shell, always with a time limit."""

import logging
import os
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol

from cinderblock.errors import BackendUnavailable, ConfigurationError

log = logging.getLogger(__name__)

#: Tool -> Debian package, for the message when it is missing.
_PACKAGES = {
    "blkid": "util-linux",
    "mount": "mount",
    "umount": "mount",
    "mkfs.ext2": "e2fsprogs",
    "mkfs.ext3": "e2fsprogs",
    "mkfs.ext4": "e2fsprogs",
    "e2fsck": "e2fsprogs",
    "resize2fs": "e2fsprogs",
    "mkfs.xfs": "xfsprogs",
    "xfs_growfs": "xfsprogs",
    "mkfs.btrfs": "btrfs-progs",
    "btrfs": "btrfs-progs",
    "btrfstune": "btrfs-progs",
}
_FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: How long a killed program may take to go; one in an uninterruptible call is left behind, seconds.
_GRACE_S = 5.0
_SHOWN = 300

_heirs: ContextVar["Heirs | None"] = ContextVar("heirs", default=None)


class CommandFailed(BackendUnavailable):
    """A program ended with a status that was not expected; `code` is that status."""

    def __init__(self, message: str, *, code: int, said: str) -> None:
        super().__init__(message)
        self.code = code
        self.said = said


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended, and what it wrote to standard output."""

    code: int
    out: str


class Runner(Protocol):
    """What runs programs; tests surround the real one."""

    def run(self, *argv: str, timeout_s: float = 60.0, accept: Collection[int] = (0,)) -> Ended:
        """Run a program to its end.

        Args:
            argv: the program and its arguments; none of them may be a secret.
            timeout_s: after so many seconds it is killed.
            accept: statuses that are answers, not failures.

        Raises:
            CommandFailed: any other status.
            ConfigurationError: the program is not installed.
            BackendUnavailable: it did not end in time.
        """


@dataclass(slots=True)
class Heirs:
    """The programs that have a descriptor open because they inherited it."""

    descriptor: int
    programs: list[subprocess.Popen[str]] = field(default_factory=list)

    def ended(self) -> bool:
        """Say whether all of them have ended; one that was killed may not have."""
        return all(program.poll() is not None for program in self.programs)


@contextmanager
def inherited_by(heirs: Heirs) -> Iterator[None]:
    """Let the programs that this thread runs meanwhile be heirs: they have the descriptor open as long as they live."""
    token = _heirs.set(heirs)
    try:
        yield
    finally:
        _heirs.reset(token)


class Commands:
    """The real programs of this machine."""

    def run(self, *argv: str, timeout_s: float = 60.0, accept: Collection[int] = (0,)) -> Ended:
        log.debug("command", extra={"argv": list(argv)})
        heirs = _heirs.get()
        environment = {"PATH": _FOLDERS, "LC_ALL": "C", "LIBMOUNT_FSTAB": os.devnull}
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                text=True,
                errors="replace",
                # A Ctrl-C at a terminal is for the driver, which lets its calls finish.
                process_group=0,
                pass_fds=(heirs.descriptor,) if heirs else (),
            )
        except FileNotFoundError as error:
            package = _PACKAGES.get(argv[0], argv[0])
            raise ConfigurationError(
                f"{argv[0]!r} is not installed on this node; install the package {package!r}"
            ) from error
        if heirs:
            heirs.programs.append(process)
        try:
            out, err = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise BackendUnavailable(f"{argv[0]!r} did not end within {timeout_s:.0f} s and was killed") from error
        if process.returncode not in accept:
            said = " ".join((err or out).split())
            raise CommandFailed(
                f"{argv[0]!r} ended with {process.returncode}: {said[:_SHOWN]}", code=process.returncode, said=said
            )
        return Ended(code=process.returncode, out=out)


def _end(process: subprocess.Popen[str]) -> None:
    """Kill a program; one that the kernel does not let go is left to its fate, its pipes are closed."""
    process.kill()
    try:
        process.wait(timeout=_GRACE_S)
    except subprocess.TimeoutExpired:
        log.warning("a killed program does not end", extra={"pid": process.pid})
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
