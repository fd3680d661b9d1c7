"""The drivers that the contract is held against, and records to give to them."""

import itertools
import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from cinderblock import config
from cinderblock.cinder.loading import Runtime
from cinderblock.driver import Abilities, Driver
from persistence.memory import MemoryStore
from persistence.port import Store
from persistence.records import ConnectionRecord, SnapshotRecord, Status, VolumeRecord
from tests.fakes.driver import Disk, FakeDriver

_numbers = itertools.count(1)

#: What the driver of local files can do.
ABLE = Abilities(
    snapshots_depend=False,
    manage=True,
    manage_snapshots=True,
    list_manageable=True,
    retype=True,
    revert=True,
    revert_past_others=True,
)
CONNECTOR = {"host": "node-1", "ip": "192.0.2.1", "initiator": "iqn.2026-01.io.example:node-1"}


class Bench(Protocol):
    """A driver on the bench: the records' store, and hands to reach the bytes of its volumes."""

    driver: Driver
    store: Store

    def write(self, volume: VolumeRecord, offset: int, data: bytes) -> None: ...

    def read(self, volume: VolumeRecord, offset: int, length: int) -> bytes: ...

    def size_bytes(self, volume: VolumeRecord) -> int: ...

    def exists(self, cinder_id: str) -> bool: ...

    def add_foreign(self, name: str, *, size_gib: int, data: dict[int, bytes]) -> None: ...

    def reopen(self) -> None: ...


class FakeBench:
    abilities = ABLE

    def __init__(self, folder: Path) -> None:
        self.store = MemoryStore()
        self.fake = FakeDriver(abilities=self.abilities)
        self.driver: Driver = self.fake

    def write(self, volume: VolumeRecord, offset: int, data: bytes) -> None:
        self.fake.write(volume.cinder_id, offset, data)

    def read(self, volume: VolumeRecord, offset: int, length: int) -> bytes:
        return self.fake.read(volume.cinder_id, offset, length)

    def size_bytes(self, volume: VolumeRecord) -> int:
        return self.fake.volumes[volume.cinder_id].size_gib * 1024**3

    def exists(self, cinder_id: str) -> bool:
        return cinder_id in self.fake.volumes or cinder_id in self.fake.snapshots

    def add_foreign(self, name: str, *, size_gib: int, data: dict[int, bytes]) -> None:
        self.fake.foreign[name] = Disk(size_gib=size_gib, data=data)

    def reopen(self) -> None:
        self.driver.close()
        fresh = FakeDriver(abilities=self.abilities)
        fresh.volumes, fresh.snapshots, fresh.origins = self.fake.volumes, self.fake.snapshots, self.fake.origins
        fresh.foreign = self.fake.foreign
        self.driver = self.fake = fresh

    def close(self) -> None:
        self.driver.close()


class FilesBench:
    """Cinder, with the driver of local files, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.store = MemoryStore()
        self.folder = folder
        self.volumes = folder / "volumes"
        self._open()

    def write(self, volume: VolumeRecord, offset: int, data: bytes) -> None:
        with self.file(volume.cinder_id).open("r+b") as stream:
            stream.seek(offset)
            stream.write(data)

    def read(self, volume: VolumeRecord, offset: int, length: int) -> bytes:
        with self.file(volume.cinder_id).open("rb") as stream:
            stream.seek(offset)
            return stream.read(length)

    def size_bytes(self, volume: VolumeRecord) -> int:
        return self.file(volume.cinder_id).stat().st_size

    def exists(self, cinder_id: str) -> bool:
        return any(self.volumes.glob(f"*{cinder_id}*"))

    def add_foreign(self, name: str, *, size_gib: int, data: dict[int, bytes]) -> None:
        with (self.volumes / name).open("wb") as stream:
            # A little less than whole GiB, as others make them.
            stream.truncate(size_gib * 1024**3 - 4096)
            for place, mark in data.items():
                stream.seek(place)
                stream.write(mark)

    def file(self, cinder_id: str) -> Path:
        (found,) = self.volumes.glob(f"*{cinder_id}")
        return found

    def used_bytes(self) -> int:
        return sum(file.stat().st_blocks * 512 for file in self.volumes.iterdir())

    def reopen(self) -> None:
        self.runtime.close()
        self._open()

    def close(self) -> None:
        self.runtime.close()

    def _configuration(self) -> config.Configuration:
        return config.read(None, state_dir=self.folder)

    def _open(self) -> None:
        configuration = self._configuration()
        self.runtime = Runtime.open(configuration, state_dir=self.folder, store=self.store)
        try:
            self.driver = self.runtime.start(configuration.backends[0])
        except BaseException:
            self.runtime.close()
            raise


class GroupingFakeBench(FakeBench):
    abilities = replace(ABLE, consistent_groups=True)


class GroupingBench(FilesBench):
    """Cinder, with a vendor's driver that has consistent groups."""

    def _configuration(self) -> config.Configuration:
        file = self.folder / "cinder.conf"
        file.write_text(
            "[DEFAULT]\nenabled_backends = local\n[local]\n"
            f"volume_driver = tests.fakes.grouping.GroupingDriver\nlocal_files_path = {self.volumes}\n"
        )
        return config.read(file, state_dir=self.folder)


