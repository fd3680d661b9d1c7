"""A Kubernetes with the driver, and what its user does with it: claims, pods, snapshots."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.e2e.driver import Driver
from tests.e2e.machine import Machine, cluster_program, snapshot_kinds
from tests.e2e.network import links, own_network
from tests.e2e.node import Node
from tests.e2e.parts import Api, Containerd, ControllerManager, Kubelet, Part, Scheduler
from tests.e2e.release import own_images
from tests.e2e.spaces import Space
from tests.lab.servers import running
from tests.waiting import eventually

_LONG_S = 120.0


class Cluster:
    """What is running, and what is asked of it as its master; the first of its nodes is on the machine of it all."""

    def __init__(self, machine: Machine, api: Api) -> None:
        self.machine = machine
        self.api = api
        self.manager = ControllerManager(machine, api)
        self.masters: list[Part] = [self.manager, Scheduler(machine, api)]
        self.nodes = [Node(machine, api)]
        self.driver = Driver(api, self.nodes)

    @property
    def kubelet(self) -> Kubelet:
        """That of the first node."""
        return self.nodes[0].kubelet

    @property
    def containerd(self) -> Containerd:
        """That of the first node."""
        return self.nodes[0].containerd

    def start(self) -> None:
        for part in self.masters:
            part.make()
            part.start()
        self.nodes[0].prepare()
        self.nodes[0].join()
        self.ready(self.nodes[0])
        self.api.kubectl("apply", "--server-side", "-f", str(snapshot_kinds()))
        self.driver.install()

    def ready(self, node: Node) -> None:
        """Wait until a node takes pods."""
        eventually(lambda: self.condition("node", node.name, "Ready"), timeout_s=_LONG_S, poll_s=0.2)

    @contextmanager
    def other_node(self) -> Iterator[Node]:
        """A second node, with the driver, which leaves the cluster in the end."""
        with running(lambda: Machine(self.machine, number=1)) as machine:
            node = Node(machine, self.api)
            try:
                node.prepare()
                self.driver.load(node)
                node.join()
                self.nodes.append(node)
                self.ready(node)
                self.driver.ready()
                yield node
            finally:
                self.nodes[1:] = []
                node.remove()
                self.api.kubectl("delete", "node", node.name, "--ignore-not-found")
                chosen = f"--field-selector=spec.nodeName={node.name}"
                self.api.kubectl("delete", "pods", "--all-namespaces", chosen, "--force", "--grace-period=0")
        left = machine.left()
        assert not left, left

    def remove(self) -> None:
        """End all of it, what watches before what is watched."""
        self.driver.remove()
        self.nodes[0].remove()
        for part in reversed(self.masters):
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
    own_images()
    with own_network(), ExitStack() as stack:
        machine = stack.enter_context(running(Machine))
        api = stack.enter_context(running(Api))
        made = Cluster(machine, api)
        stack.callback(made.remove)
        made.start()
        yield made
    left = [*machine.left(), *links()]
    assert not left, left
