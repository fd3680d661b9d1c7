"""A node describes itself to the cluster, and a controller finds it; a node that describes another one is refused."""

from contextlib import closing
from dataclasses import replace

import pytest

from cinderblock.errors import ConfigurationError, NotFound
from csi.controller.nodes import NodesRecorded
from csi.node.announcement import Announcement, Cluster, Pace, Refused
from persistence.crd import open_store
from persistence.objects.naming import name_of
from persistence.records import NodeRecord
from tests.deploy.chart import NAMESPACE
from tests.waiting import eventually

#: Each letter that stands otherwise in a name is in it.
OWN, OTHER = "zone-1.z.example", "node-b"
OBJECTS = f"/apis/cinderblock.io/v1/namespaces/{NAMESPACE}/cindernodes"
SOON = Pace(again_s=0.1, longest_s=0.2, anew_s=0.1)


def record(name, **connector):
    return NodeRecord(id=name, connector={"initiator": f"iqn.{name}", "host": "any", **connector}, max_volumes=7)


@pytest.fixture(scope="module")
def pods(machines):
    return {name: machines(name) for name in (OWN, OTHER)}


@pytest.fixture(scope="module")
def api(cluster, pods):
    """The cluster as each node's pod sees it, once the rules are in force: the server hears of them a little later."""
    found = {name: Cluster(f"127.0.0.1:{cluster.port}", pod=folder) for name, folder in pods.items()}
    eventually(lambda: written(found[OTHER], record(OTHER)), timeout_s=60)
    eventually(lambda: "may describe itself only" in refusal(found[OTHER], record("probe")), timeout_s=60)
    return found


@pytest.fixture
def nodes(cluster):
    """What a controller of the chart knows of nodes."""
    cluster.kubeconfig(NAMESPACE, token=cluster.token(NAMESPACE))
    with closing(open_store(cluster.url(NAMESPACE))) as store:
        yield NodesRecorded(store.nodes)


def written(api, described):
    return refusal(api, described) == ""


def refusal(api, described):
    try:
        api.write(described)
    except Refused as error:
        return str(error)
    return ""


def test_what_a_node_writes_is_what_a_controller_reads(api, nodes):
    api[OWN].write(record(OWN, ip="192.0.2.1", wwpns=["1", "2"], multipath=True))
    found = nodes.get(OWN)
    assert found.connector == {
        "initiator": f"iqn.{OWN}",
        "ip": "192.0.2.1",
        "wwpns": ["1", "2"],
        "multipath": True,
        # Its own name, whatever it says: that is how arrays know it.
        "host": OWN,
    }
    assert found.max_volumes == 7
    api[OWN].write(record(OWN))
    assert nodes.get(OWN).connector == {"initiator": f"iqn.{OWN}", "host": OWN}
    # What says all in its id is not believed: its kubelet may write there what it likes.
    for unknown in ("node-c", f"{OTHER};i=iqn.mine"):
        with pytest.raises(NotFound, match=f"node '{unknown}' has not described itself"):
            nodes.get(unknown)


def test_the_same_words_change_nothing_and_the_object_belongs_to_its_machine(cluster, api):
    api[OWN].write(record(OWN))
    before = cluster.ask("GET", f"{OBJECTS}/{name_of(OWN)}")
    api[OWN].write(record(OWN))
    assert cluster.ask("GET", f"{OBJECTS}/{name_of(OWN)}") == before
    (owner,) = before["metadata"]["ownerReferences"]
    machine = cluster.ask("GET", f"/api/v1/nodes/{OWN}")
    assert (owner["kind"], owner["name"], owner["uid"]) == ("Node", OWN, machine["metadata"]["uid"])


@pytest.mark.parametrize("left", ["create", "patch"])
def test_a_node_needs_each_of_its_rights(cluster, api, left):
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/roles/cinderblock-node"
    cluster.ask("DELETE", f"{OBJECTS}/{name_of(OWN)}", refused=404)
    role = cluster.ask("GET", path)
    role["metadata"].pop("resourceVersion")
    role["metadata"].pop("managedFields")
    less = {**role, "rules": [{**role["rules"][0], "verbs": [left]}]}
    cluster.ask("PUT", path, less)
    try:
        # Where it was taken meanwhile, it is taken away again.
        eventually(lambda: "is forbidden" in refused_anew(cluster, api[OWN]), timeout_s=30)
    finally:
        cluster.ask("PUT", path, role)
    eventually(lambda: written(api[OWN], record(OWN)), timeout_s=30)


