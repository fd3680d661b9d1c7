"""A kernel NFS server in the guest, which is its own client, and what there is of it."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cinderblock import nbd
from csi.node import mounts
from tests.guest import machine
from tests.waiting import eventually

HOST = "127.0.0.1"
#: What Cinder has of it: a folder of the export, because the export itself has no name that it takes.
SHARE_PATH = "/volumes"
SHARE = f"{HOST}:{SHARE_PATH}"
_EXPORTED = machine.RUN / "exported"
#: Where the server has the files; nobody else is to look at them but the tests.
FILES = _EXPORTED / "volumes"
_STATE = Path("/var/lib/nfs")
#: What clients may reclaim after a restart of the server, seconds.
_GRACE_S = "5"
#: What `storage` returns where nothing is in use.
NOTHING: Mapping[str, set[str]] = {kind: set() for kind in ("loop devices", "images", "mounts", "files")}


_CINDER_CONF = f"""\
[DEFAULT]
enabled_backends = nfs

[nfs]
volume_driver = cinder.volume.drivers.nfs.NfsDriver
nas_host = {HOST}
nas_share_path = {SHARE_PATH}
nas_mount_options = vers=4.2
nas_secure_file_operations = false
nas_secure_file_permissions = true
nfs_snapshot_support = true
"""


def configured(folder: Path, *, more: str = "") -> Path:
    """Write a cinder.conf for the share, and more sections; return its path."""
    file = folder / "cinder.conf"
    file.write_text(_CINDER_CONF + more, encoding="utf-8")
    return file


@contextmanager
def served() -> Iterator[None]:
    """Export a file system of its own while the block runs, which is to leave nothing behind."""
    _EXPORTED.mkdir()
    machine.run("mkfs.xfs", "-q", "-f", machine.SHARE_DISK)
    machine.run("mount", machine.SHARE_DISK, str(_EXPORTED))
    FILES.mkdir()
    machine.run("mount", "-t", "tmpfs", "tmpfs", str(_STATE))
    for name in ("v4recovery", "rpc_pipefs"):
        (_STATE / name).mkdir()
    for name in ("etab", "rmtab"):
        (_STATE / name).touch()
    machine.run("mount", "-t", "nfsd", "nfsd", "/proc/fs/nfsd")
    machine.run("exportfs", "-o", "rw,no_root_squash,fsid=0,insecure,no_subtree_check", f"{HOST}:{_EXPORTED}")
    mountd = subprocess.Popen(["rpc.mountd", "--foreground", "-N", "3"])
    try:
        start()
        yield
        assert storage() == NOTHING
    finally:
        stop()
        mountd.terminate()
        mountd.wait()
        machine.run("exportfs", "-ua")
        machine.run("umount", "/proc/fs/nfsd")
        machine.run("umount", str(_STATE))
        # The kernel lets go of the file system a little later.
        eventually(lambda: subprocess.run(["umount", _EXPORTED], check=False).returncode == 0)
        _EXPORTED.rmdir()


def start() -> None:
    """Let the server answer."""
    machine.run("rpc.nfsd", "-N", "3", "-G", _GRACE_S, "-L", "10", "2")


def stop() -> None:
    """Let the server answer nobody any more."""
    machine.run("rpc.nfsd", "0")


def storage() -> Mapping[str, set[str]]:
    """Return what the driver and the node have made, by what it is."""
    return {
        "loop devices": machine.loop_devices(),
        "images": {server.file_id for server in nbd.servers()},
        "mounts": {mount.path for mount in mounts.table() if mount.fs_type == "nfs4"},
        "files": {file.name for file in FILES.iterdir()},
    }
