"""`cinderblock demo`: a volume's whole life over CSI, on this machine, with nothing set up before."""

import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

from cinderblock.units import GIB
from csi.client import Client, mounted
from csi.driver_process import DriverFailed, DriverProcess
from csi.node import mounts

_DATA_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_CAP_SYS_RESOURCE = 24


class DemoFailed(Exception):
    """Something was not as it must be."""


class Volume:
    """One volume of the demonstration, with the paths where a kubelet would have it."""

    def __init__(self, client: Client, folder: Path, name: str, volume_id: str, *, fs_type: str) -> None:
        self._client = client
        self._capability = mounted(fs_type)
        self.id = volume_id
        self.staging = folder / name / "staging"
        self.target = folder / name / "pod"
        self.data = self.target / "data"
        self.staging.mkdir(parents=True)

    def attach(self) -> dict[str, str]:
        """Publish to the node."""
        return self._client.publish(self.id, capability=self._capability)

    def stage(self, context: dict[str, str]) -> None:
        """Connect, make an ext4 where the device is blank, and mount it."""
        self._client.stage(self.id, self.staging, context, capability=self._capability)

    def mount(self, context: dict[str, str]) -> None:
        """Mount into the "pod"."""
        self._client.mount(self.id, self.staging, self.target, context, capability=self._capability)

    def use(self) -> None:
        """Do all three."""
        context = self.attach()
        self.stage(context)
        self.mount(context)

    def remove(self) -> None:
        """Undo all three, and delete the volume."""
        self._client.unmount(self.id, self.target)
        self._client.unstage(self.id, self.staging)
        self._client.unpublish(self.id)
        self._client.delete(self.id)


