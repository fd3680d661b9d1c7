"""The driver with its records in PostgreSQL, and in a Kubernetes cluster."""

import json
from contextlib import closing

import pytest

from persistence.crd import open_store
from tests.contract.stores import database_of
from tests.ready.driver import DriverProcess
from tests.system.conftest import left_below
from tests.system.records import configured, live


@pytest.fixture
def started(tmp_path):
    """Makes the process of a driver whose records are at an address."""
    made = []

    def make(connection):
        made.append(DriverProcess(tmp_path, config=configured(tmp_path, connection)))
        return made[-1]

    yield make
    for process in made:
        process.end()
    assert left_below(tmp_path) == []


def test_a_volumes_life_with_its_records_in_postgresql(started, postgresql, tmp_path):
    with postgresql.database() as url:

        def look(*volumes):
            dump = postgresql.dump(database_of(url))
            assert all(volume in dump for volume in volumes)

        process = started(url.replace("store@", "store:hunter2222@"))
        assert "hunter2222" not in live(process, postgresql, tmp_path, look=look)
        assert "local" not in postgresql.dump(database_of(url)).partition("COPY public.")[2]


def test_a_volumes_life_with_its_records_in_a_cluster(started, kubernetes, space, tmp_path):
    def look(*_):
        listed = json.loads(kubernetes.kubectl("get", "cvol,csnap,cconn", "-n", space, "-o", "json"))["items"]
        assert sorted((one["kind"], one["spec"].get("name", "")) for one in listed) == [
            ("CinderConnection", ""),
            ("CinderConnection", ""),
            ("CinderSnapshot", "snapshot"),
            ("CinderVolume", "restored"),
            ("CinderVolume", "volume"),
        ]

    process = started(kubernetes.url(space))
    log = live(process, kubernetes, tmp_path, look=look)
    assert (kubernetes.folder / f"token-{space}").read_text() not in log
    with closing(open_store(kubernetes.url(space))) as store:
        assert [*store.volumes.page(), *store.snapshots.page(), *store.connections.page()] == []
