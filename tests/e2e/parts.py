"""The parts of a cluster with a node: each may be killed and started by itself."""

import json
import socket
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # has no types of its own

from tests.e2e import network
from tests.e2e.machine import Machine, cluster_program
from tests.lab.clusters import Kubernetes
from tests.lab.servers import Server

#: The node that is always there, and one that may join it.
NODE = "lab"
OTHER_NODE = "lab1"
_TOKENS = {name: f"a-token-of-{name}-s-own" for name in (NODE, OTHER_NODE)}


class Api(Kubernetes):
    """The API server, on the address that pods reach, with all that a node needs."""

    address = network.address(0)
    more_tokens = "".join(f'{token},system:node:{name},{name},"system:nodes"\n' for name, token in _TOKENS.items())

    def placing(self) -> list[str]:
        reached = ["--bind-address=0.0.0.0", f"--advertise-address={self.address}"]
        allowing = [
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged",
        ]
        return [*reached, *allowing, "--kubelet-preferred-address-types=InternalIP"]

    def make(self) -> None:
        super().make()
        for name, token in _TOKENS.items():
            (self.folder / f"token-{name}").write_text(token)


class Part(Server):
    """A program in the machine, which has a kubeconfig and is up when it answers at a port, if it has one."""

    user = "root"
    port = 0

    def __init__(self, machine: Machine, api: Api) -> None:
        folder = machine.folder / self.kind
        folder.mkdir()
        super().__init__(folder)
        self.machine = machine
        self.api = api

    def make(self) -> None:
        pass

    def remove(self) -> None:
        """Kill it; what it has written goes with the machine, whose pods are still writing there."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def wait(self) -> None:
        """Wait until it has ended with its machine."""
        self._running().wait(timeout=30)

    def command(self) -> list[str]:
        return self.machine.inside(cluster_program(self.kind), *self.arguments())

    def arguments(self) -> list[str]:
        raise NotImplementedError

    def _is_up(self) -> bool:
        assert self._running().poll() is None, (self.folder / "log").read_text()[-2000:]
        if not self.port:
            return True
        with closing(socket.socket()) as tried:
            return tried.connect_ex((self.machine.address, self.port)) == 0


class ControllerManager(Part):
    kind = "kube-controller-manager"
    port = 10257

    def arguments(self) -> list[str]:
        return [
            f"--kubeconfig={self.api.kubeconfig('admin')}",
            "--use-service-account-credentials",
            f"--service-account-private-key-file={self.api.folder}/key",
            f"--root-ca-file={self.api.data}/apiserver.crt",
            "--leader-elect=false",
            "--controllers=*,-nodeipam",
            f"--cert-dir={self.folder}",
            # A node that is gone is to be found out while somebody waits for it.
            "--node-monitor-grace-period=20s",
        ]


class Scheduler(Part):
    kind = "kube-scheduler"
    port = 10259

    def arguments(self) -> list[str]:
        return [f"--kubeconfig={self.api.kubeconfig('admin')}", "--leader-elect=false", f"--cert-dir={self.folder}"]


class Proxy(Part):
    kind = "kube-proxy"
    port = 10256

    def arguments(self) -> list[str]:
        # The sizes of the kernel's tables are the machine's own affair.
        tables = ["max-per-core", "tcp-timeout-established", "tcp-timeout-close-wait"]
        return [
            f"--kubeconfig={self.api.kubeconfig('admin')}",
            f"--cluster-cidr={network.PODS}",
            f"--hostname-override={self.machine.name}",
            "--proxy-mode=iptables",
            *(f"--conntrack-{table}=0" for table in tables),
        ]


class Containerd(Part):
    kind = "containerd"
    #: Where only this machine has it.
    socket_path = Path("/run/containerd.sock")

    def make(self) -> None:
        configuration = _CONTAINERD.format(folder=self.folder, socket=self.socket_path)
        (self.folder / "config.toml").write_text(configuration)
        subnet = network.pods(self.machine.number)
        configured = {
            "cniVersion": "1.0.0",
            "name": self.machine.name,
            "plugins": [
                {
                    "type": "bridge",
                    "bridge": "lab0",
                    "isGateway": True,
                    "hairpinMode": True,
                    "ipam": {"type": "host-local", "ranges": [[{"subnet": subnet}]], "routes": [{"dst": "0.0.0.0/0"}]},
                },
                {"type": "portmap", "capabilities": {"portMappings": True}},
            ],
        }
        (self.folder / "cni").mkdir()
        (self.folder / "cni" / "lab.conflist").write_text(json.dumps(configured))

    def arguments(self) -> list[str]:
        return ["--config", str(self.folder / "config.toml")]

    def _is_up(self) -> bool:
        assert self._running().poll() is None, (self.folder / "log").read_text()[-2000:]
        try:
            self.ctr("version")
        except AssertionError:
            return False
        return True

    def ctr(self, *arguments: str) -> str:
        reaching = ["--address", str(self.socket_path), "--namespace", "k8s.io"]
        return self.machine.run(cluster_program("ctr"), *reaching, *arguments)

    def load(self, archive: Path) -> None:
        """Take an image out of an archive."""
        self.ctr("images", "import", str(archive))


class Kubelet(Part):
    kind = "kubelet"

    def make(self) -> None:
        configuration = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
            "authorization": {"mode": "AlwaysAllow"},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": self.machine.group,
            "failCgroupV1": False,
            "healthzBindAddress": self.machine.address,
            "failSwapOn": False,
            "containerRuntimeEndpoint": f"unix://{Containerd.socket_path}",
            "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
            "imageGCHighThresholdPercent": 100,
            # Volumes that a pod has left are let go of while somebody waits for it.
            "syncFrequency": "10s",
            "nodeStatusUpdateFrequency": "5s",
        }
        (self.folder / "config.yaml").write_text(yaml.safe_dump(configuration))

    def arguments(self) -> list[str]:
        return [
            f"--config={self.folder}/config.yaml",
            f"--kubeconfig={self.api.kubeconfig(self.machine.name)}",
            f"--hostname-override={self.machine.name}",
            f"--node-ip={self.machine.address}",
            "--root-dir=/var/lib/kubelet",
            f"--cert-dir={self.folder}",
        ]

    def _is_up(self) -> bool:
        assert self._running().poll() is None, (self.folder / "log").read_text()[-2000:]
        try:
            with urllib.request.urlopen(f"http://{self.machine.address}:10248/healthz", timeout=5) as answer:
                return answer.status == 200
        except (OSError, urllib.error.HTTPError):
            return False


_CONTAINERD = """\
version = 3
root = "{folder}/root"
state = "/run/containerd"
[grpc]
address = "{socket}"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "localhost/pause:1"
[plugins.'io.containerd.cri.v1.runtime']
# A machine that may not lower it can start no pod otherwise.
restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["/usr/lib/cni"]
conf_dir = "{folder}/cni"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
SystemdCgroup = false
"""
