"""One cluster for all tests of a run; each test has a namespace of its own, and leaves nothing in the cluster."""

import itertools

import pytest

from tests.e2e.cluster import cluster as running_cluster
from tests.waiting import eventually

_numbers = itertools.count()
_LONG_S = 90.0


@pytest.fixture(scope="session")
def cluster():
    with running_cluster() as made:
        yield made


@pytest.fixture
def space(cluster):
    with cluster.space(f"test{next(_numbers)}") as made:
        yield made
    eventually(lambda: left_in(cluster) == [], timeout_s=_LONG_S, poll_s=0.5)


def left_in(cluster):
    """Return the names of all that volumes are made of, for user, cluster, driver, node and disk."""
    kinds = "persistentvolumes,volumeattachments,volumesnapshotcontents"
    objects = cluster.api.kubectl("get", kinds, "-o", "name").split()
    made = [*cluster.driver.records(), *cluster.driver.volumes()]
    mounts = [path for node in cluster.nodes for path in node.machine.csi_mounts()]
    return [*objects, *made, *cluster.machine.loops(), *mounts]
