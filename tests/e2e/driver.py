"""The driver in a cluster: two controllers with their sidecars, and a node, as processes of the machine."""

import base64
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from csi.client import Client
from tests.e2e.machine import Machine, cluster_program
from tests.e2e.parts import NODE, Api, Part
from tests.waiting import eventually

NAME = "cinderblock.io"
REPLICAS = 2
_LONG_S = 60.0
_CONFIGURATION = """\
[DEFAULT]
enabled_backends = local
[local]
volume_driver = cinderblock.cinder.local_files.LocalFilesDriver
local_files_path = {folder}/volumes
[csi]
topology = topology.cinderblock.io/node:{node}
[persistence]
connection = {connection}
"""


class _Serving(Part):
    """A process of the driver's."""

    mode = ""

    def __init__(self, machine: Machine, api: Api, configuration: Path) -> None:
        super().__init__(machine, api)
        self.configuration = configuration

    @property
    def endpoint(self) -> Path:
        """The socket, as everybody sees it."""
        return self.folder / "csi.sock"

    def command(self) -> list[str]:
        reading = [f"--config={self.configuration}", f"--key-file={self.configuration.with_name('key')}"]
        places = [f"--endpoint=unix://{self.endpoint}", f"--state-dir={self.folder}/state"]
        serving = [sys.executable, "-m", "csi.cli", "serve", self.mode, *reading, *places]
        return self.machine.inside(*serving, *self.arguments())

    def arguments(self) -> list[str]:
        return []

    def _is_up(self) -> bool:
        assert self._running().poll() is None, (self.folder / "log").read_text()[-4000:]
        client = Client(f"unix://{self.endpoint}")
        try:
            return client.ready()
        finally:
            client.close()


class Controller(_Serving):
    kind = "controller"
    mode = "controller"


class Node(_Serving):
    kind = "node"
    mode = "node"

    def arguments(self) -> list[str]:
        return [f"--node-id={NODE}", "--registration-dir=/var/lib/kubelet/plugins_registry"]


class Sidecar(Part):
    """A sidecar of one controller, which ends itself whenever that is gone, and is started again."""

    def __init__(self, machine: Machine, api: Api, *, program: str, controller: Controller, space: str) -> None:
        self.kind = program
        super().__init__(machine, api)
        self.controller = controller
        self.space = space

    def command(self) -> list[str]:
        again = 'while :; do "$@"; sleep 0.5; done'
        own = ["env", f"NAMESPACE={self.space}", cluster_program(self.kind)]
        return self.machine.inside("sh", "-c", again, "sidecar", *own, *self.arguments())

    def arguments(self) -> list[str]:
        reaching = [f"--csi-address={self.controller.endpoint}", f"--kubeconfig={self.api.kubeconfig('admin')}"]
        leading = ["--leader-election", f"--leader-election-namespace={self.space}"]
        return [*reaching, *leading, *_OWN[self.kind]]


_OWN = {
    "csi-provisioner": [
        "--timeout=60s",
        "--extra-create-metadata",
        "--default-fstype=ext4",
        "--enable-capacity",
        # What it says of capacity belongs to nobody: there are no pods of the driver's.
        "--capacity-ownerref-level=-1",
        "--capacity-poll-interval=5s",
    ],
    "csi-attacher": ["--timeout=60s"],
    "csi-resizer": ["--timeout=60s"],
    "csi-snapshotter": ["--timeout=60s", "--extra-create-metadata"],
}


class SnapshotController(Part):
    kind = "snapshot-controller"

    def arguments(self) -> list[str]:
        return [f"--kubeconfig={self.api.kubeconfig('admin')}"]


@dataclass(kw_only=True)
class Driver:
    """All of the driver's processes."""

    machine: Machine
    api: Api
    controllers: list[Controller] = field(default_factory=list)
    others: list[Part] = field(default_factory=list)
    node: Node = field(init=False)
    space: str = ""

    def start(self) -> None:
        self.api.install()
        self.space = self.api.namespace()
        (self.machine.folder / "key").write_bytes(base64.b64encode(os.urandom(32)))
        configuration = self.machine.folder / "cinder.conf"
        connection = self.api.url(self.space)
        configuration.write_text(_CONFIGURATION.format(folder=self.machine.folder, node=NODE, connection=connection))
        for _ in range(REPLICAS):
            controller = Controller(self.machine, self.api, configuration)
            self.controllers.append(controller)
            controller.start()
            for program in _OWN:
                sidecar = Sidecar(self.machine, self.api, program=program, controller=controller, space=self.space)
                self.others.append(sidecar)
                sidecar.start()
        self.others.append(SnapshotController(self.machine, self.api))
        self.others[-1].start()
        self.node = Node(self.machine, self.api, configuration)
        self.node.start()
        eventually(self._is_registered, timeout_s=_LONG_S)

    def _is_registered(self) -> bool:
        found = self.api.ask("GET", f"/apis/storage.k8s.io/v1/csinodes/{NODE}", refused=404)
        return any(driver["name"] == NAME for driver in found.get("spec", {}).get("drivers") or [])

    def volumes(self) -> list[Path]:
        """Return the files of all volumes and snapshots."""
        return sorted((self.machine.folder / "volumes").iterdir())

    def records(self) -> list[str]:
        """Return the names of what is recorded."""
        kinds = "cindervolumes,cindersnapshots,cinderconnections"
        return self.api.kubectl("get", kinds, "-n", self.space, "-o", "name").split()

    def remove(self) -> None:
        for part in (*self.others, *self.controllers, *([self.node] if hasattr(self, "node") else [])):
            part.remove()
