"""What the machine and the answers show: evidence that nothing was touched, and nothing told."""

import hashlib
import re
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from csi.node import mounts

#: What an answer never holds: tracebacks, types and modules of Python, places in the code.
INSIDES = re.compile(
    r"Traceback|File \"|line \d+, in|\.py\b|\bat 0x[0-9a-f]+|PosixPath|<class|NoneType|\(sqlite3|\[SQL"
    r"|\b[A-Za-z]+(?:Error|Exception)\b"
    r"|\b(?:cinder|oslo_\w+|os_brick|sqlalchemy|sqlite3|cinderblock|persistence|csi)\.(?!storage\b)[a-z_]+\.\w"
)


def tells_insides(text: str, *, sent: bytes) -> bool:
    """Say whether an answer shows what is inside of the driver; what was sent may come back."""
    return any(found[0].encode() not in sent for found in INSIDES.finditer(text))


def mounted_below(folder: Path) -> list[str]:
    """Return the paths in a folder that something is mounted at."""
    return sorted(mount.path for mount in mounts.table() if Path(mount.path).is_relative_to(folder))


def backing_files(folder: Path) -> list[str]:
    """Return the files of a folder that loop devices are over."""
    found = []
    for file in Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            found.append(file.read_text().rstrip("\n"))
        except OSError:
            # Detached meanwhile, by somebody else.
            continue
    return sorted(file for file in found if Path(file).is_relative_to(folder))


def swept(folder: Path) -> list[str]:
    """Unmount and detach by hand what is left in a folder; return what that was, nothing when all is well."""
    left = [*mounted_below(folder), *backing_files(folder)]
    for mount in reversed(mounts.table()):
        if Path(mount.path).is_relative_to(folder):
            subprocess.run(["umount", mount.path], check=False)
    for file in backing_files(folder):
        listed = subprocess.run(["losetup", "-j", file.removesuffix(" (deleted)")], capture_output=True, check=True)
        subprocess.run(["losetup", "-d", listed.stdout.decode().partition(":")[0]], check=False)
    return left


def listing(folder: Path, *, without: Sequence[Path] = (), content: bool = True) -> dict[str, tuple[object, ...]]:
    """Return what lies in a folder, but not what is mounted there."""
    found: dict[str, tuple[object, ...]] = {}
    here = folder.lstat().st_dev
    for path in sorted(folder.iterdir()):
        entry = path.lstat()
        if path in without or stat.S_ISSOCK(entry.st_mode):
            continue
        facts: tuple[object, ...] = (stat.filemode(entry.st_mode), entry.st_size, entry.st_nlink, entry.st_uid)
        if stat.S_ISLNK(entry.st_mode):
            facts += (str(path.readlink()),)
        elif content and stat.S_ISREG(entry.st_mode):
            facts += (entry.st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        found[str(path)] = facts
        if stat.S_ISDIR(entry.st_mode) and entry.st_dev == here:
            found.update(listing(path, without=without, content=content))
    return found
