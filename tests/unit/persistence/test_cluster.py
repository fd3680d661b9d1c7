"""A store in a Kubernetes cluster: its URL, its kinds, what it is allowed, and what people see of it."""

import json
import subprocess
import sys
import traceback
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from persistence.codec import FORMAT
from persistence.crd.kinds import FORMAT_ANNOTATION, OBJECTS
from persistence.errors import RecordChanged, StoreUnavailable, StoreUnusable
from persistence.keys import MAX_KEY_LENGTH
from persistence.opening import open_store, password_of
from persistence.records import Status, VolumeRecord
from persistence.seal import sealed
from tests.contract.stores import SEALER, connection, every_id, key_value, node, snapshot, volume

ROOT = Path(__file__).parents[3]
CANARY = "canary-b7a1-for-your-eyes-only"
DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/cindervolumes.cinderblock.io"


@pytest.fixture
def space(kubernetes):
    return kubernetes.namespace()


@pytest.fixture
def store(kubernetes, space):
    with closing(open_store(kubernetes.url(space))) as store:
        yield store


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("kubernetes://a/b?context=x", "names no cluster; kubernetes://NAMESPACE"),
        ("kubernetes://user:hunter2@a?context=x", "names no cluster; kubernetes://NAMESPACE"),
        ("kubernetes://a?contxt=x", "has no option contxt; kubernetes://NAMESPACE"),
        ("kubernetes://a?kubeconfig=/nowhere", "the kubeconfig /nowhere cannot be used"),
        ("kubernetes://", "what a pod gets of its cluster cannot be used"),
    ],
)
def test_a_url_that_leads_nowhere_is_told(url, said):
    with pytest.raises(StoreUnusable, match=said) as caught:
        open_store(url)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    assert password_of(url) == ""


def test_a_kubeconfig_that_is_none_is_told_without_what_is_in_it(tmp_path):
    file = tmp_path / "config"
    for content in ("hunter2", "{hunter2: [", "users: hunter2"):
        file.write_text(content)
        with pytest.raises(StoreUnusable, match="cannot be used") as caught:
            open_store(f"kubernetes://a?kubeconfig={file}")
        assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_the_namespace_is_the_contexts_where_none_is_named(kubernetes, space):
    file = kubernetes.kubeconfig(space)
    with pytest.raises(StoreUnusable, match="cannot be used"):
        open_store(f"kubernetes://?kubeconfig={file}&context=nowhere")
    with (
        closing(open_store(f"kubernetes://?kubeconfig={file}&context=lab")) as store,
        pytest.raises(StoreUnavailable, match=r'^kubernetes://default .* forbidden: .* in the namespace "default"'),
    ):
        store.volumes.page()


WITHOUT_CLIENT = """
import sys
sys.modules.update(kubernetes=None)
from persistence.errors import StoreUnusable
from persistence.opening import open_store
open_store("sqlite:///" + sys.argv[1]).close()
assert "persistence.crd" not in sys.modules
try:
    open_store("kubernetes://a?kubeconfig=x")
except StoreUnusable as error:
    print(error)
"""


def test_the_client_is_needed_for_its_own_stores_only(tmp_path):
    command = [sys.executable, "-c", WITHOUT_CLIENT, str(tmp_path / "store.db")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    wanted = (
        "kubernetes://a needs the Python package kubernetes; install it with `pip install 'cinderblock[kubernetes]'`"
    )
    assert done.stdout.strip() == wanted


@contextmanager
def of_format(kubernetes, form):
    """The kind of volumes, made for another format."""

    def annotate(value):
        kubernetes.kubectl(
            "annotate", "--overwrite", "crd", "cindervolumes.cinderblock.io", f"{FORMAT_ANNOTATION}{value}"
        )

    annotate(form)
    yield
    annotate(f"={FORMAT}")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (
            f"={FORMAT + 1}",
            f"is of format {FORMAT + 1}, this version of Cinderblock reads up to {FORMAT}: run the newer",
        ),
        (f"={FORMAT - 1}", f"is of format {FORMAT - 1}, .* with `kubectl apply -f deploy/crds`"),
        ("-", "is of format unknown, .* with `kubectl apply -f deploy/crds`"),
    ],
)
def test_kinds_that_were_made_for_other_records_are_refused(kubernetes, space, form, said):
    url = kubernetes.url(space)
    with of_format(kubernetes, form), pytest.raises(StoreUnusable, match=said):
        open_store(url)
    open_store(url).close()


def test_a_cluster_without_a_kind_is_told_what_installs_it(kubernetes, space):
    url = kubernetes.url(space)
    with closing(open_store(url)) as store:
        kubernetes.kubectl("delete", "crd", "cindersnapshots.cinderblock.io")
        try:
            with pytest.raises(StoreUnusable, match=r"without cindersnapshots.* `kubectl apply -f deploy/crds`"):
                open_store(url)
            verbs = [
                store.snapshots.page,
                lambda: store.snapshots.get("s1"),
                lambda: store.snapshots.insert(snapshot()),
            ]
            for verb in verbs:
                with pytest.raises(StoreUnusable, match="lacks what `kubectl apply -f deploy/crds` installs"):
                    eventually_raises(verb)
        finally:
            kubernetes.install()
    open_store(url).close()


def eventually_raises(verb):
    """Do it until the server has noticed."""
    while True:
        verb()


@pytest.mark.parametrize("verb", ["get", "list", "create", "update", "delete"])
def test_no_right_of_the_manifest_can_be_spared(kubernetes, space, store, verb):
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{space}/roles/cinderblock-store"
    old = store.key_values.insert(key_value("old"))
    role = kubernetes.ask("GET", path)
    role["rules"][0]["verbs"].remove(verb)
    kubernetes.ask("PUT", path, role)

    def used():
        nonlocal old
        store.key_values.get("old")
        store.key_values.page()
        old = store.key_values.replace(old)
        store.key_values.delete(store.key_values.insert(key_value("new")))

    with pytest.raises(StoreUnavailable, match=f'forbidden: User .* cannot {verb} resource "cinderkeyvalues"'):
        eventually_raises(used)


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
