"""Measures the driver in a cluster, prints the table, and writes docs/cluster-benchmarks.md: `make bench-cluster`."""

import json
import math
import os
from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from statistics import median

from tests.bench.__main__ import machine
from tests.bench.figures import aligned
from tests.bench.timing import seconds
from tests.e2e import wanted
from tests.e2e.cluster import Cluster, cluster
from tests.e2e.driver import CONTROLLER, PLUGIN, SPACE
from tests.e2e.machine import ROOT
from tests.e2e.spaces import Space
from tests.waiting import eventually

_DOCUMENT = ROOT / "docs" / "cluster-benchmarks.md"
_CLAIMS = 200
_PODS = 60
_LONG_S = 600.0
_HEAD = """\
# Benchmarks in a cluster

`make bench-cluster` measures this, as root, in a cluster of one node that it starts, with the driver installed by its
chart: two controllers with the official sidecars, records as objects of the cluster, files on xfs. Etcd does not sync,
and everything shares the machine's processors.

"""

Row = tuple[str, str, str, str]


def main() -> None:
    conditions = f"{machine()} The load average before was {os.getloadavg()[0]:.1f}."
    with cluster() as running:
        rows: list[Row] = [("what", "measured", "aim", "how")]
        for part in (_pods, _claims, _memory):
            found = list(part(running))
            print(*(" | ".join(row) for row in found), sep="\n", flush=True)
            rows += found
    _DOCUMENT.write_text(f"{_HEAD}{aligned(rows)}\n{conditions}\n")


def _claims(running: Cluster) -> Iterator[Row]:
    """Measure many claims at once, until all are bound, and until all are gone."""
    with running.space("claims") as space:
        file = running.machine.folder / "claims.json"
        items = [wanted.claim(f"data{number}", of="xfs") for number in range(_CLAIMS)]
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))

        def bind() -> None:
            space.kubectl("create", "-f", str(file))
            eventually(lambda: _bound(running) == _CLAIMS, timeout_s=_LONG_S, poll_s=0.2)

        yield f"{_CLAIMS} claims at once, until all are bound", f"{seconds(bind):.1f} s", "", "1 GiB each, once"

        def unbind() -> None:
            space.kubectl("delete", "pvc", "--all", "--wait=false")
            eventually(lambda: not running.get("pv").get("items"), timeout_s=_LONG_S, poll_s=0.2)

        yield f"{_CLAIMS} claims deleted at once, until no volume is left", f"{seconds(unbind):.1f} s", "", "once"


def _bound(running: Cluster) -> int:
    listed = running.api.ask("GET", "/api/v1/namespaces/claims/persistentvolumeclaims")["items"]
    return sum(claim["status"].get("phase") == "Bound" for claim in listed)


def _pods(running: Cluster) -> Iterator[Row]:
    """Measure a claim with its pod, from both being created until the pod runs, one after the other."""
    with running.space("pods") as space:
        numbers = count()
        taken_s = sorted(seconds(lambda: _start(space, f"pod{next(numbers)}")) for _ in range(_PODS))
    how = f"ext4, {_PODS} of them, one after the other, the image being there"
    yield "a claim and its pod, until the pod runs, p50", f"{median(taken_s):.1f} s", "", how
    yield "the same, p99", f"{taken_s[math.ceil(0.99 * _PODS) - 1]:.1f} s", "", how


def _start(space: Space, name: str) -> None:
    file = space.cluster.machine.folder / "pod.json"
    items = [wanted.claim(name), wanted.pod(name, name)]
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    space.kubectl("create", "-f", str(file))
    path = f"/api/v1/namespaces/{space.name}/pods/{name}"
    eventually(lambda: space.cluster.api.ask("GET", path)["status"]["phase"] == "Running", timeout_s=_LONG_S)


def _memory(running: Cluster) -> Iterator[Row]:
    """Read what processes have resident after all that."""
    how = "resident, all processes in all of its containers, after the above"
    ((_, node),) = _processes(running, PLUGIN)
    yield "memory of the node's pod", f"{sum(node.values()):.1f} MiB", "≤ 60 MiB", how
    for number, (_, controller) in enumerate(_processes(running, CONTROLLER), 1):
        for name, mib in sorted(controller.items()):
            yield f"controller's pod {number}: {name}", f"{mib:.1f} MiB", "", "resident, after the above"


def _processes(running: Cluster, part: str) -> Iterator[tuple[str, dict[str, float]]]:
    """Give a part's pods, each with what its programs have resident, in MiB."""
    for pod in running.driver.pods(part):
        uid = running.api.kubectl("get", pod, "-n", SPACE, "-o", "jsonpath={.metadata.uid}")
        found: dict[str, float] = defaultdict(float)
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if f"pod{uid}" in (process / "cgroup").read_text(encoding="ascii"):
                    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
                    found[status["Name"].strip()] += int(status["VmRSS"].split()[0]) / 1024
            except (FileNotFoundError, ProcessLookupError):
                continue
        yield pod, found


if __name__ == "__main__":
    main()