def refused_anew(cluster, api):
    said = refusal(api, record(OWN))
    cluster.ask("DELETE", f"{OBJECTS}/{name_of(OWN)}", refused=404)
    return said


@pytest.mark.parametrize("there", [True, False], ids=["that is there", "that is not there yet"])
def test_a_node_that_describes_another_one_is_refused(cluster, api, nodes, there):
    name = OTHER if there else "node-e"
    before = nodes.get(OTHER)
    said = refusal(api[OWN], record(name, initiator="iqn.mine"))
    assert f"node {OWN} may describe itself only, as {name_of(OWN)}" in said
    assert nodes.get(OTHER) == before
    assert cluster.ask("GET", f"{OBJECTS}/{name_of('node-e')}", refused=404) == {}


def test_a_token_of_no_pod_describes_nobody(cluster, api, pods, tmp_path):
    for file in ("namespace", "ca.crt"):
        (tmp_path / file).write_text((pods[OWN] / file).read_text())
    (tmp_path / "token").write_text(cluster.token(NAMESPACE, "cinderblock-node"))
    somebody = Cluster(f"127.0.0.1:{cluster.port}", pod=tmp_path)
    assert "this token is of no such pod" in refusal(somebody, record(OWN))


@pytest.mark.parametrize(
    ("method", "name", "content"),
    [
        # Its own name, and another's record in it.
        ("PATCH", OWN, {"spec": {"id": OTHER, "format": 2, "revision": "x"}}),
        # Another's name, and its own record in it.
        ("PATCH", OTHER, {"spec": {"id": OWN, "format": 2, "revision": "x"}}),
        # Nothing in it, which would take the name.
        ("PATCH", "node-f", {}),
        ("PUT", OWN, {"spec": {"id": OWN, "format": 2, "revision": "x"}}),
        ("GET", OTHER, None),
        ("DELETE", OTHER, None),
        ("DELETE", OWN, None),
    ],
)
def test_what_else_a_node_might_try_is_refused(cluster, api, pods, method, name, content):
    api[OWN].write(record(OWN))
    path = f"{OBJECTS}/{name_of(name)}"
    before = cluster.ask("GET", OBJECTS)["items"]
    token = (pods[OWN] / "token").read_text()
    body = None if content is None else whole(name, content)
    assert cluster.status(method, path, body, token=token) in (403, 422)
    assert cluster.ask("GET", OBJECTS)["items"] == before


def whole(name, content):
    return {"apiVersion": "cinderblock.io/v1", "kind": "CinderNode", "metadata": {"name": name_of(name)}, **content}


def test_a_node_is_described_until_it_ends_whatever_happens_meanwhile(cluster, api, pods, nodes, tmp_path):
    for file in ("namespace", "ca.crt"):
        (tmp_path / file).write_text((pods[OWN] / file).read_text())
    (tmp_path / "token").write_text("of nobody")
    described = [record(OWN)]
    cluster.ask("DELETE", f"{OBJECTS}/{name_of(OWN)}", refused=404)
    with Announcement(Cluster(f"127.0.0.1:{cluster.port}", pod=tmp_path), lambda: described[-1], pace=SOON):
        # Entered all the same: volumes have to be taken down.
        described.append(record(OWN, ip="192.0.2.7"))
        (tmp_path / "token").write_text((pods[OWN] / "token").read_text())
        eventually(lambda: is_known(nodes, OWN) and nodes.get(OWN).connector.get("ip") == "192.0.2.7")
        described.append(replace(described[-1], max_volumes=3))
        eventually(lambda: nodes.get(OWN).max_volumes == 3)
        cluster.ask("DELETE", f"{OBJECTS}/{name_of(OWN)}")
        eventually(lambda: is_known(nodes, OWN))
    cluster.ask("DELETE", f"{OBJECTS}/{name_of(OWN)}")
    assert not is_known(nodes, OWN)


def is_known(nodes, name):
    try:
        nodes.get(name)
    except NotFound:
        return False
    return True


def test_a_process_that_is_no_pod_says_so(tmp_path):
    with pytest.raises(ConfigurationError, match="node_object is for a pod, which this process is not"):
        Cluster("127.0.0.1:1", pod=tmp_path)
    (tmp_path / "token").write_text("x")
    with pytest.raises(ConfigurationError, match="node_object is for a pod"):
        Cluster("", pod=tmp_path)
