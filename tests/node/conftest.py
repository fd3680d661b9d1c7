"""A node over real loop devices and real mounts, and the proof that a test leaves none of them behind."""

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from cinderblock.brick import loop
from cinderblock.brick.host import BrickHost
from csi.node import mounts
from csi.node.__main__ import NodeParts, compose
from csi.node.commands import Commands
from csi.proto import csi_pb2
from csi.settings import Settings
from persistence.seal import Sealer
from tests.fakes.host import FailingHost
from tests.fakes.runner import FailingRunner

MIB = 1024**2
Mode = csi_pb2.VolumeCapability.AccessMode


class Lab:
    """One node, its volumes' files, and the calls that a CO makes."""

    def __init__(self, folder: Path) -> None:
        for name in ("volumes", "staging", "pods"):
            (folder / name).mkdir()
        self.attend(folder, Sealer([secrets.token_bytes(32)]))

    def attend(self, folder: Path, sealer: Sealer) -> None:
        """Begin on folders that are there, as another process may have to."""
        self.folder = folder
        self.settings = Settings(state_dir=folder / "state", node_id="node-1", topology={"zone": "a"})
        self.sealer = sealer
        self.host = FailingHost(BrickHost(folder / "state" / "node"))
        self.runner = FailingRunner()
        self.parts = self.restarted()

    def restarted(self) -> NodeParts:
        """Compose the node anew, as a new process would."""
        self.parts = compose(self.settings, sealer=self.sealer, host=self.host, runner=self.runner)
        return self.parts

    @property
    def node(self):
        return self.parts.servicer

    def file(self, volume_id: str) -> Path:
        return self.folder / "volumes" / f"{volume_id}.img"

    def volume(self, volume_id: str = "vol", size_mib: int = 400) -> str:
        with self.file(volume_id).open("ab") as file:
            file.truncate(size_mib * MIB)
        return volume_id

    def context(self, volume_id: str, *, readonly: bool = False, wwn: str = "", **data: str) -> dict[str, str]:
        info = {
            "driver_volume_type": "local",
            "data": {"device_path": str(self.file(volume_id)), "format": "raw", **data},
        }
        text = json.dumps({"connection_info": info, "readonly": readonly, "wwn": wwn})
        return {"connection": self.sealer.seal_text(text, purpose=f"publish_context/{volume_id}")}

    def staging(self, volume_id: str) -> str:
        path = self.folder / "staging" / volume_id
        # A dead file system may be mounted there, which answers nothing.
        if mounts.at(str(path)) is None:
            path.mkdir(exist_ok=True)
        return str(path)

    def target(self, volume_id: str, name: str = "pod") -> str:
        return str(self.folder / "pods" / f"{volume_id}-{name}")

    def stage(self, volume_id: str = "vol", capability=None, *, context=None, path: str = "") -> None:
        self.node.NodeStageVolume(
            csi_pb2.NodeStageVolumeRequest(
                volume_id=volume_id,
                staging_target_path=path or self.staging(volume_id),
                volume_capability=capability or mount(),
                publish_context=context if context is not None else self.context(volume_id),
            ),
            None,
        )

    def unstage(self, volume_id: str = "vol", path: str = "") -> None:
        self.node.NodeUnstageVolume(
            csi_pb2.NodeUnstageVolumeRequest(volume_id=volume_id, staging_target_path=path or self.staging(volume_id)),
            None,
        )

    def publish(self, volume_id: str = "vol", capability=None, *, name: str = "pod", readonly: bool = False) -> str:
        self.node.NodePublishVolume(
            csi_pb2.NodePublishVolumeRequest(
                volume_id=volume_id,
                staging_target_path=self.staging(volume_id),
                target_path=self.target(volume_id, name),
                volume_capability=capability or mount(),
                readonly=readonly,
            ),
            None,
        )
        return self.target(volume_id, name)

    def unpublish(self, volume_id: str = "vol", name: str = "pod", path: str = "") -> None:
        self.node.NodeUnpublishVolume(
            csi_pb2.NodeUnpublishVolumeRequest(volume_id=volume_id, target_path=path or self.target(volume_id, name)),
            None,
        )

    def expand(self, path: str, required_bytes: int = 0, volume_id: str = "vol", **fields) -> int:
        request = csi_pb2.NodeExpandVolumeRequest(volume_id=volume_id, volume_path=path, **fields)
        request.capacity_range.required_bytes = required_bytes
        return self.node.NodeExpandVolume(request, None).capacity_bytes

    def stats(self, path: str, volume_id: str = "vol"):
        request = csi_pb2.NodeGetVolumeStatsRequest(volume_id=volume_id, volume_path=path)
        return {each.unit: each for each in self.node.NodeGetVolumeStats(request, None).usage}

    def health(self, volume_id: str = "vol") -> list[str]:
        request = csi_pb2.NodeGetVolumeHealthRequest(volume_id=volume_id)
        answer = self.node.NodeGetVolumeHealth(request, None)
        return [each.reason for each in answer.volume_health.health_statuses]

    def loop(self, volume_id: str = "vol"):
        """The volume's loop device, or None."""
        return loop.find(str(self.file(volume_id)))

    def journal_files(self) -> list[Path]:
        return sorted((self.folder / "state" / "node" / "journal").glob("*.json"))

    def lose_journal(self) -> None:
        for file in self.journal_files():
            file.unlink()

    def is_mounted(self, path: str) -> bool:
        return mounts.at(path) is not None

    def shown(self, path: str) -> mounts.Mount:
        found = mounts.at(path)
        assert found is not None
        return found


def mount(fs_type: str = "ext4", flags: tuple[str, ...] = (), mode: str = "SINGLE_NODE_WRITER"):
    """A mount capability."""
    return csi_pb2.VolumeCapability(
        mount=csi_pb2.VolumeCapability.MountVolume(fs_type=fs_type, mount_flags=flags),
        access_mode=Mode(mode=Mode.Mode.Value(mode)),
    )


def block(mode: str = "SINGLE_NODE_WRITER"):
    """A block capability."""
    return csi_pb2.VolumeCapability(
        block=csi_pb2.VolumeCapability.BlockVolume(), access_mode=Mode(mode=Mode.Mode.Value(mode))
    )


def leftovers(folder: Path) -> list[str]:
    """Mounts below a folder, and loop devices of files below it."""
    under = f"{folder}/"
    mounted = [each.path for each in mounts.table() if each.path.startswith(under)]
    return mounted + [each.path for each in loop.bound() if each.backing.startswith(under)]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A node; whatever a test leaves mounted or attached fails it, and is then removed."""
    assert os.geteuid() == 0, "these tests mount; run them as root"
    yield Lab(tmp_path)
    left = leftovers(tmp_path)
    for each in reversed(mounts.table()):
        if each.path.startswith(f"{tmp_path}/"):
            Commands().run("umount", each.path, accept=range(256))
    for device in list(loop.bound()):
        if device.backing.startswith(f"{tmp_path}/"):
            loop.detach(device)
    assert left == []