GROUPING_BENCHES: dict[str, Callable[[Path], GroupingFakeBench | GroupingBench]] = {
    "fake": GroupingFakeBench,
    "vendor": GroupingBench,
}

BENCHES: dict[str, Callable[[Path], FakeBench | FilesBench]] = {
    "fake": FakeBench,
    "files": FilesBench,
    "files that share blocks": FilesBench,
}


@contextmanager
def mounted(folder: Path, *, file_system: str, size_mib: int) -> Iterator[Path]:
    """Give a new file system, in a file of `folder`, mounted."""
    image, target = folder / f"{file_system}.img", folder / file_system
    with image.open("wb") as stream:
        os.ftruncate(stream.fileno(), size_mib * 1024**2)
    subprocess.run(
        [f"mkfs.{file_system}", "-q", *(["-E", "lazy_itable_init=0"] if file_system == "ext4" else []), image],
        check=True,
        capture_output=True,
    )
    target.mkdir()
    subprocess.run(["mount", "-o", "loop", image, target], check=True, capture_output=True)
    try:
        yield target
    finally:
        subprocess.run(["umount", target], check=True, capture_output=True)
        image.unlink()


def stored_volume(store: Store, *, size_gib: int = 1, **fields) -> VolumeRecord:
    """A volume in the store, as the library records it before it calls the driver."""
    number = next(_numbers)
    record = VolumeRecord(
        id=f"volume-{number}",
        cinder_id=str(uuid.uuid4()),
        name=f"pvc-{number}",
        backend=fields.pop("backend", "local"),
        host=fields.pop("host", "cinderblock@local#local"),
        size_gib=size_gib,
        status=Status.CREATING,
        created_at=1700000000.5,
        **fields,
    )
    return store.volumes.insert(record)


def stored_snapshot(store: Store, volume: VolumeRecord, **fields) -> SnapshotRecord:
    number = next(_numbers)
    record = SnapshotRecord(
        id=f"snapshot-{number}",
        cinder_id=fields.pop("cinder_id", None) or str(uuid.uuid4()),
        name=f"snap-{number}",
        backend=volume.backend,
        volume_id=volume.id,
        volume_cinder_id=volume.cinder_id,
        size_gib=volume.size_gib,
        status=Status.CREATING,
        created_at=1700000001.5,
        **fields,
    )
    return store.snapshots.insert(record)


def stored_connection(store: Store, volume: VolumeRecord, node_id: str = "node-1", **fields) -> ConnectionRecord:
    number = next(_numbers)
    record = ConnectionRecord(
        id=f"connection-{number}",
        cinder_id=str(uuid.uuid4()),
        backend=volume.backend,
        volume_id=volume.id,
        volume_cinder_id=volume.cinder_id,
        node_id=node_id,
        status=fields.pop("status", Status.PUBLISHING),
        connector=fields.pop("connector", {**CONNECTOR, "host": node_id}),
        **fields,
    )
    return store.connections.insert(record)
