"""The driver in a cluster, installed by its chart: two controllers with their sidecars, and a node."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import yaml  # type: ignore[import-untyped]  # has no types of its own

from tests.e2e import images
from tests.e2e.machine import ROOT, Machine, cluster_program
from tests.e2e.parts import NODE, Api, Containerd, Part
from tests.waiting import eventually

NAME = "cinderblock.io"
SPACE = "cinderblock"
CONTROLLER = "controller"
PLUGIN = "node"
_REPLICAS = {CONTROLLER: 2, PLUGIN: 1}
_CHART = ROOT / "deploy" / "helm" / "cinderblock"
_LONG_S = 120.0
_IMAGE = "localhost/cinderblock:lab"
#: Where the image has this checkout and its virtual environment.
_CHECKOUT = "/opt/cinderblock"
_SIDECARS = ("provisioner", "attacher", "resizer", "snapshotter")
_CONFIGURATION = """\
[DEFAULT]
enabled_backends = local
[local]
volume_driver = cinderblock.cinder.local_files.LocalFilesDriver
local_files_path = {storage}/volumes
topology = topology.{name}/node:{node}
"""


class SnapshotController(Part):
    """What a cluster has once, whichever drivers it has."""

    kind = "snapshot-controller"

    def arguments(self) -> list[str]:
        return [f"--kubeconfig={self.api.kubeconfig('admin')}"]


class Driver:
    """What the chart has installed."""

    def __init__(self, machine: Machine, api: Api) -> None:
        self.machine = machine
        self.api = api
        self.snapshots = SnapshotController(machine, api)

    def install(self, containerd: Containerd) -> None:
        self.snapshots.start()
        self._load_images(containerd)
        values = self.machine.folder / "values.json"
        values.write_text(json.dumps(self._values()))
        self.helm("install", SPACE, str(_CHART), "--create-namespace", f"--values={values}")
        # It remembers for long what kinds there were.
        shutil.rmtree(self.api.folder / "kubectl")
        self.ready()
        # For a while the server puts off who asks for a new kind; kubectl asks again until it need not.
        self.records()

    def helm(self, *arguments: str) -> str:
        reaching = [f"--kubeconfig={self.api.kubeconfig('admin')}", f"--namespace={SPACE}"]
        done = subprocess.run(
            [cluster_program("helm"), *arguments, *reaching], check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ready(self) -> None:
        """Wait until all of its pods serve, and the kubelet knows it."""
        try:
            for part, number in _REPLICAS.items():
                eventually(
                    lambda part=part, number=number: self._serving(part) == number, timeout_s=_LONG_S, poll_s=0.2
                )
            eventually(self._is_registered, timeout_s=_LONG_S, poll_s=0.2)
        except AssertionError as error:
            raise AssertionError(self.told()) from error

    def _serving(self, part: str) -> int:
        chosen = f"app.kubernetes.io/component={part}"
        listed = json.loads(self.api.kubectl("get", "pods", "-n", SPACE, "-l", chosen, "-o", "json"))["items"]
        staying = (pod["status"].get("conditions", []) for pod in listed if "deletionTimestamp" not in pod["metadata"])
        return sum({"type": "Ready", "status": "True"}.items() <= one.items() for pod in staying for one in pod)

    def told(self) -> str:
        """Return what the cluster says of the driver."""
        logs = [
            self.api.kubectl("logs", "-n", SPACE, name, "--all-containers", "--prefix", "--tail=30", "--ignore-errors")
            for name in self.api.kubectl("get", "pods", "-n", SPACE, "-o", "name").split()
        ]
        return "\n".join((self.api.kubectl("get", "pods,events", "-n", SPACE), *logs))

    def kill(self, part: str) -> None:
        """Kill the driver's processes of a part at once, and have their pods replaced by new ones."""
        self.machine.run("sh", "-c", f'kill -KILL $(pgrep -f "^{_CHECKOUT}/.* serve {part}")')
        chosen = f"app.kubernetes.io/component={part}"
        self.api.kubectl("delete", "pods", "-n", SPACE, "-l", chosen, "--force", "--grace-period=0", "--wait=false")

    def pods(self, part: str) -> list[str]:
        """Return the names of a part's pods."""
        chosen = f"app.kubernetes.io/component={part}"
        return self.api.kubectl("get", "pods", "-n", SPACE, "-l", chosen, "-o", "name").split()

    def delete(self, pod: str) -> None:
        """Delete one of its pods, which gets to finish what it does."""
        self.api.kubectl("delete", pod, "-n", SPACE)

    def leader(self, lease: str) -> str:
        """Return the name of the pod whose sidecar does the work."""
        return self.api.kubectl("get", "lease", lease, "-n", SPACE, "-o", "jsonpath={.spec.holderIdentity}")

    def lead(self, lease: str, pod: str) -> None:
        """Have a pod's sidecar do the work; return when the one that did it has noticed, and ended itself."""
        before = self.leader(lease)
        if before != pod:
            restarts = self._restarts(before)
            change = json.dumps({"spec": {"holderIdentity": pod}})
            self.api.kubectl("patch", "lease", lease, "-n", SPACE, "--type=merge", "-p", change)
            eventually(lambda: self._restarts(before) > restarts, timeout_s=_LONG_S, poll_s=0.2)
            self.ready()

    def _restarts(self, pod: str) -> int:
        counts = self.api.kubectl(
            "get", "pod", pod, "-n", SPACE, "-o", "jsonpath={.status.containerStatuses[*].restartCount}"
        )
        return sum(map(int, counts.split()))

    def log(self, pod: str) -> str:
        """Return what a pod's driver has logged."""
        return self.api.kubectl("logs", pod, "-n", SPACE, "-c", "cinderblock")

    def _is_registered(self) -> bool:
        found = self.api.ask("GET", f"/apis/storage.k8s.io/v1/csinodes/{NODE}", refused=404)
        return any(driver["name"] == NAME for driver in found.get("spec", {}).get("drivers") or [])

    def _load_images(self, containerd: Containerd) -> None:
        archive = self.machine.folder / "image.tar"
        named = yaml.safe_load((_CHART / "values.yaml").read_text())["sidecars"]
        for name in _SIDECARS:
            images.program(archive, named[name]["image"], cluster_program(f"csi-{name}"))
            containerd.load(archive)
        entry = [f"{_CHECKOUT}/.venv/bin/python", "-m", "csi.cli"]
        images.borrowed(archive, _IMAGE, entry=entry, environment={"PYTHONPATH": _CHECKOUT})
        containerd.load(archive)
        archive.unlink()

    def _values(self) -> Mapping[str, Any]:
        repository, _, tag = _IMAGE.rpartition(":")
        storage = str(self.machine.storage)
        places = {"usr": ("/usr", "/usr"), "checkout": (str(ROOT), _CHECKOUT), "storage": (storage, storage)}
        if not sys.base_prefix.startswith("/usr"):
            places["python"] = (sys.base_prefix, sys.base_prefix)
        pods = {
            "extraVolumes": [
                {"name": name, "hostPath": {"path": path, "type": "Directory"}} for name, (path, _) in places.items()
            ],
            "extraVolumeMounts": [
                {"name": name, "mountPath": path, "readOnly": name != "storage"} for name, (_, path) in places.items()
            ],
        }
        image = {"repository": repository, "tag": tag}
        xfs = {"csi.storage.k8s.io/fstype": "xfs"}
        return {
            "config": {"cinderConf": _CONFIGURATION.format(storage=storage, name=NAME, node=NODE)},
            "image": {"pullPolicy": "Never", "controller": image, "node": image},
            "controller": {"privileged": True, **pods},
            "node": pods,
            "storageClasses": [
                {"name": "cinderblock"},
                {"name": "xfs", "volumeBindingMode": "Immediate", "parameters": xfs},
            ],
            "volumeAttributesClasses": [{"name": "cinderblock", "parameters": {"metadata/tier": "gold"}}],
        }

    def volumes(self) -> list[str]:
        """Return the names of the files of all volumes and snapshots."""
        return self.machine.run("ls", "-A", f"{self.machine.storage}/volumes").split()

    def records(self) -> list[str]:
        """Return the names of what is recorded."""
        kinds = "cindervolumes,cindersnapshots,cinderconnections"
        return self.api.kubectl("get", kinds, "-n", SPACE, "-o", "name").split()

    def remove(self) -> None:
        self.snapshots.remove()
