"""A Kubernetes with one node and the driver, and what its user does with it: claims, pods, snapshots."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.e2e import images, wanted
from tests.e2e.driver import Driver
from tests.e2e.machine import Machine, cluster_program, own_network, snapshot_kinds
from tests.e2e.parts import NODE, Api, Containerd, ControllerManager, Kubelet, Part, Proxy, Scheduler
from tests.e2e.spaces import Space
from tests.lab.servers import running
from tests.waiting import eventually

_LONG_S = 120.0


class Cluster:
    """What is running, and what is asked of it as its master."""

    def __init__(self, machine: Machine, api: Api) -> None:
        self.machine = machine
        self.api = api
        self.manager = ControllerManager(machine, api)
        self.containerd = Containerd(machine, api)
        self.kubelet = Kubelet(machine, api)
        self.parts: list[Part] = [
            self.manager,
            Scheduler(machine, api),
            self.containerd,
            self.kubelet,
            # Comes up once the node is known.
            Proxy(machine, api),
        ]
        self.driver = Driver(machine, api)

    def start(self) -> None:
        for part in self.parts:
            part.make()
            part.start()
            if part is self.containerd:
                self._load_images()
        eventually(lambda: self.condition("node", NODE, "Ready"), timeout_s=_LONG_S)
        self.api.kubectl("apply", "--server-side", "-f", str(snapshot_kinds()))
        self.driver.install(self.containerd)

    def _load_images(self) -> None:
        archive = self.machine.folder / "image.tar"
        images.busybox(archive, "localhost/pause:1", entry=["/bin/busybox", "sleep", "2147483647"])
        self.containerd.load(archive)
        images.busybox(archive, wanted.BUSYBOX)
        self.containerd.load(archive)
        archive.unlink()

    def remove(self) -> None:
        """End all of it, what watches before what is watched."""
        self.driver.remove()
        for part in reversed(self.parts):
            part.remove()

    def get(self, kind: str, name: str = "", space: str = "") -> dict[str, Any]:
        """Return an object, or the list of a kind; nothing where there is none."""
        answer = self.api.kubectl(
            "get", kind, *filter(None, [name]), "-o=json", "--ignore-not-found", *(["-n", space] if space else [])
        )
        return dict(json.loads(answer)) if answer else {}

    def condition(self, kind: str, name: str, wanted: str, space: str = "") -> bool:
        conditions = self.get(kind, name, space).get("status", {}).get("conditions", [])
        return any(one["type"] == wanted and one["status"] == "True" for one in conditions)

    @contextmanager
    def space(self, name: str) -> Iterator[Space]:
        """A namespace that is deleted whole, and then is gone."""
        self.api.kubectl("create", "namespace", name)
        try:
            eventually(lambda: self.get("serviceaccount", "default", name))
            yield Space(self, name)
        finally:
            self.api.kubectl("delete", "namespace", name, "--wait=false")
            eventually(lambda: not self.get("namespace", name), timeout_s=_LONG_S, poll_s=0.2)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A cluster that is removed in the end, of which nothing is left then."""
    # Built, where they are missing, on the machine's own network.
    cluster_program("kubelet")
    with own_network(), ExitStack() as stack:
        machine = stack.enter_context(running(Machine))
        api = stack.enter_context(running(Api))
        made = Cluster(machine, api)
        stack.callback(made.remove)
        made.start()
        yield made
    assert machine.left() == []