class Story:
    """The steps, one line each with its time."""

    def __init__(self, client: Client, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._volumes: list[Volume] = []

    def tell(self) -> None:
        """Run all of them; the first one that fails ends it."""
        original, checksum = self._a_volume_with_data()
        with step("snapshot it"):
            snapshot = self._client.snapshot("demo-snapshot", original.id)
        with step("overwrite the 64 MiB"):
            second = _write(original.data)
        self._restore(snapshot.snapshot_id, checksum)
        self._clone(original, second)
        self._expand(original if may_grow_mounted_ext4() else self._an_xfs_volume())
        with step("list the volumes") as told:
            names = {volume.volume_id for volume in self._client.volumes()}
            _expect(names, {volume.id for volume in self._volumes}, "volumes")
            told.append(f"{len(names)} of them")
        with step("unmount, unstage, unpublish and delete everything"):
            for volume in self._volumes:
                volume.remove()
            self._client.delete_snapshot(snapshot.snapshot_id)
            _expect(len(self._client.volumes()), 0, "volumes left")

    def _a_volume_with_data(self) -> tuple[Volume, str]:
        with step("create a volume of 1 GiB"):
            volume = self._volume("demo", 1)
        with step("publish it to this node"):
            context = volume.attach()
        with step("stage it: connect, mkfs.ext4, mount"):
            volume.stage(context)
        with step("publish it into a pod's folder"):
            volume.mount(context)
        with step("write 64 MiB and take the checksum") as told:
            checksum = _write(volume.data)
            told.append(f"sha256 {checksum[:16]}…")
        return volume, checksum

    def _restore(self, snapshot_id: str, checksum: str) -> None:
        with step("restore the snapshot to a volume of 2 GiB") as told:
            volume = self._volume("demo-restored", 2, snapshot_id=snapshot_id)
            volume.use()
            size_gib = _size_bytes(volume.target) / GIB
            told.append(f"its file system has {size_gib:.2f} GiB")
            _expect_grown(volume.target, 2)
        with step("compare it with what was there at the snapshot"):
            _expect(_checksum(volume.data), checksum, "sha256")

    def _clone(self, original: Volume, checksum: str) -> None:
        with step("clone the volume"):
            volume = self._volume("demo-clone", 1, volume_id=original.id)
            volume.use()
        with step("compare it with its source"):
            _expect(_checksum(volume.data), checksum, "sha256")

    def _an_xfs_volume(self) -> Volume:
        print("  (root has no CAP_SYS_RESOURCE here, which the kernel wants for growing a mounted ext4: xfs shows it)")
        with step("create, publish, stage and mount a volume with xfs"):
            volume = self._volume("demo-xfs", 1, fs_type="xfs")
            volume.use()
        return volume

    def _expand(self, volume: Volume) -> None:
        with step("expand the mounted volume to 3 GiB") as told:
            before_gib = _size_bytes(volume.target) / GIB
            self._client.expand(volume.id, 3 * GIB, volume.target, volume.staging)
            after_gib = _size_bytes(volume.target) / GIB
            told.append(f"its file system went from {before_gib:.2f} to {after_gib:.2f} GiB")
            _expect_grown(volume.target, 3)

    def _volume(
        self, name: str, size_gib: int, *, fs_type: str = "ext4", snapshot_id: str = "", volume_id: str = ""
    ) -> Volume:
        made = self._client.create(
            name, size_gib * GIB, capability=mounted(fs_type), snapshot_id=snapshot_id, volume_id=volume_id
        )
        volume = Volume(self._client, self._folder, name, made.volume_id, fs_type=fs_type)
        self._volumes.append(volume)
        return volume


def run() -> int:
    """Show the life of a volume; return 0 when all went well and nothing is left."""
    if os.geteuid() != 0:
        print("cinderblock: the demonstration mounts file systems, so it must run as root", file=sys.stderr)
        return 1
    folder = Path(tempfile.mkdtemp(prefix="cinderblock-demo-"))
    process = DriverProcess(folder)
    print(f"Cinderblock's demonstration, in {folder}")
    try:
        with step("start the driver, with no configuration"):
            client = process.start()
        try:
            Story(client, folder).tell()
        finally:
            client.close()
        with step("stop the driver"):
            _expect(process.stop(), 0, "exit code")
        with step("look for what is left"):
            _expect(_left(folder), [], "mounts and loop devices left")
            shutil.rmtree(folder)
    except (DemoFailed, DriverFailed, grpc.RpcError, OSError) as error:
        _explain(error, process, folder)
        return 1
    print("All went well, and nothing is left.")
    return 0


@contextmanager
def step(what: str) -> Iterator[list[str]]:
    """Say what is done and how long it took; what the block appends is said behind it."""
    print(f"  {what:<52}", end="", flush=True)
    told: list[str] = []
    started_s = time.monotonic()
    yield told
    print(f"{time.monotonic() - started_s:7.2f} s  {' '.join(told)}".rstrip(), flush=True)


def _explain(error: Exception, process: DriverProcess, folder: Path) -> None:
    text = f"{error.code().name}: {error.details()}" if isinstance(error, grpc.RpcError) else str(error)
    print(f"FAILED\n\n{text}", file=sys.stderr)
    print(f"The driver's log is {process.log_file}; what was mounted is below {folder}.", file=sys.stderr)
    process.end()


def _write(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("wb") as stream:
        for _ in range(_DATA_BYTES // _CHUNK_BYTES):
            chunk = os.urandom(_CHUNK_BYTES)
            digest.update(chunk)
            stream.write(chunk)
        stream.flush()
        os.fsync(stream.fileno())
    return digest.hexdigest()


def _checksum(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _size_bytes(path: Path) -> int:
    found = os.statvfs(path)
    return found.f_blocks * found.f_frsize


def may_grow_mounted_ext4() -> bool:
    """Tell whether this process has CAP_SYS_RESOURCE. Source: ext4_resize_begin in the kernel, capabilities(7)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(effective, 16) >> _CAP_SYS_RESOURCE & 1)


def _expect_grown(path: Path, size_gib: int) -> None:
    # A file system keeps a few percent for itself; one that did not grow is a whole GiB short.
    if _size_bytes(path) < (size_gib - 0.5) * GIB:
        raise DemoFailed(f"{path} has {_size_bytes(path)} bytes, about {size_gib} GiB expected")


def _left(folder: Path) -> list[str]:
    found = [mount.path for mount in mounts.table() if Path(mount.path).is_relative_to(folder)]
    backing = [file.read_text().strip() for file in Path("/sys/block").glob("loop*/loop/backing_file")]
    return found + [file for file in backing if Path(file).is_relative_to(folder)]


def _expect(found: object, wanted: object, what: str) -> None:
    if found != wanted:
        raise DemoFailed(f"{what}: {found!r} found, {wanted!r} expected")
