"""A release in a cluster: its key is made once, outlives it, and is never made anew under records that it sealed."""

import base64

import pytest

from persistence.seal import Sealer
from tests.deploy.chart import CHART, helm

RELEASE, SPACE = "storage", "storage-system"
KEY = f"/api/v1/namespaces/{SPACE}/secrets/storage-cinderblock-key"
SET = (
    "driverName=release.example.org",
    "config.cinderConf=[DEFAULT]",
    # They are there already, from elsewhere.
    "crds.install=false",
    "storageClasses[0].name=release",
    "volumeSnapshotClasses[0].name=release",
)


@pytest.fixture
def release(cluster):
    """Run a command of helm's for the release; it is not there before, and not afterwards."""
    reaching = ["--namespace", SPACE, "--kubeconfig", cluster.kubeconfig("admin")]

    def run(command, *sets):
        chart = [CHART, "--set", ",".join((*SET, *sets))] if command in ("install", "upgrade") else []
        return helm(command, RELEASE, *chart, *reaching, *(["--create-namespace"] if command == "install" else []))

    yield run
    run("uninstall")
    cluster.ask("DELETE", KEY, refused=404)


def key(cluster):
    return cluster.ask("GET", KEY, refused=404).get("data", {}).get("key")


def test_the_key_is_made_once_and_outlives_the_release(release, cluster, tmp_path):
    done = release("install")
    assert done.returncode == 0, done.stderr
    assert "Without it no record can be read; have a copy" in done.stdout
    made = key(cluster)
    (tmp_path / "key").write_bytes(base64.b64decode(made))
    Sealer.from_file(tmp_path / "key")
    for command in ("upgrade", "uninstall", "install"):
        done = release(command, "logLevel=debug")
        assert done.returncode == 0, done.stderr
        assert key(cluster) == made


def test_an_upgrade_without_the_key_is_refused(release, cluster):
    assert release("install").returncode == 0
    cluster.ask("DELETE", KEY)
    done = release("upgrade")
    assert done.returncode == 1
    assert (
        "the Secret storage-cinderblock-key is gone, and no record can be read without its key: restore it"
        in done.stderr
    )
    assert key(cluster) is None
