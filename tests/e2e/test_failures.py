"""What a user's data outlives: processes that are killed at any step, and a node that goes away."""

from contextlib import contextmanager

import pytest

from tests.e2e.driver import CONTROLLER, PLUGIN, SPACE
from tests.e2e.parts import NODE
from tests.e2e.wanted import pod as wanted_pod
from tests.e2e.wanted import snapshot as wanted_snapshot
from tests.waiting import eventually

_LONG_S = 120.0


def test_a_pod_that_is_deleted_by_force_gives_its_volume_to_the_next(space):
    space.claim("data")
    first = space.pod("first", "data")
    first.run("echo kept >/data/file; sync")
    first.delete(force="true", **{"grace-period": "0"})
    assert space.pod("second", "data").run("cat /data/file") == "kept"


def test_a_node_plugin_that_is_restarted_leaves_mounts_alone(space, cluster):
    space.claim("data")
    space.claim("disk", volumeMode="Block")
    pod = space.pod("pod", "data", raw=("disk",))
    cluster.driver.kill(PLUGIN)
    pod.run("echo kept >/data/file; sync; echo raw | dd of=/dev/disk bs=512 count=1 conv=sync 2>/dev/null")
    cluster.driver.ready()
    assert pod.run("cat /data/file; head -n1 /dev/disk") == "kept\nraw"
    pod.delete()
    again = space.pod("again", "data", raw=("disk",))
    assert again.run("cat /data/file; head -n1 /dev/disk") == "kept\nraw"


def test_a_kubelet_that_is_restarted_leaves_mounts_alone(space, cluster):
    space.claim("data")
    space.claim("disk", volumeMode="Block")
    pod = space.pod("pod", "data", raw=("disk",))
    pod.run("echo kept >/data/file; sync")
    mounts, started = cluster.machine.csi_mounts(), _started(space, "pod")
    cluster.kubelet.kill()
    cluster.kubelet.start()
    # The kubelet asks for everything again before it says so.
    space.eventually(lambda: space.get("pod", "pod")["status"]["phase"] == "Running", "pod/pod")
    space.claim("later")
    space.pod("later", "later").delete()
    assert pod.run("cat /data/file; echo more >>/data/file; tail -n1 /data/file") == "kept\nmore"
    assert _started(space, "pod") == started
    assert cluster.machine.csi_mounts() == mounts


@pytest.mark.parametrize("victim", [CONTROLLER, PLUGIN])
def test_every_step_outlives_the_driver(space, cluster, victim):
    def broken():
        return _killed(cluster, victim)

    with broken():
        space.claim("data", of="xfs")
    space.bound("data")
    with broken():
        space.create(wanted_pod("pod", "data"))
    pod = space.running("pod")
    checksum = pod.run("dd if=/dev/urandom of=/data/file bs=1M count=4 2>/dev/null; sync; sha256sum </data/file")
    with broken():
        space.create(wanted_snapshot("before", "data"))
    space.usable("before")
    with broken():
        space.kubectl("patch", "pvc", "data", "-p", '{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}')
    space.eventually(lambda: space.get("pvc", "data")["status"]["capacity"]["storage"] == "2Gi", "pvc/data")
    with broken():
        source = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "before"}
        space.claim("restored", "2Gi", of="xfs", dataSource=source)
        space.create(wanted_pod("reader", "restored"))
    reader = space.running("reader")
    assert reader.run("sha256sum </restored/file") == checksum
    assert pod.run("sha256sum </data/file") == checksum
    with broken():
        space.kubectl("delete", "pod", "pod", "reader", "--wait=false")
    with broken():
        space.kubectl("delete", "volumesnapshot", "before", "--wait=false")
        space.kubectl("delete", "pvc", "--all", "--wait=false")
    space.eventually(lambda: not space.get("pvc").get("items") and not space.get("pod").get("items"), "pvc,pod")


def test_both_controllers_serve_at_once(space, cluster):
    driver = cluster.driver
    leader = driver.leader("cinderblock-io")
    other = next(pod for pod in driver.pods(CONTROLLER) if pod != f"pod/{leader}")
    driver.lead("external-attacher-leader-cinderblock-io", other.removeprefix("pod/"))
    space.claim("data")
    pod = space.pod("pod", "data")
    pod.run("echo kept >/data/file; sync")
    pod.delete()
    assert space.pod("again", "data").run("cat /data/file") == "kept"
    assert '"CreateVolume"' in driver.log(f"pod/{leader}")
    assert space.bound("data")["spec"]["csi"]["volumeHandle"] in driver.log(other)


def test_one_controller_does_the_work_of_both(space, cluster):
    for number, pod in enumerate(cluster.driver.pods(CONTROLLER)):
        cluster.driver.delete(pod)
        space.claim(f"data{number}", of="xfs")
        space.bound(f"data{number}")
        space.delete("pvc", f"data{number}")
        cluster.driver.ready()


def test_a_node_that_is_gone_gives_its_volumes_back(space, cluster):
    space.claim("data")
    pod = space.pod("pod", "data")
    pod.run("echo kept >/data/file; sync")
    cluster.kubelet.kill()
    eventually(lambda: not cluster.condition("node", NODE, "Ready"), timeout_s=_LONG_S, poll_s=0.5)
    taint = "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"
    cluster.api.kubectl("taint", "node", NODE, taint)
    space.eventually(lambda: not space.get("pod", "pod"), "pod")
    space.eventually(lambda: not cluster.get("volumeattachment").get("items"), "pvc/data")
    cluster.kubelet.start()
    eventually(lambda: cluster.condition("node", NODE, "Ready"), timeout_s=_LONG_S, poll_s=0.5)
    # Only then it may be given anything: what it still had is cleared away.
    eventually(lambda: cluster.machine.csi_mounts() == [], timeout_s=_LONG_S, poll_s=0.5)
    cluster.api.kubectl("taint", "node", NODE, f"{taint}-")
    assert space.pod("again", "data").run("cat /data/file") == "kept"


@contextmanager
def _killed(cluster, victim):
    """Kill those of the driver's processes as soon as what happens in the block was asked for, and start them again."""
    cluster.driver.ready()
    before = _changes(cluster)
    yield
    # What is to be done is recorded before it is done, so this is in the middle of it.
    eventually(lambda: _changes(cluster) != before, timeout_s=_LONG_S, poll_s=0.02)
    cluster.driver.kill(victim)


def _changes(cluster):
    path = "/apis/cinderblock.io/v1/namespaces/{space}/{kind}"
    kinds = ("cindervolumes", "cindersnapshots", "cinderconnections")
    listed = [cluster.api.ask("GET", path.format(space=SPACE, kind=kind))["items"] for kind in kinds]
    return sorted(one["metadata"]["resourceVersion"] for items in listed for one in items)


def _started(space, name):
    return space.get("pod", name)["status"]["containerStatuses"][0]["containerID"]
