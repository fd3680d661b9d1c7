"""Two nodes: where volumes are and pods get, how many a node takes, and pods that move."""

import pytest

from tests.e2e.parts import NODE, OTHER_NODE
from tests.e2e.spaces import Pod
from tests.e2e.wanted import deployment
from tests.e2e.wanted import pod as wanted_pod
from tests.waiting import eventually

_KEY = "topology.cinderblock.io/node"
_HERE = [[{"key": _KEY, "operator": "In", "values": [NODE]}]]
_LONG_S = 120.0


@pytest.fixture(scope="module")
def other(cluster):
    with cluster.other_node() as node:
        yield node


def test_a_volume_of_a_machine_is_reached_from_there(space, other):
    space.claim("at-once", of="xfs")
    assert _affinity(space.bound("at-once")) == _HERE
    space.claim("later")
    space.pod("pod", "at-once", "later")
    assert _affinity(space.bound("later")) == _HERE
    assert space.get("pod", "pod")["spec"]["nodeName"] == NODE


def test_a_pod_that_may_not_be_where_its_volume_is_waits_and_says_why(space, other):
    space.claim("at-once", of="xfs")
    space.bound("at-once")
    space.create(wanted_pod("first", "at-once", **_on(OTHER_NODE)))
    space.claim("later")
    space.create(wanted_pod("second", "later", **_on(OTHER_NODE)))
    _waits(space, "first", "node(s) didn't match PersistentVolume's node affinity")
    _waits(space, "second", "node(s) did not have enough free storage")
    assert space.get("pvc", "later")["status"]["phase"] == "Pending"


def test_a_volume_that_all_machines_have_is_reached_from_each(space, cluster, other):
    space.claim("data", of="shared")
    first = space.pod("first", "data", **_on(OTHER_NODE))
    first.run("echo kept >/data/file")
    assert _affinity(space.bound("data")) == []
    space.create(wanted_pod("second", "data", **_on(NODE)))
    space.eventually(lambda: "Multi-Attach error" in space.kubectl("get", "events", "-o", "json"), "pod/second")
    assert _attached(cluster, space, "data") == [OTHER_NODE]
    first.delete()
    assert space.running("second").run("cat /data/file") == "kept"
    assert _attached(cluster, space, "data") == [NODE]


def test_room_is_told_as_the_driver_has_it(space, cluster, other):
    def told(name, node):
        listed = cluster.get("csistoragecapacities", space="cinderblock")["items"]
        for one in listed:
            if one["storageClassName"] == name and one["nodeTopology"]["matchLabels"] == {_KEY: node}:
                return [_bytes(one.get("capacity", "0")), _bytes(one.get("maximumVolumeSize", "0"))]
        return None

    for name, backend in (("cinderblock", "local"), ("shared", "shared")):
        for node in (NODE, OTHER_NODE):
            eventually(
                lambda name=name, backend=backend, node=node: (
                    told(name, node) == cluster.driver.capacity(backend, {_KEY: node})
                ),
                timeout_s=_LONG_S,
                poll_s=0.5,
            )
    assert told("cinderblock", OTHER_NODE) == [0, 0]
    assert told("shared", OTHER_NODE) == told("shared", NODE)
    space.claim("data", "9000Ti", of="shared")
    space.create(wanted_pod("pod", "data"))
    _waits(space, "pod", "2 node(s) did not have enough free storage")


def test_a_node_takes_no_more_than_its_limit(space, cluster, other):
    with cluster.driver.changed("node.maxVolumes=2"):
        limits = [cluster.driver.registered(node)["allocatable"]["count"] for node in (NODE, OTHER_NODE)]
        assert limits == [2, 2]
        for name in ("one", "two", "three"):
            space.claim(name, of="shared")
        full = space.pod("full", "one", "two", **_on(OTHER_NODE))
        space.create(wanted_pod("pod", "three", **_on(OTHER_NODE)))
        _waits(space, "pod", "node(s) exceed max volume count")
        full.delete()
        space.running("pod")


