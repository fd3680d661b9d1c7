"""Runs csi-sanity against a driver, and reads what became of each spec."""

import json
import os
import subprocess

#: Volumes that the attach-limit spec publishes; each is sparse.
LIMIT = 8
#: What a driver is to have in its section [csi], so that no spec is left out.
OPTIONS = f"[csi]\nmax_volumes_per_node = {LIMIT}\nsnapshot_topology = true\n"
#: Of 103 specs one is pending upstream; nothing else may be missing.
ALL, RUN = 103, 102


def check(program, endpoint, folder, access_type, *, controller="", timeout_s=600):
    """Run the specs; fails with the end of what csi-sanity said where one did not pass, or was not run.

    Args:
        program: csi-sanity.
        endpoint: the driver's, which has `OPTIONS`.
        folder: for its paths, and its report.
        access_type: "mount" or "block".
        controller: the endpoint of the controller, where the other one is the node's only.
        timeout_s: for all specs together.
    """
    report, mutable = folder / "report.json", folder / "mutable.yaml"
    mutable.write_text("metadata/tier: gold\n")
    done = subprocess.run(
        [
            program,
            f"--csi.endpoint={endpoint}",
            f"--csi.controllerendpoint={controller or endpoint}",
            f"--csi.mountdir={folder}/target",
            f"--csi.stagingdir={folder}/staging",
            f"--csi.testvolumeaccesstype={access_type}",
            f"--csi.testvolumemutableparameters={mutable}",
            "--csi.testnodevolumeattachlimit",
            f"--ginkgo.json-report={report}",
            "--ginkgo.no-color",
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HOME": str(folder)},
        timeout=timeout_s,
    )
    specs = [spec for spec in json.loads(report.read_text())[0]["SpecReports"] if spec["LeafNodeType"] == "It"]
    states = {_name(spec): spec["State"] for spec in specs}
    passed = sum(state == "passed" for state in states.values())
    print(f"{access_type}: {passed} passed of {len(states)}")
    not_passed = {name: state for name, state in states.items() if state not in ("passed", "pending")}
    assert not not_passed, done.stdout[-6000:]
    assert done.returncode == 0, done.stdout[-6000:]
    assert (len(states), passed) == (ALL, RUN)


def _name(spec):
    return " ".join([*spec["ContainerHierarchyTexts"], spec["LeafNodeText"]])
