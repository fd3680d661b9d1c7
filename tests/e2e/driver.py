"""The driver in a cluster, installed by its chart: two controllers with their sidecars, and a node."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from csi.client import Client
from csi.proto import csi_pb2
from tests.e2e.machine import LOCAL, SHARED, cluster_program
from tests.e2e.node import Node
from tests.e2e.parts import Api, Part
from tests.e2e.release import CHART, HOME, NAME, load_controllers, load_node, values
from tests.waiting import eventually

SPACE = "cinderblock"
CONTROLLER = "controller"
PLUGIN = "node"
_CONTROLLERS = 2
_LONG_S = 120.0


class SnapshotController(Part):
    """What a cluster has once, whichever drivers it has."""

    kind = "snapshot-controller"

    def arguments(self) -> list[str]:
        return [f"--kubeconfig={self.api.kubeconfig('admin')}"]


class Driver:
    """What the chart has installed."""

    def __init__(self, api: Api, nodes: list[Node]) -> None:
        self.api = api
        self.nodes = nodes
        self.machine = nodes[0].machine
        self.snapshots = SnapshotController(self.machine, api)

    def install(self) -> None:
        self.snapshots.start()
        load_controllers(self.nodes[0].containerd, self.machine.folder / "image.tar")
        self.load(self.nodes[0])
        given = self.machine.folder / "values.json"
        given.write_text(json.dumps(values()))
        self.helm("install", SPACE, str(CHART), "--create-namespace", f"--values={given}")
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
            for part, number in ((CONTROLLER, _CONTROLLERS), (PLUGIN, len(self.nodes))):
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
        for node in self.nodes if part == PLUGIN else self.nodes[:1]:
            node.machine.run("sh", "-c", f'kill -KILL $(pgrep -f "^{HOME}/.* serve {part}")')
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
        return all(self.registered(node.name) for node in self.nodes)

    def registered(self, node: str) -> dict[str, Any]:
        """Return what a kubelet says of the driver, nothing where it does not know it."""
        found = self.api.ask("GET", f"/apis/storage.k8s.io/v1/csinodes/{node}", refused=404)
        drivers = found.get("spec", {}).get("drivers") or []
        return next((driver for driver in drivers if driver["name"] == NAME), {})

    def load(self, node: Node) -> None:
        """Give a node the driver's image."""
        load_node(node.containerd, self.machine.folder / "image.tar")

    @contextmanager
    def changed(self, value: str) -> Iterator[None]:
        """Have another value of the chart's for a while, KEY=VALUE."""
        self._upgrade(value)
        try:
            yield
        finally:
            self.helm("rollback", SPACE)
            self._rolled_out()

    def _upgrade(self, value: str) -> None:
        self.helm("upgrade", SPACE, str(CHART), "--reset-then-reuse-values", f"--set={value}")
        self._rolled_out()

    def _rolled_out(self) -> None:
        for kind in ("deployment", "daemonset"):
            chosen = f"--selector=app.kubernetes.io/instance={SPACE}"
            self.api.kubectl("rollout", "status", kind, chosen, "-n", SPACE, f"--timeout={_LONG_S:.0f}s")
        self.ready()

    def capacity(self, backend: str, place: Mapping[str, str]) -> list[int]:
        """Return what a controller answers of its room at a place: in all, and for one volume, in bytes."""
        pod = json.loads(self.api.kubectl("get", self.pods(CONTROLLER)[0], "-n", SPACE, "-o", "json"))
        socket = f"pods/{pod['metadata']['uid']}/volumes/kubernetes.io~empty-dir/socket/csi.sock"
        short = self.machine.folder / "csi.sock"
        short.unlink(missing_ok=True)
        short.symlink_to(self.machine.folder / "machine" / "kubelet" / socket)
        request = csi_pb2.GetCapacityRequest(parameters={"backend": backend})
        request.accessible_topology.segments.update(place)
        with closing(Client(f"unix://{short}")) as client:
            answer = client.controller.GetCapacity(request, timeout=10)
        return [answer.available_capacity, answer.maximum_volume_size.value]

    def volumes(self) -> list[str]:
        """Return the names of the files of all volumes and snapshots."""
        return [name for place in (LOCAL, SHARED) for name in self.machine.run("ls", "-A", f"{place}/volumes").split()]

    def records(self) -> list[str]:
        """Return the names of what is recorded."""
        kinds = "cindervolumes,cindersnapshots,cinderconnections"
        return self.api.kubectl("get", kinds, "-n", SPACE, "-o", "name").split()

    def remove(self) -> None:
        self.snapshots.remove()
