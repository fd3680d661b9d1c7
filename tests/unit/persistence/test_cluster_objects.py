"""Records as objects of a Kubernetes cluster: how they look, how large they may be, how they are found."""

import base64
import json
from contextlib import closing
from dataclasses import replace

import pytest
from kubernetes.client import Configuration
from kubernetes.config import load_kube_config

from persistence.crd.api import Answer, Api
from persistence.crd.opening import CrdStore
from persistence.errors import RecordChanged
from persistence.keys import MAX_KEY_LENGTH
from persistence.objects.kinds import OBJECTS
from persistence.opening import open_store
from persistence.records import Status, VolumeRecord
from persistence.seal import sealed
from tests.contract.stores import SEALER, connection, every_id, key_value, node, snapshot, volume

CANARY = "canary-b7a1-for-your-eyes-only"


@pytest.fixture
def store(kubernetes, space):
    with closing(open_store(kubernetes.url(space))) as store:
        yield store


def test_lists_read_well(kubernetes, space, store):
    store.volumes.insert(volume("v1", name="pvc-1", status=Status.AVAILABLE, size_gib=7))
    store.snapshots.insert(snapshot("s1"))
    store.connections.insert(connection("c1"))
    store.nodes.insert(node("worker-1"))
    store.key_values.insert(key_value("lease/x", "secret of nobody"))
    said = kubernetes.kubectl("get", "cinderblock", "-n", space).splitlines()
    rows = [line.split()[:-1] for line in said if line]
    assert rows == [
        ["NAME", "VOLUME-ID", "NODE", "BACKEND", "STATUS", "ACCESS"],
        ["cinderconnection.cinderblock.io/0c1", "v1", "node-1", "lvm", "publishing", "mount/SINGLE_NODE_WRITER"],
        ["NAME", "KEY"],
        ["cinderkeyvalue.cinderblock.io/0lease-2fx", "lease/x"],
        ["NAME", "NODE", "MAX-VOLUMES"],
        ["cindernode.cinderblock.io/0worker-2d1", "worker-1", "16"],
        ["NAME", "SNAPSHOT", "BACKEND", "STATUS", "GIB", "VOLUME-ID", "CINDER-ID"],
        ["cindersnapshot.cinderblock.io/0s1", "snap-s1", "lvm", "creating", "3", "v1", "cinder-s1"],
        ["NAME", "VOLUME", "BACKEND", "STATUS", "GIB", "CINDER-ID"],
        ["cindervolume.cinderblock.io/0v1", "pvc-1", "lvm", "available", "7", "cinder-v1"],
    ]
    assert kubernetes.kubectl("get", "cvol", "-n", space, "-l", "cinderblock.io/name=pvc-1", "-o", "name")
    assert not kubernetes.kubectl("get", "cvol", "-n", space, "-l", "cinderblock.io/name=pvc-2", "-o", "name")


def test_nothing_sealed_is_in_an_object_in_clear(kubernetes, space):
    def fill(store, number):
        with closing(store):
            store.volumes.insert(volume(f"v{number}", provider_auth=CANARY))
            store.snapshots.insert(snapshot(f"s{number}", provider_auth=CANARY))
            store.connections.insert(connection(f"c{number}", connection_info={"data": {CANARY: [CANARY]}}))
        kinds = ",".join(kind.plural for kind in OBJECTS.values())
        return kubernetes.kubectl("get", kinds, "-n", space, "-o", "yaml", "--show-managed-fields")

    said = fill(sealed(open_store(kubernetes.url(space)), SEALER), 1)
    assert "pvc-v1" in said
    assert CANARY not in said
    assert CANARY in fill(open_store(kubernetes.url(space)), 2)


def test_what_an_administrator_does_to_an_object_does_not_change_its_record(kubernetes, space, store):
    first = store.volumes.insert(volume())
    kubernetes.kubectl("label", "cvol", "0v1", "-n", space, "mine=yes")
    second = store.volumes.replace(replace(first, size_gib=9))
    kubernetes.kubectl("annotate", "cvol", "0v1", "-n", space, "mine=yes")
    with pytest.raises(RecordChanged):
        store.volumes.replace(first)
    with pytest.raises(RecordChanged):
        store.volumes.delete(first)
    store.volumes.delete(second)
    assert store.volumes.get("v1") is None


def test_a_record_that_is_too_large_is_told_and_not_there(store):
    for size in (1_600_000, 3_000_000, 3_300_000):
        with pytest.raises(ValueError, match="volume 'v1' is too large for the cluster: "):
            store.volumes.insert(volume(description="x" * size))
    with pytest.raises(ValueError, match=r"volume 'v1' cannot be stored in the cluster: .*spec.sizeGib"):
        store.volumes.insert(volume(size_gib=2**70))
    assert store.volumes.page() == []
    # What just fits is not refused.
    longest = volume(description="x" * 1_500_000)
    stored = store.volumes.insert(longest)
    assert replace(stored, revision="") == longest
    with pytest.raises(ValueError, match="volume 'v1' is too large for the cluster: "):
        store.volumes.replace(replace(stored, description="x" * 1_600_000))
    assert store.volumes.get("v1") == stored


def test_ids_whose_names_are_cut_are_in_order_all_the_same(store):
    head = "😀" * (MAX_KEY_LENGTH - 1)
    ids = sorted([*(head + last for last in "abcdefgh"), "0", "😀", "😁"], key=str.encode)
    for record_id in reversed(ids):
        store.key_values.insert(key_value(record_id))
    for limit in (1, 2, 3, 100):
        assert every_id(store.key_values, limit=limit) == ids


def test_very_many_wanted_values_are_asked_for_in_turns(store):
    for number in range(5):
        store.snapshots.insert(snapshot(f"s{number}", volume_id=f"volume {number}"))
    wanted = frozenset(f"volume {number}" for number in range(1000)) - {"volume 3"}
    assert every_id(store.snapshots, limit=2, where={"volume_id": wanted}) == ["s0", "s1", "s2", "s4"]


def test_two_values_with_one_label_are_told_apart(kubernetes, space, store):
    stored = store.volumes.insert(volume("v1", name="a b"))
    found = kubernetes.kubectl("get", "cvol", "0v1", "-n", space, "-o", "json")
    label = json.loads(found)["metadata"]["labels"]["cinderblock.io/name"]
    store.volumes.insert(volume("v2", name=label))
    assert store.volumes.page(where={"name": "a b"}) == [stored]
    assert every_id(store.volumes, where={"name": label}) == ["v2"]
    assert VolumeRecord.INDEXED[0] == "name"


class WithoutOurWord(Api):
    """The API of a server that begins a list only where it has ended one itself."""

    refused = 0

    def read(self, path, query=None, *, deadline):
        token = (query or {}).get("continue", "")
        if token and json.loads(base64.urlsafe_b64decode(token + "=="))["rv"] == -1:
            self.refused += 1
            return Answer(status=400, content={"message": "continue key is not valid"})
        return super().read(path, query, deadline=deadline)


def test_a_list_is_walked_from_its_start_where_the_server_does_not_take_our_word(kubernetes, space, store):
    ids = [f"{number:02}" for number in range(9)]
    for record_id in ids:
        store.key_values.insert(key_value(record_id))
    configuration = Configuration()
    load_kube_config(str(kubernetes.kubeconfig(space)), client_configuration=configuration)
    with closing(WithoutOurWord(configuration, name="picky")) as api:
        walked = CrdStore(api, namespace=space, wait_s=10)
        assert every_id(walked.key_values, limit=2) == ids
        assert api.refused == 4
