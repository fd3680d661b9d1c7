"""The chart's objects in a real cluster, which has no nodes: nothing of them runs, and everything is checked."""

import subprocess

import pytest
import yaml  # type: ignore[import-untyped]  # has no types of its own

from tests.deploy.chart import LEAST, NAMESPACE, ROOT, objects


@pytest.fixture(scope="session")
def cluster(kubernetes):
    """The cluster with the kinds of snapshots, and a namespace for the driver."""
    kinds = subprocess.run(
        [ROOT / "tests" / "lab" / "snapshot-kinds.sh"], check=True, stdout=subprocess.PIPE, text=True
    )
    kubernetes.kubectl("apply", "--server-side", "-f", kinds.stdout.strip())
    kubernetes.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    kubernetes.ask("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    return kubernetes


@pytest.fixture(scope="session")
def applied(cluster, tmp_path_factory):
    """Apply what the chart makes with these values, server-side; return the objects."""

    def apply(*sets):
        found = objects(*LEAST, *sets)
        file = tmp_path_factory.mktemp("applied") / "chart.yaml"
        file.write_text(yaml.safe_dump_all(found))
        cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(file))
        return found

    return apply


@pytest.fixture(scope="session")
def installed(applied):
    """The chart as it comes."""
    return applied()


@pytest.fixture(scope="session")
def machines(cluster, installed, tmp_path_factory):
    """Give what a pod of the node's account gets of the cluster on a machine of that name."""

    def pod_on(machine):
        pod = f"pod-on-{machine}"
        account = "cinderblock-node"
        cluster.ask("POST", "/api/v1/nodes", {"metadata": {"name": machine}})
        containers = [{"name": "one", "image": "none"}]
        spec = {"serviceAccountName": account, "nodeName": machine, "containers": containers}
        cluster.ask("POST", f"/api/v1/namespaces/{NAMESPACE}/pods", {"metadata": {"name": pod}, "spec": spec})
        folder = tmp_path_factory.mktemp(pod)
        (folder / "token").write_text(cluster.token(NAMESPACE, account, pod=pod))
        (folder / "namespace").write_text(NAMESPACE)
        (folder / "ca.crt").write_text((cluster.data / "apiserver.crt").read_text())
        return folder

    return pod_on