def test_a_pod_whose_node_is_drained_goes_on_elsewhere(space, cluster, other):
    space.claim("data", of="shared")
    space.create(deployment("app", "data", **_rather(OTHER_NODE)))
    _running_on(space, OTHER_NODE).run("echo kept >/data/file")
    cluster.api.kubectl("drain", OTHER_NODE, "--ignore-daemonsets")
    assert _running_on(space, NODE).run("cat /data/file") == "kept"
    cluster.api.kubectl("uncordon", OTHER_NODE)
    assert _attached(cluster, space, "data") == [NODE]
    assert other.machine.csi_mounts() == []


def test_a_node_that_is_gone_keeps_its_volumes_until_somebody_says_that_it_is(space, cluster, other):
    space.claim("data", of="shared")
    gone = [
        {"key": f"node.kubernetes.io/{kind}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}
        for kind in ("not-ready", "unreachable")
    ]
    space.create(deployment("app", "data", tolerations=gone, **_rather(OTHER_NODE)))
    _running_on(space, OTHER_NODE).run("echo kept >/data/file; sync")
    # Nobody hears of it any more, and it still writes.
    other.kubelet.kill()
    space.eventually(lambda: "Multi-Attach error" in space.kubectl("get", "events", "-o", "json"), "pod")
    assert _attached(cluster, space, "data") == [OTHER_NODE]
    assert other.machine.csi_mounts()
    assert cluster.machine.csi_mounts() == []
    other.lose_power()
    taint = "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"
    cluster.api.kubectl("taint", "node", OTHER_NODE, taint)
    assert _running_on(space, NODE).run("cat /data/file") == "kept"
    assert _attached(cluster, space, "data") == [NODE]
    other.boot()
    cluster.ready(other)
    cluster.api.kubectl("taint", "node", OTHER_NODE, f"{taint}-")
    cluster.driver.ready()
    space.kubectl("scale", "deployment", "app", "--replicas=0")
    space.claim("more", of="shared")
    assert space.pod("again", "more", **_on(OTHER_NODE)).run("ls -A /more") == "lost+found"


def _on(node):
    return {"nodeSelector": {"kubernetes.io/hostname": node}}


def _rather(node):
    name = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    preferred = [{"weight": 100, "preference": {"matchExpressions": [name]}}]
    return {"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}}


def _affinity(volume):
    required = volume["spec"].get("nodeAffinity", {}).get("required", {})
    return [term["matchExpressions"] for term in required.get("nodeSelectorTerms", [])]


def _attached(cluster, space, claim):
    """Return the nodes that a claim's volume is attached to, by the cluster and by the driver."""
    volume = space.bound(claim)
    attachments = [one["spec"] for one in cluster.get("volumeattachment")["items"]]
    by_cluster = [
        one["nodeName"]
        for one in attachments
        if one["source"].get("persistentVolumeName") == volume["metadata"]["name"]
    ]
    connections = [one["spec"] for one in cluster.get("cinderconnections", space="cinderblock")["items"]]
    handle = volume["spec"]["csi"]["volumeHandle"]
    by_driver = [one["nodeId"] for one in connections if one["volumeId"] == handle]
    assert by_cluster == by_driver
    return by_driver


def _waits(space, pod, because):
    """Wait until a pod is said to wait for this reason."""

    def told():
        conditions = space.get("pod", pod).get("status", {}).get("conditions", [])
        return any(one.get("reason") == "Unschedulable" and because in one["message"] for one in conditions)

    space.eventually(told, f"pod/{pod}")


def _running_on(space, node):
    """Wait until a deployment's pod runs on a node; return it."""

    def found():
        for pod in space.get("pod")["items"]:
            ready = {"type": "Ready", "status": "True"}
            conditions = pod["status"].get("conditions", [])
            going = "deletionTimestamp" in pod["metadata"]
            if (
                pod["spec"].get("nodeName") == node
                and not going
                and any(ready.items() <= one.items() for one in conditions)
            ):
                return pod["metadata"]["name"]
        return ""

    return Pod(space, space.eventually(found, "pod"))


def _bytes(quantity):
    for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi"), start=1):
        if quantity.endswith(suffix):
            return int(quantity.removesuffix(suffix)) * 1024**power
    return int(quantity)
