"""The pages: their commands run as they stand, on a cluster without nodes, and their examples are taken."""

import json
import subprocess
import tempfile
from pathlib import Path

import pytest

import cinderblock as storage
from tests.deploy.chart import NAMESPACE, ROOT
from tests.deploy.desk import CLEARED, INSTALLED, Desk
from tests.lab import documents
from tests.lab.clusters import Kubernetes
from tests.lab.documents import PAGES
from tests.lab.servers import running
from tests.unit.cinderlib.machine import Old

# They install what other tests have under the same names, so the cluster is their own.
pytestmark = pytest.mark.xdist_group("documents")

KUBERNETES_STORE = "kubernetes://cinderblock?kubeconfig={folder}/.kube/config"
RESTORED = """
cmp given-key key
cmp given.conf cinder.conf
kubectl get -n cinderblock deployment/cinderblock-controller daemonset/cinderblock-node
cinderblock volume list --store "kubernetes://cinderblock?kubeconfig=$HOME/.kube/config" --key-file key | grep data
"""
TAKEN_OVER = """
cinderblock volume list --store "kubernetes://cinderblock?kubeconfig=$HOME/.kube/config" --key-file key >listed
grep ' data ' listed
grep ' plain ' listed
grep volumes taken.json
kubectl get pv old-volume -o jsonpath={.spec.persistentVolumeReclaimPolicy} | grep Retain
"""


@pytest.fixture(scope="module")
def reached():
    with running(Kubernetes) as server:
        kinds = [ROOT / "tests" / "lab" / "snapshot-kinds.sh"]
        found = subprocess.run(kinds, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        server.kubectl("apply", "--server-side", "-f", found)
        server.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        yield server


@pytest.fixture
def desk(reached):
    # The paths of sockets are short.
    with tempfile.TemporaryDirectory(prefix="page-") as folder:
        yield Desk.laid(Path(folder), reached.kubeconfig("admin"))


def without_release(desk):
    first, _, _ = INSTALLED.rpartition("helm install")
    desk.script(first)


def with_values(desk):
    without_release(desk)
    desk.script(f"kubectl delete secret -n {NAMESPACE} cinderblock-config")
    (desk.folder / "values.yaml").write_text(documents.blocks("docs/backends.md", "yaml values")[0].text)


def with_a_node(desk):
    desk.script(INSTALLED)
    desk.script("""kubectl create -f - <<<'{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker-3"}}'""")
    desk.volume(store=KUBERNETES_STORE.format(folder=desk.folder), key_file="key", state_dir="operator")
    # The page gets them back.
    desk.script("mv key given-key; mv cinder.conf given.conf")


def with_others_volumes(desk):
    without_release(desk)
    (desk.folder / "old").mkdir()
    old = Old(desk.folder / "old")
    desk.disk()
    text = old.config.read_text().replace("enabled_backends = ", "enabled_backends = mine, ")
    ours = (desk.folder / "cinder.conf").read_text().partition("[files]")[2]
    (desk.folder / "cinder.conf").write_text(f"{text}[mine]{ours}")
    desk.places.update({"sqlite:////var/lib/ember/db.sqlite": old.url, "--backend files": "--backend mine"})
    volume = {"hostPath": {"path": "/none"}, "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]}
    kept = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "old-volume"}, "spec": volume}
    desk.script(f"kubectl create -f - <<<'{json.dumps(kept)}'")


def with_records(desk):
    state, file = desk.folder / "state", desk.folder / "cinder.conf"
    with storage.open(f"sqlite:///{state}/cinderblock.db", state_dir=state, config_file=file) as opened:
        opened.backend("files").create_volume(1, name="data")
    target = f"sqlite:///{desk.folder}/copy.db"
    desk.places["postgresql://cinderblock:PASSWORD@db/cinderblock"] = target
    # Whose back ends are asked, is said in every command; the page says so once.
    desk.places["cinderblock store check"] = "cinderblock store check --config cinder.conf"


#: For each page with commands: what has to be there before them, and what shows afterwards that they did their work.
STORIES = {
    "docs/install.md": (lambda desk: None, "kubectl get deployment/cinderblock-controller -n cinderblock"),
    "README.md": (
        without_release,
        "test ! -e machine/run/cinderblock/node.sock; helm status cinderblock -n cinderblock",
    ),
    "docs/backends.md": (with_values, "kubectl get storageclass files"),
    "docs/operations.md": (with_a_node, RESTORED),
    "docs/migration.md": (with_others_volumes, TAKEN_OVER),
    "docs/stores.md": (with_records, "cinderblock volume list --store sqlite:///$HOME/copy.db | grep data"),
}


def test_every_page_with_commands_has_a_story():
    assert {page for page in PAGES if documents.commands(page)} == STORIES.keys()


@pytest.mark.parametrize("page", STORIES)
def test_the_commands_of_the_page_do_what_they_say(page, desk):
    before, shown = STORIES[page]
    try:
        before(desk)
        for block in documents.commands(page):
            desk.run(block)
        desk.script(shown)
    finally:
        desk.script(CLEARED)
