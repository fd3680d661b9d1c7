"""Runs Kubernetes' own storage tests, External.Storage, in the laboratory's cluster: `python -m tests.e2e.conformance`.

Prints how many ran, passed, failed and were skipped, and ends with 0 when none failed; the whole of the output is in
the file of the first argument. Further arguments are ginkgo's; without any, docs/kubernetes-conformance.md is written.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # has no types of its own

from tests.e2e import images, outcome
from tests.e2e.cluster import Cluster, cluster
from tests.e2e.machine import ROOT, cluster_program

_DRIVER = ROOT / "deploy" / "conformance" / "driver.yaml"
_DOCUMENT = ROOT / "docs" / "kubernetes-conformance.md"
#: What is left out, and why. A spec whose capability is not declared skips itself.
LEFT_OUT: Mapping[str, str] = {
    r"\[Disruptive\]": "stops the kubelet through SSH and systemd, which this cluster's node has not",
    r"\[Feature:Windows\]": "another system",
    r"\[Feature:SELinux": "needs a kernel with SELinux",
    r"\[Feature:volumegroupsnapshot\]": "an option of the chart, which is off here",
    r"\[Feature:snapshotmetadata\]": "snapshot metadata is not declared",
    "multiple pods should modify volumes": "waits for claims that no pod uses, so that this class does not bind them",
    "any volume data source": "needs the image of a populator, which is no affair of a driver",
}
_PULLED = "registry.k8s.io/e2e-test-images"
#: Ginkgo's arguments for all of them.
_ALL = ("--focus=External.Storage", f"--skip={'|'.join(LEFT_OUT)}", "--procs=8")


def main(arguments: list[str]) -> int:
    output = Path(arguments[0])
    # One spec makes as many volumes as the node takes.
    with cluster() as running, running.driver.changed("node.maxVolumes=64"):
        load_images(running)
        done = run(running, output, *(arguments[1:] or _ALL))
    print(done.summary())
    if not arguments[1:]:
        _DOCUMENT.write_text(done.page(LEFT_OUT))
    return 1 if done.failed() else 0


def load_images(running: Cluster) -> None:
    """Give a cluster the images that the specs name."""
    archive = running.machine.folder / "image.tar"
    images.busybox(archive, *(f"{_PULLED}/{name}" for name in ("busybox:1.37.0-1", "nginx:1.15-4", "nginx:1.27-0")))
    running.containerd.load(archive)
    # Flags that busybox's dd does not know are asked of it, and busybox's shell would run no other.
    beside = images.with_libraries("/bin/sh", "/bin/dd")
    images.busybox(archive, f"{_PULLED}/glibc-dns-testing:2.0.0", beside=beside)
    running.containerd.load(archive)
    agnhost = Path(cluster_program("agnhost"))
    images.busybox(archive, f"{_PULLED}/agnhost:2.63.0", beside={"agnhost": agnhost}, entry=["/agnhost"])
    running.containerd.load(archive)
    archive.unlink()


@contextmanager
def _class(running: Cluster) -> Iterator[str]:
    """Have a class for the specs that ask for no file system by name; give its name.

    A mounted ext4 grows only where root has CAP_SYS_RESOURCE, which not every machine gives it; a mounted xfs does.
    """
    made = running.get("storageclass", "cinderblock")
    made |= {
        "metadata": {"name": "conformance"},
        "parameters": {**made["parameters"], "csi.storage.k8s.io/fstype": "xfs"},
    }
    file = running.machine.folder / "class.json"
    file.write_text(json.dumps(made))
    running.api.kubectl("create", "-f", str(file))
    try:
        yield made["metadata"]["name"]
    finally:
        running.api.kubectl("delete", "-f", str(file))


def run(running: Cluster, output: Path, *chosen: str) -> outcome.Outcome:
    """Run specs in a cluster that has the images.

    Args:
        running: the cluster.
        output: gets all that is said; what is reported is in a file beside it, ending in .json.
        chosen: ginkgo's arguments.

    Raises:
        AssertionError: ginkgo did not come as far as to report.
    """
    definition, report = running.machine.folder / "driver.yaml", output.with_suffix(".json").resolve()
    report.unlink(missing_ok=True)
    driver = yaml.safe_load(_DRIVER.read_text())
    suite = [
        cluster_program("e2e.test"),
        "--",
        f"--kubeconfig={running.api.kubeconfig('admin')}",
        f"--kubectl-path={cluster_program('kubectl')}",
        "--provider=skeleton",
        f"--storage.testdriver={definition}",
        "--num-nodes=1",
    ]
    reporting = ["--no-color", f"--json-report={report.name}", f"--output-dir={report.parent}", "--timeout=2h"]
    command = [cluster_program("ginkgo"), "run", *chosen, *reporting, *suite]
    with output.open("wb") as written, _class(running) as driver["StorageClass"]["FromExistingClassName"]:
        definition.write_text(yaml.safe_dump(driver))
        # They leave files behind.
        there = {**os.environ, "TMPDIR": str(running.machine.folder)}
        subprocess.run(command, check=False, env=there, stdout=written, stderr=subprocess.STDOUT)
    assert report.exists(), output.read_text(errors="replace")[-2000:]
    return outcome.read(report)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
