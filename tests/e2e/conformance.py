"""Runs Kubernetes' own storage tests, External.Storage, in the laboratory's cluster: `python -m tests.e2e.conformance`.

Prints how many ran, passed, failed and were skipped, and ends with 0 when none failed; the whole of the output is in
the file of the first argument. Further arguments are ginkgo's.
"""

import re
import subprocess
import sys
from pathlib import Path

from tests.e2e import images
from tests.e2e.cluster import Cluster, cluster
from tests.e2e.machine import ROOT, cluster_program

_DRIVER = ROOT / "deploy" / "conformance" / "driver.yaml"
#: What is left out: a node that is taken away, other systems, and what the driver does not say of itself. A spec whose
#: capability is not declared skips itself.
_LEFT_OUT = (
    r"\[Disruptive\]",
    r"\[Feature:Windows\]",
    r"\[Feature:SELinux",
    r"\[Feature:volumegroupsnapshot\]",
    r"\[Feature:CSIVolumeSnapshotMetadata\]",
    r"\[Feature:AnyVolumeDataSource\]",
)
_PULLED = "registry.k8s.io/e2e-test-images"
_PROCESSES = 4


def main(arguments: list[str]) -> int:
    output = Path(arguments[0])
    with cluster() as running:
        _load_images(running)
        code = _run(running, output, arguments[1:])
    text = output.read_text(errors="replace")
    for line in re.findall(r"^.*(?:\[FAIL\].*|Ran \d+ of \d+ Specs.*|\d+ Passed .*)$", text, re.MULTILINE):
        print(line)
    return code


def _load_images(running: Cluster) -> None:
    archive = running.machine.folder / "image.tar"
    boxes = [
        f"{_PULLED}/{name}" for name in ("busybox:1.37.0-1", "nginx:1.15-4", "nginx:1.27-0", "glibc-dns-testing:2.0.0")
    ]
    images.busybox(archive, *boxes)
    running.containerd.load(archive)
    images.busybox(archive, "registry.k8s.io/pause:3.10.2", entry=["/bin/busybox", "sleep", "2147483647"])
    running.containerd.load(archive)
    agnhost = Path(cluster_program("agnhost"))
    images.busybox(archive, f"{_PULLED}/agnhost:2.63.0", beside={"agnhost": agnhost}, entry=["/agnhost"])
    running.containerd.load(archive)
    archive.unlink()


def _run(running: Cluster, output: Path, more: list[str]) -> int:
    suite = [
        cluster_program("e2e.test"),
        "--",
        f"--kubeconfig={running.api.kubeconfig('admin')}",
        f"--kubectl-path={cluster_program('kubectl')}",
        "--provider=skeleton",
        f"--storage.testdriver={_DRIVER}",
        "--num-nodes=1",
    ]
    chosen = [r"--focus=External.Storage", f"--skip={'|'.join(_LEFT_OUT)}", f"--procs={_PROCESSES}", "--no-color"]
    with output.open("wb") as written:
        command = [cluster_program("ginkgo"), "run", *chosen, "--timeout=2h", *more, *suite]
        return subprocess.run(command, check=False, stdout=written, stderr=subprocess.STDOUT).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
