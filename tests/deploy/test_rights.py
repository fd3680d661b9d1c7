"""Who may do what: nobody everything, each sidecar what it does; and a cluster takes the whole."""

import pytest
import yaml  # type: ignore[import-untyped]  # has no types of its own

from tests.deploy.chart import LEAST, NAMESPACE, ROOT, named, objects

ROLES = ("Role", "ClusterRole")
CONTROLLER, NODE = "cinderblock-controller", "cinderblock-node"
#: What nobody of ours may ever do: each of them is a way to all rights, or to others' secrets.
NEVER = [
    ("get", "secrets"),
    ("list", "secrets"),
    ("create", "pods"),
    ("create", "pods/exec"),
    ("create", "serviceaccounts/token"),
    ("update", "nodes"),
    ("patch", "nodes/status"),
    ("escalate", "clusterroles.rbac.authorization.k8s.io"),
    ("bind", "clusterroles.rbac.authorization.k8s.io"),
    ("impersonate", "users"),
    ("update", "customresourcedefinitions.apiextensions.k8s.io"),
    ("delete", "validatingadmissionpolicies.admissionregistration.k8s.io"),
]


def rules(found):
    return [rule for one in found if one["kind"] in ROLES for rule in one["rules"]]


def may(cluster, account, verb, resource, *, namespace=NAMESPACE):
    name, _, sub = resource.partition("/")
    plural, _, group = name.partition(".")
    user = f"system:serviceaccount:{NAMESPACE}:{account}"
    wanted = {"verb": verb, "resource": plural, "subresource": sub, "group": group, "namespace": namespace}
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{NAMESPACE}", "system:authenticated"]
    kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
    review = {**kind, "spec": {"user": user, "groups": groups, "resourceAttributes": wanted}}
    return cluster.ask("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)["status"]["allowed"]


@pytest.mark.parametrize("sets", [(), ("controller.privileged=true", "snapshots.groups=true")], ids=["least", "most"])
def test_no_right_is_for_everything(sets):
    found = objects(*LEAST, *sets)
    assert len(rules(found)) > 20
    for rule in rules(found):
        assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
    bound = {one["roleRef"]["name"] for one in found if one["kind"].endswith("Binding") and "roleRef" in one}
    assert bound == {one["metadata"]["name"] for one in found if one["kind"] in ROLES}


def test_the_records_rights_are_those_that_are_installed_without_the_chart():
    by_hand = [one for one in yaml.safe_load_all((ROOT / "deploy" / "rbac-store.yaml").read_text()) if one.get("rules")]
    found = objects(*LEAST)
    assert [one["rules"] for one in by_hand] == [
        named(found, "Role", "cinderblock-store")["rules"],
        named(found, "ClusterRole", "cinderblock-kinds")["rules"],
    ]


def test_snapshots_that_are_off_take_their_rights_along():
    groups = {group for rule in rules(objects(*LEAST, "snapshots.enabled=false")) for group in rule["apiGroups"]}
    assert not {group for group in groups if "snapshot" in group}


@pytest.mark.parametrize("account", [CONTROLLER, NODE])
def test_nobody_may_what_leads_to_more(cluster, installed, account):
    assert [one for one in NEVER if may(cluster, account, *one)] == []


def test_a_node_may_describe_itself_and_nothing_else(cluster, installed):
    kinds = ("cindervolumes", "cindersnapshots", "cinderconnections", "cindernodes", "cinderkeyvalues")
    verbs = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
    allowed = {(verb, kind) for kind in kinds for verb in verbs if may(cluster, NODE, verb, f"{kind}.cinderblock.io")}
    assert allowed == {("create", "cindernodes"), ("patch", "cindernodes")}
    assert not may(cluster, NODE, "create", "cindernodes.cinderblock.io", namespace="default")
    roles = {one["metadata"]["name"]: one for one in installed if one["kind"] in ROLES}
    bound = [
        roles[one["roleRef"]["name"]]
        for one in installed
        if one["kind"].endswith("Binding") and NODE in [subject["name"] for subject in one.get("subjects", [])]
    ]
    assert [one["rules"] for one in bound] == [
        [{"apiGroups": ["cinderblock.io"], "resources": ["cindernodes"], "verbs": ["create", "patch"]}]
    ]


@pytest.mark.parametrize(
    ("verb", "resource"),
    [
        ("create", "persistentvolumes"),
        ("patch", "persistentvolumeclaims/status"),
        ("patch", "volumeattachments.storage.k8s.io/status"),
        ("update", "volumesnapshotcontents.snapshot.storage.k8s.io/status"),
        ("create", "csistoragecapacities.storage.k8s.io"),
        ("update", "leases.coordination.k8s.io"),
        ("delete", "cindervolumes.cinderblock.io"),
    ],
)
def test_the_controller_may_what_its_sidecars_and_its_store_do(cluster, installed, verb, resource):
    assert may(cluster, CONTROLLER, verb, resource)


def test_a_cluster_takes_all_of_it(cluster, applied):
    found = applied(
        "controller.privileged=true",
        "controller.hostNetwork=true",
        "snapshots.groups=true",
        "storageClasses[0].name=everything",
        "volumeAttributesClasses[0].name=limited",
        "volumeAttributesClasses[0].parameters.qos/tier=gold",
    )
    driver = cluster.ask("GET", "/apis/storage.k8s.io/v1/csidrivers/cinderblock.io")["spec"]
    # What a server drops that it does not know is not there any more.
    assert driver == {**named(found, "CSIDriver", "cinderblock.io")["spec"], "requiresRepublish": False}
