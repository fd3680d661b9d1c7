"""A namespace, and what its user does there: claims, pods, snapshots."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.e2e import wanted
from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.e2e.cluster import Cluster

#: The kubelet and the sidecars ask again later and later, up to two minutes, and a lease has to run out.
_LONG_S = 300.0


class Space:
    """A namespace's claims, pods and snapshots."""

    def __init__(self, cluster: "Cluster", name: str) -> None:
        self.cluster = cluster
        self.name = name

    def create(self, one: Mapping[str, Any]) -> None:
        """Create an object as it stands."""
        file = self.cluster.machine.folder / "wanted.json"
        file.write_text(json.dumps(one))
        self.kubectl("create", "-f", str(file))

    def kubectl(self, *arguments: str) -> str:
        return self.cluster.api.kubectl("-n", self.name, *arguments)

    def get(self, kind: str, name: str = "") -> dict[str, Any]:
        return self.cluster.get(kind, name, self.name)

    def claim(self, name: str, size: str = "1Gi", **more: Any) -> None:
        """Claim a volume; `more` as in `wanted.claim`."""
        self.create(wanted.claim(name, size, **more))

    def pod(self, name: str, *claims: str, **more: Any) -> "Pod":
        """Start a pod with these claims and wait until it runs."""
        self.create(wanted.pod(name, *claims, **more))
        return self.running(name)

    def running(self, name: str) -> "Pod":
        self.eventually(lambda: self.cluster.condition("pod", name, "Ready", self.name), f"pod/{name}")
        return Pod(self, name)

    def snapshot(self, name: str, claimed: str) -> None:
        """Take a snapshot of a claim and wait until it can be used."""
        self.create(wanted.snapshot(name, claimed))
        self.usable(name)

    def usable(self, name: str) -> None:
        """Wait until a snapshot can be used."""
        ready = f"volumesnapshot/{name}"
        self.eventually(lambda: self.get("volumesnapshot", name).get("status", {}).get("readyToUse"), ready)

    def bound(self, name: str) -> dict[str, Any]:
        """Wait until a claim is bound; return its volume."""
        self.eventually(lambda: self.get("pvc", name).get("status", {}).get("phase") == "Bound", f"pvc/{name}")
        return self.cluster.get("pv", self.get("pvc", name)["spec"]["volumeName"])

    def eventually(self, condition: Any, what: str) -> Any:
        """Wait for something and return it; if it does not come about, show what the cluster says of it."""
        try:
            return eventually(condition, timeout_s=_LONG_S, poll_s=0.2)
        except AssertionError as error:
            raise AssertionError(f"{self.kubectl('describe', what)}\n{self.kubectl('get', 'events')}") from error

    def delete(self, kind: str, *names: str, **how: str) -> None:
        """Delete objects and wait until they are gone."""
        self.kubectl("delete", kind, *names, "--wait=false", *(f"--{key}={value}" for key, value in how.items()))
        for name in names:
            self.eventually(lambda name=name: not self.get(kind, name), kind)


class Pod:
    """A pod that runs; its volumes are at /NAME, or /dev/NAME if they are raw."""

    def __init__(self, space: Space, name: str) -> None:
        self.space = space
        self.name = name

    def run(self, script: str) -> str:
        """Return what a shell in it prints."""
        return self.space.kubectl("exec", self.name, "--", "sh", "-ec", script).strip()

    def fails(self, script: str) -> bool:
        """Say whether a shell in it ends in failure."""
        return self.run(f"if ({script}) 2>/dev/null; then echo done; else echo failed; fi") == "failed"

    def delete(self, **how: str) -> None:
        self.space.delete("pod", self.name, **how)
