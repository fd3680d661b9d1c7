"""What a user does with claims, pods and snapshots, in a cluster as it is."""

from tests.e2e.driver import SPACE
from tests.e2e.wanted import pod as wanted_pod
from tests.waiting import eventually


def test_a_claims_life(space):
    space.claim("data", "1Gi")
    writer = space.pod("writer", "data")
    checksum = writer.run("dd if=/dev/urandom of=/data/file bs=1M count=8 2>/dev/null; sync; sha256sum </data/file")
    space.snapshot("before", "data")
    writer.run("echo changed >/data/file; sync")
    source = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "before"}
    space.claim("restored", "2Gi", dataSource=source)
    space.claim("cloned", "1Gi", dataSource={"kind": "PersistentVolumeClaim", "name": "data"})
    reader = space.pod("reader", "restored", "cloned")
    assert reader.run("sha256sum </restored/file") == checksum
    assert reader.run("cat /cloned/file") == "changed"
    # What a file system of ext4 takes for itself is less than a tenth.
    assert int(reader.run("df -k /restored | tail -n1 | awk '{print $2}'")) > 0.9 * 2 * 1024 * 1024
    assert int(reader.run("df -k /cloned | tail -n1 | awk '{print $2}'")) < 1024 * 1024


def test_a_mounted_volume_grows(space):
    space.claim("data", "1Gi", of="xfs")
    pod = space.pod("pod", "data")
    pod.run("echo kept >/data/file")
    _grow(space, "data", "3Gi")
    eventually(lambda: int(pod.run("df -m /data | tail -n1 | awk '{print $2}'")) > 2900, timeout_s=60, poll_s=0.5)
    assert pod.run("cat /data/file") == "kept"


def test_a_raw_volume_is_read_back_and_grows(space):
    space.claim("disk", "1Gi", volumeMode="Block")
    pod = space.pod("pod", raw=("disk",))
    pod.run("echo raw | dd of=/dev/disk bs=512 count=1 conv=sync 2>/dev/null; sync")
    assert pod.run("blockdev --getsize64 /dev/disk") == str(1 << 30)
    _grow(space, "disk", "2Gi")
    eventually(lambda: pod.run("blockdev --getsize64 /dev/disk") == str(2 << 30), timeout_s=60, poll_s=0.5)
    assert pod.run("head -n1 /dev/disk") == "raw"


def test_a_claim_of_one_pod_is_refused_to_another(space):
    space.claim("data", mode="ReadWriteOncePod")
    first = space.pod("first", "data")
    space.create(wanted_pod("second", "data"))
    space.eventually(lambda: "ReadWriteOncePod" in space.kubectl("get", "events", "-o", "json"), "pod/second")
    first.delete()
    space.running("second")


def test_what_is_mounted_read_only_cannot_be_written(space):
    space.claim("data")
    writer = space.pod("writer", "data")
    writer.run("echo kept >/data/file")
    writer.delete()
    reader = space.pod("reader", "data", read_only=True)
    assert reader.run("cat /data/file") == "kept"
    assert reader.fails("echo more >/data/other")


def test_a_pods_group_may_write(space):
    space.claim("data")
    user = {"securityContext": {"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000}}
    pod = space.pod("pod", "data", **user)
    pod.run("echo mine >/data/file")
    assert pod.run("stat -c %u:%g /data/file") == "1000:2000"


def test_an_ephemeral_volume_goes_with_its_pod(space):
    pod = space.pod("pod", ephemeral=("scratch",))
    pod.run("echo here >/scratch/file")
    assert space.bound("pod-scratch")
    pod.delete()
    space.eventually(lambda: not space.get("pvc", "pod-scratch"), "pvc")


def test_a_volume_that_is_there_is_claimed_again(space, cluster):
    space.claim("data")
    pod = space.pod("pod", "data")
    pod.run("echo kept >/data/file")
    volume = space.bound("data")
    name = volume["metadata"]["name"]
    cluster.api.kubectl("patch", "pv", name, "-p", '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}')
    pod.delete()
    space.delete("pvc", "data")
    cluster.api.kubectl("delete", "pv", name)
    by_hand = {key: volume["spec"][key] for key in ("accessModes", "capacity", "nodeAffinity")}
    source = {key: volume["spec"]["csi"][key] for key in ("driver", "volumeHandle", "fsType")}
    static = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": f"static-{space.name}",
            "annotations": {"pv.kubernetes.io/provisioned-by": "cinderblock.io"},
        },
        "spec": {
            **by_hand,
            "csi": source,
            "storageClassName": "cinderblock",
            "persistentVolumeReclaimPolicy": "Delete",
        },
    }
    space.create(static)
    space.claim("again", volumeName=f"static-{space.name}")
    assert space.pod("reader", "again").run("cat /again/file") == "kept"


def test_a_claims_attributes_are_changed(space, cluster):
    space.claim("data")
    pod = space.pod("pod", "data")
    space.kubectl("patch", "pvc", "data", "-p", '{"spec":{"volumeAttributesClassName":"cinderblock"}}')
    status = "currentVolumeAttributesClassName"
    space.eventually(lambda: space.get("pvc", "data").get("status", {}).get(status) == "cinderblock", "pvc/data")
    records = cluster.api.kubectl("get", "cindervolumes", "-n", SPACE, "-o", "json")
    assert "gold" in records
    pod.run("echo still >/data/file")


def test_a_namespace_that_is_deleted_whole_leaves_nothing(space):
    # The fixture deletes it, with what is running there, and then looks.
    names = [f"data{number}" for number in range(3)]
    for name in names:
        space.claim(name)
    space.pod("pod", *names)


def _grow(space, name, size):
    space.kubectl("patch", "pvc", name, "-p", f'{{"spec":{{"resources":{{"requests":{{"storage":"{size}"}}}}}}}}')
    space.eventually(lambda: space.get("pvc", name)["status"]["capacity"]["storage"] == size, f"pvc/{name}")
