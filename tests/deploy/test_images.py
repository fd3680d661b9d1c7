"""What goes into the images: the versions that were tested, and nothing on a node that it does without."""

import json
import re
import subprocess
import sys

import pytest

from tests.deploy.chart import ROOT

LOCKED = re.compile(r"^([a-z0-9][a-z0-9-]*)==([^ ;]+)", re.MULTILINE)
NOT_ON_A_NODE = {"cinder", "eventlet", "greenlet", "sqlalchemy", "alembic", "kubernetes", "psycopg", "pymysql"}


def locked(path):
    return dict(LOCKED.findall((ROOT / path).read_text()))


@pytest.mark.parametrize("part", ["controller", "node"])
def test_an_image_has_the_versions_of_the_lock_with_their_hashes(part):
    path = f"deploy/requirements/{part}.lock"
    found, whole = locked(path), locked("requirements.lock")
    assert len(found) > 30
    assert {name: version for name, version in found.items() if whole.get(name) != version} == {}
    text = (ROOT / path).read_text()
    assert text.count("--hash=sha256:") >= len(found)
    assert "://" not in text


def test_a_node_has_neither_cinder_nor_eventlet_and_nothing_is_for_developers():
    assert NOT_ON_A_NODE & locked("deploy/requirements/node.lock").keys() == set()
    controller = locked("deploy/requirements/controller.lock").keys()
    assert {"cinder", "kubernetes", "psycopg", "pymysql"} <= controller
    assert {"pytest", "mypy", "ruff", "grpcio-tools"} & controller == set()


def test_a_node_needs_nothing_that_its_image_lacks():
    """Every package outside of the standard library that a node loads is one that its image has."""
    code = (
        "import json, sys; before = set(sys.modules)\n"
        "for name in ('eventlet', 'greenlet', 'cinder', 'sqlalchemy', 'grpc_tools'): sys.modules[name] = None\n"
        "import csi.cli, csi.composition, csi.node.__main__, csi.node.announcement, csi.node.registration\n"
        "import csi.monitoring.monitor, cinderblock.brick.host\n"
        "from pathlib import Path; from cinderblock.brick import connectors\n"
        "for name in ('fibre_channel', 'iscsi', 'local', 'nvmeof'):"
        " connectors.connector(name, multipath=False, mount_base=Path('/'), data={})\n"
        "found = {name.partition('.')[0] for name, one in sys.modules.items() if one and getattr(one, '__file__', None)"
        " and 'site-packages' in one.__file__}\n"
        "from importlib.metadata import packages_distributions\n"
        "known = packages_distributions()\n"
        "print(json.dumps({name: known[name] for name in found if name in known}))"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    there = locked("deploy/requirements/node.lock").keys() | {"cinderblock"}
    loaded = json.loads(done.stdout)
    assert len(loaded) > 20
    assert {
        name: of for name, of in loaded.items() if not {re.sub("[._]", "-", one.lower()) for one in of} & there
    } == {}
