"""A store in a Kubernetes cluster: its URL, its kinds, what it is allowed, and what people see of it."""

import itertools
import os
import subprocess
import sys
import traceback
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from persistence.codec import FORMAT
from persistence.errors import StoreUnavailable, StoreUnusable
from persistence.objects.kinds import FORMAT_ANNOTATION
from persistence.opening import open_store, password_of
from tests.contract.stores import key_value, node, snapshot
from tests.waiting import eventually

ROOT = Path(__file__).parents[3]


@pytest.fixture
def store(kubernetes, space):
    with closing(open_store(kubernetes.url(space))) as store:
        yield store


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("kubernetes://a/b?context=x", "names no cluster; kubernetes://NAMESPACE"),
        ("kubernetes://user:hunter2@a?context=x", "names no cluster; kubernetes://NAMESPACE"),
        ("kubernetes://A_b?context=x", "names no cluster; kubernetes://NAMESPACE"),
        ("kubernetes://a%2f..?context=x", "names no cluster; kubernetes://NAMESPACE"),
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


IN_A_POD = """
set -eu
mount -t tmpfs none /run
mkdir -p /run/secrets/kubernetes.io/serviceaccount
cp "$1/token-$2" /run/secrets/kubernetes.io/serviceaccount/token
cp "$1/data/apiserver.crt" /run/secrets/kubernetes.io/serviceaccount/ca.crt
printf %s "$2" >/run/secrets/kubernetes.io/serviceaccount/namespace
exec "$3" -c 'if True:
    from persistence.opening import open_store
    print([record.id for record in open_store("kubernetes://").key_values.page()])'
"""


@pytest.mark.alone  # a namespace of mounts keeps what others unmount
def test_in_a_pod_it_is_the_pods_own_namespace(kubernetes, space, store):
    store.key_values.insert(key_value("mine"))
    environment = {
        **os.environ,
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(kubernetes.port),
    }
    command = ["unshare", "--mount", "sh", "-c", IN_A_POD, "sh", str(kubernetes.folder), space, sys.executable]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("['mine']\n", "")


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


def test_a_field_that_a_kind_does_not_have_is_refused_and_not_dropped(kubernetes, store):
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/cindernodes.cinderblock.io"
    content = kubernetes.ask("GET", path)
    schema = content["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    del schema["properties"]["spec"]["properties"]["topology"]
    kubernetes.ask("PUT", path, content)
    numbers = itertools.count()

    def refused():
        try:
            return not store.nodes.insert(node(f"n{next(numbers)}"))
        except StoreUnavailable as error:
            return 'unknown field "spec.topology"' in str(error)

    try:
        eventually(refused)
    finally:
        kubernetes.install()
