"""The library over Cinder's NFS driver; the share is a mounted folder of this machine."""

import hashlib
import json
import subprocess
from pathlib import Path

from cinderblock import config
from cinderblock.errors import BackendUnavailable
from cinderblock.opening import open_library
from cinderblock.units import GIB
from cinderblock.wanted import SizeRange, WantedConnection, WantedSnapshot, WantedVolume
from csi.node import mounts
from persistence.memory import MemoryStore
from persistence.records import Source, SourceKind
from tests.fakes.knife import knife

EXPORT = "192.0.2.7:/volumes"
_CONFIGURATION = """\
[DEFAULT]
enabled_backends = nfs

[nfs]
volume_driver = tests.fakes.cut.CutNfsDriver
nas_host = 192.0.2.7
nas_share_path = /volumes
nas_secure_file_operations = false
nas_secure_file_permissions = true
nfs_mount_attempts = 1
nfs_snapshot_support = true
"""


class Share:
    """What is on the share, and the verbs on it; volumes and snapshots go by their names."""

    def __init__(self, folder, more=""):
        self.files = folder / "files"
        self.files.mkdir()
        self.state_dir = folder / "state"
        self.mounted = self.state_dir / "mnt" / hashlib.md5(EXPORT.encode(), usedforsecurity=False).hexdigest()
        self.mounted.mkdir(parents=True)
        file = folder / "cinder.conf"
        file.write_text(_CONFIGURATION + more)
        self.store = MemoryStore()
        self.library = open_library(
            config.read(file, state_dir=self.state_dir),
            store=self.store,
            state_dir=self.state_dir,
            owner="test",
            on_lost=lambda: None,
        )

    def start(self):
        self.mount()
        self.library.start()
        assert self.library.wait_ready(30)
        assert self.library.backends.get("nfs").down_because == ""

    def close(self):
        self.library.close()
        if self.is_mounted():
            # Of a driver that was never up.
            self.unmount()

    def mount(self):
        """Let the driver find the share mounted, as it does when it was started before."""
        subprocess.run(["mount", "--bind", self.files, self.mounted], check=True)

    def is_mounted(self):
        return mounts.at(str(self.mounted)) is not None

    def unmount(self):
        subprocess.run(["umount", self.mounted], check=True)

    # --- verbs

    def create(self, name, *, size_gib=1, snapshot="", clone=""):
        source = None
        if snapshot or clone:
            kind = SourceKind.SNAPSHOT if snapshot else SourceKind.VOLUME
            source = Source(kind=kind, id=snapshot or clone, cinder_id="")
        size = SizeRange(required_bytes=size_gib * GIB)
        return self.library.volumes.create(WantedVolume(id=name, name=name, size=size, source=source))

    def delete(self, name):
        self.library.volumes.delete(name)

    def extend(self, name, size_gib):
        return self.library.volumes.extend(name, SizeRange(required_bytes=size_gib * GIB))

    def snapshot(self, name, of):
        return self.library.snapshots.create(WantedSnapshot(id=name, name=name, volume_id=of))

    def delete_snapshot(self, name):
        self.library.snapshots.delete(name)

    def publish(self, name):
        wanted = WantedConnection(id=f"{name}/n", volume_id=name, node_id="n", connector={"host": "n"})
        return self.library.connections.publish(wanted)

    def unpublish(self, name):
        self.library.connections.unpublish(name)

    # --- what there is

    def names(self):
        return {file.name for file in self.files.iterdir()}

    def modes(self):
        return {oct(file.stat().st_mode & 0o777) for file in self.files.iterdir()}

    def volume(self, name):
        """Return a volume's record, whatever state it is in."""
        (found,) = [one for one in self.store.volumes.page(limit=1000) if one.name == name]
        return found

    def file(self, name):
        """Return the active file of a volume, and its format as it is noted."""
        volume = self.volume(name)
        base = self.files / f"volume-{volume.cinder_id}"
        known = Path(f"{base}.info")
        active = json.loads(known.read_text())["active"] if known.exists() else base.name
        return self.files / active, volume.admin_metadata["format"]

    def write(self, name, pattern, *, at_mib=0):
        """Write 64 KiB of one byte, as a user does."""
        file, file_format = self.file(name)
        assert _io(file, file_format, f"write -P {pattern} {at_mib}M 64k")

    def has(self, name, pattern, *, at_mib=0):
        """Tell whether a volume has 64 KiB of that byte there."""
        return self.has_all(name, {at_mib: pattern})

    def has_all(self, name, patterns):
        """Tell whether a volume has 64 KiB of each byte where it is said, in MiB."""
        return _io(*self.file(name), *_reads(patterns))

    def snapshot_has(self, name, pattern, *, at_mib=0):
        """Tell whether a snapshot has 64 KiB of that byte there."""
        return self.snapshot_has_all(name, {at_mib: pattern})

    def snapshot_has_all(self, name, patterns):
        """Tell the same of a snapshot as of a volume: it is what lies below its overlay."""
        snapshot = self.library.snapshots.get(name)
        overlay = self.files / f"volume-{snapshot.volume_cinder_id}.{snapshot.cinder_id}"
        argv = ["qemu-img", "info", "--output=json", str(overlay)]
        below = json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)
        file, file_format = self.files / below["backing-filename"], below["backing-filename-format"]
        return _io(file, file_format, *_reads(patterns))


def cut_off(act, after):
    """Act in a process that ends after so many commands; tell whether it was cut off."""
    knife.left = after
    try:
        act()
    except BackendUnavailable:
        return True
    finally:
        knife.left = None
    return False


def _reads(patterns):
    return [f"read -P {pattern} {at_mib}M 64k" for at_mib, pattern in patterns.items()]


def _io(file, file_format, *commands):
    """Run the commands, each of which is for 64 KiB; tell whether all found what they were to find."""
    argv = ["qemu-io", "-f", file_format, *(word for command in commands for word in ("-c", command)), str(file)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    same = "verification failed" not in said
    assert said.count("65536/65536 bytes") == len(commands) or not same, said
    return same
