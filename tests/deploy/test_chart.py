"""The chart: helm has nothing against it, what it makes is what was looked at, and mistakes are told in words."""

import json
import subprocess

import pytest
import yaml  # type: ignore[import-untyped]  # has no types of its own

from tests.deploy.chart import CHART, LEAST, ROOT, helm, named, objects, rendering
from tests.lab.clusters import programs

CONTROLLER, NODE = "cinderblock-controller", "cinderblock-node"


def test_helm_has_nothing_to_say_against_it():
    done = helm("lint", "--strict", "--quiet", CHART, "--set", ",".join(LEAST))
    assert (done.returncode, done.stdout) == (0, "")


def test_what_is_made_from_the_chart_is_what_make_manifests_makes(tmp_path):
    subprocess.run([ROOT / "deploy" / "manifests.sh", tmp_path], check=True, capture_output=True)
    made = [path for path in tmp_path.rglob("*.yaml") if path.parent.name in ("base", "crds", "golden")]
    assert len(made) == 8
    for path in made:
        committed = ROOT / path.relative_to(tmp_path)
        assert committed.read_text() == path.read_text(), "run 'make manifests', and look at what it changed"


def test_the_plain_manifests_are_what_the_chart_installs():
    arguments = [str(programs() / "kubectl"), "kustomize", str(ROOT / "deploy" / "kustomize" / "base")]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    plain = [(one["kind"], one["metadata"]["name"]) for one in yaml.safe_load_all(done.stdout)]
    assert sorted(plain) == sorted((one["kind"], one["metadata"]["name"]) for one in objects(*LEAST))
    assert "helm" not in done.stdout.lower()


def test_what_would_take_records_or_secrets_along_outlives_the_release():
    kinds = [one for one in objects(*LEAST) if one["kind"] == "CustomResourceDefinition"]
    assert len(kinds) == 5
    assert {one["metadata"]["annotations"]["helm.sh/resource-policy"] for one in kinds} == {"keep"}


def test_the_versions_are_one():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = next(line for line in (ROOT / "pyproject.toml").read_text().splitlines() if line.startswith("version"))
    assert version == f'version = "{chart["appVersion"]}"'


def test_every_value_is_in_the_schema_and_has_words():
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert values.keys() == schema["properties"].keys() - {"global"}
    page = (ROOT / "docs" / "install.md").read_text()
    assert [name for name in values if f"`{name}" not in page] == []


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("controller.replicas=0", "'/controller/replicas': minimum: got 0, want 1"),
        ("controler.replicas=1", "additional properties 'controler' not allowed"),
        ("node.maxVolumes=many", "'/node/maxVolumes': got string, want integer"),
        ("logLevel=loud", "'/logLevel': value must be one of 'debug', 'info', 'warning', 'error'"),
        ("store=postgresql://user:password@host/db", "'/store': 'postgresql://user:password@host/db' does not match"),
        ("sidecars.attacher.timeout=5", "'/sidecars/attacher/timeout': got number, want string"),
        ("storageClasses[0].reclaimPolicy=Keep", "'/storageClasses/0/reclaimPolicy': value must be one of"),
        ("storageClasses[0].parameters.backend=a,storageClasses[0].name=", "'/storageClasses/0/name'"),
        ("volumeAttributesClasses[0].name=fast", "'/volumeAttributesClasses/0': missing property 'parameters'"),
        ("config.existingSecret=", "config: the back ends are missing; set config.cinderConf to the text of"),
        ("config.cinderConf=[DEFAULT]", "config: existingSecret and cinderConf are both set; one of them is wanted"),
        ("key.existingSecret=", "a key that is made anew by each rendering opens nothing"),
        ("store=,config.existingSecret=,config.cinderConf=x", "a file in the pod would be lost with the pod"),
        ("controller.hostNetwork=true,node.metricsPort=9808", "both are on the machine's network"),
    ],
)
def test_a_mistake_is_told_in_words(value, words):
    done = rendering(*LEAST, value)
    assert done.returncode == 1
    assert words in done.stderr


def test_the_controller_has_no_rights_on_its_machine_unless_a_back_end_needs_them():
    found = objects(*LEAST)
    pod = named(found, "Deployment", CONTROLLER)["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert {"hostNetwork", "hostPID", "hostIPC"} & pod.keys() == set()
    assert [one["name"] for one in pod["volumes"] if "hostPath" in one] == []
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    rooted = objects(*LEAST, "controller.privileged=true")
    driver, *others = named(rooted, "Deployment", CONTROLLER)["spec"]["template"]["spec"]["containers"]
    assert driver["securityContext"] == {"privileged": True, "readOnlyRootFilesystem": True}
    # What is mounted in a folder that the kubelet empties must not be seen by the kubelet.
    assert [one for one in driver["volumeMounts"] if "mountPropagation" in one] == []
    # What talks to the cluster only needs nothing more for that.
    assert all(one["securityContext"]["capabilities"] == {"drop": ["ALL"]} for one in others)


def test_two_controllers_serve_and_one_of_each_sidecar_leads():
    found = objects(*LEAST)
    deployment = named(found, "Deployment", CONTROLLER)["spec"]
    assert deployment["replicas"] == 2
    assert named(found, "PodDisruptionBudget", CONTROLLER)["spec"]["maxUnavailable"] == 1
    driver, *sidecars = deployment["template"]["spec"]["containers"]
    assert [one["name"] for one in sidecars] == ["provisioner", "attacher", "resizer", "snapshotter"]
    assert all("--leader-election" in one["args"] for one in sidecars)
    ports = [port["containerPort"] for one in (driver, *sidecars) for port in one["ports"]]
    assert len(set(ports)) == len(ports)
    assert "PodDisruptionBudget" not in {one["kind"] for one in objects(*LEAST, "controller.replicas=1")}


def test_a_node_is_one_container_and_has_no_password():
    found = objects(*LEAST)
    pod = named(found, "DaemonSet", NODE)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    secrets = [one["secret"]["secretName"] for one in pod["volumes"] if "secret" in one]
    assert secrets == ["cinderblock-key"]
    spread = {one["name"]: one.get("mountPropagation") for one in container["volumeMounts"]}
    assert spread["kubelet"] == spread["state"] == "Bidirectional"
    mounted = {one["name"] for one in container["volumeMounts"]}
    assert mounted == {one["name"] for one in pod["volumes"]}


def test_without_objects_for_records_a_node_describes_itself_in_its_id():
    with_objects, without = objects(*LEAST), objects(*LEAST, "store=")
    for kind, name in (("DaemonSet", NODE), ("Deployment", CONTROLLER)):
        pods = [named(one, kind, name)["spec"]["template"]["spec"] for one in (with_objects, without)]
        assert ["--node-object" in pod["containers"][0]["args"] for pod in pods] == [True, False]
    kinds = {one["kind"] for one in without}
    assert not kinds & {"ValidatingAdmissionPolicy"}
    assert [one["metadata"]["name"] for one in without if one["kind"] == "Role"] == ["cinderblock-sidecars"]
