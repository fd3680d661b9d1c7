"""What the tests do to the guest's kernel, and what they ask it."""

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from csi.node import mounts

VOLUME_GROUP = "guest"
#: The disks that boot.sh gives the guest; the second one is still as it was after a power cut.
DISK = "/dev/ubda"
STATE_DISK = "/dev/ubdb"
SHARE_DISK = "/dev/ubdc"
SYS = Path("/sys")
MULTIPATH_CONF = Path("/etc/multipath.conf")
RUN = Path("/run")
#: A folder outside of the guest: what is fsynced there is out of the power cut's reach.
OUTSIDE = Path("/etc/guest")
#: When there is such a file, boot.sh cuts the guest's power.
POWER_CUT = OUTSIDE / "cut"
#: What was done until then.
EVIDENCE = OUTSIDE / "evidence"
#: What `storage` returns where nothing is in use.
NOTHING: Mapping[str, set[str]] = {
    kind: set() for kind in ("sessions", "disks", "maps", "loop devices", "targets", "devices of targets", "volumes")
}


def run(*command: str) -> str:
    """Run a program and return its output; a failure shows what it said."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def csi_sanity() -> str:
    """Return the path of csi-sanity, which was built before the guest was booted."""
    return os.environ["CSI_SANITY"]


def storage() -> Mapping[str, set[str]]:
    """Return what initiators, targets and LVM have made, by what it is; names of devices, targets and volumes."""
    volumes = run("lvs", "--noheadings", "-o", "lv_name", VOLUME_GROUP).split()
    return {
        **initiator(),
        "loop devices": loop_devices(),
        "targets": _names("kernel/config/target/iscsi/iqn*"),
        "devices of targets": {file.parent.name for file in SYS.glob("kernel/config/target/core/*/*/enable")},
        # The thin pool is the driver's, made once, and stays.
        "volumes": {name for name in volumes if name != f"{VOLUME_GROUP}-pool"},
    }


def initiator() -> Mapping[str, set[str]]:
    """Return what this machine has of iSCSI as a client; asks the kernel alone, so it is quick."""
    return {
        "sessions": _names("class/iscsi_session/*"),
        "disks": _names("block/sd*"),
        "maps": {uuid.parent.parent.name for uuid in SYS.glob("block/dm-*/dm/uuid") if _is_of_multipath(uuid)},
    }


def loop_devices() -> set[str]:
    """Return the names of the loop devices in use."""
    return {backing.parent.parent.name for backing in SYS.glob("block/loop*/loop/backing_file")}


def paths(device: str) -> set[str]:
    """Return the disks under a multipath map."""
    return {entry.name for entry in (SYS / "block" / Path(device).name / "slaves").iterdir()}


def states_of_paths() -> list[str]:
    """Return the state in which multipathd has each path: "active" when all is well."""
    return run("multipathd", "show", "paths", "raw", "format", "%t").split()


@contextmanager
def no_path_retry(times: str) -> Iterator[None]:
    """Have multipathd look so often, every five seconds, for a lost path before I/O fails; "fail" is at once."""
    MULTIPATH_CONF.write_text(f"overrides {{\nfast_io_fail_tmo 5\nno_path_retry {times}\n}}\n", encoding="ascii")
    run("multipathd", "reconfigure")
    try:
        yield
    finally:
        MULTIPATH_CONF.unlink()
        run("multipathd", "reconfigure")


def mounts_below(folder: Path) -> list[str]:
    """Return where something is mounted at a folder, or in it."""
    return [mount.path for mount in mounts.table() if Path(mount.path).is_relative_to(folder)]


def size_bytes(device: str) -> int:
    """Return the size of a block device as the kernel has it."""
    return int(run("blockdev", "--getsize64", device))


def chap_secrets() -> set[str]:
    """Return the passwords that the targets ask initiators for."""
    files = SYS.glob("kernel/config/target/iscsi/iqn*/tpgt_*/acls/*/auth/password")
    return {file.read_text(encoding="ascii").strip() for file in files}


def lose_targets() -> None:
    """Remove every target, as a storage host does that restarts."""
    for name in storage()["targets"]:
        run("cinder-rtstool", "delete", name)


@contextmanager
def cut(address: str) -> Iterator[None]:
    """Drop what comes in for an iSCSI portal while the block runs."""
    rule = ("INPUT", "-p", "tcp", "-d", address, "--dport", "3260", "-j", "DROP")
    run("iptables-legacy", "-I", *rule)
    try:
        yield
    finally:
        run("iptables-legacy", "-D", *rule)


@contextmanager
def mounted(device: str, at: Path) -> Iterator[Path]:
    """Mount the device's file system while the block runs."""
    at.mkdir(exist_ok=True)
    run("mount", device, str(at))
    try:
        yield at
    finally:
        run("umount", str(at))


def write(path: Path, *, size_bytes: int = 16 * 1024 * 1024) -> str:
    """Write random data through to the disk and return its checksum."""
    data = os.urandom(size_bytes)
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    return hashlib.sha256(data).hexdigest()


def checksum(path: Path) -> str:
    """Return the checksum of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _names(pattern: str) -> set[str]:
    return {path.name for path in SYS.glob(pattern)}


def _is_of_multipath(uuid: Path) -> bool:
    """Tell by its file whether a device-mapper device is multipathd's; one that went meanwhile is not."""
    try:
        return uuid.read_text(encoding="ascii").startswith("mpath-")
    except OSError:
        return False
