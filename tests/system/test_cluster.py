"""The driver with its records in a Kubernetes cluster: it and the API server may die, and no record is on the disk."""

import json
from contextlib import closing

import pytest

from cinderblock.units import GIB
from persistence.crd import open_store
from tests.ready.driver import DriverProcess
from tests.system.conftest import left_below
from tests.system.pods import Pod


@pytest.fixture
def process(kubernetes, space, tmp_path):
    config = tmp_path / "cinder.conf"
    local = "volume_driver = cinderblock.cinder.local_files.LocalFilesDriver\nlocal_files_path = {folder}\n"
    local = local.format(folder=tmp_path / "volumes")
    connection = kubernetes.url(space)
    config.write_text(
        f"[DEFAULT]\nenabled_backends = local\n[local]\n{local}[persistence]\nconnection = {connection}\n"
    )
    process = DriverProcess(tmp_path, config=config)
    yield process
    process.end()
    assert left_below(tmp_path) == []


def test_a_volumes_life_with_its_records_in_a_cluster(process, kubernetes, space, tmp_path):
    client = process.start()
    pod = Pod(client, tmp_path / "pod", client.create("volume", GIB).volume_id).start()
    checksum = pod.write()
    process.kill()
    kubernetes.kill()
    kubernetes.start()
    pod.client = process.start()
    pod.start()
    assert pod.checksum() == checksum
    snapshot_id = pod.client.snapshot("snapshot", pod.volume_id).snapshot_id
    made = pod.client.create("restored", GIB, snapshot_id=snapshot_id)
    restored = Pod(pod.client, tmp_path / "restored", made.volume_id).start()
    assert restored.checksum() == checksum
    listed = json.loads(kubernetes.kubectl("get", "cvol,csnap,cconn", "-n", space, "-o", "json"))["items"]
    assert sorted((one["kind"], one["spec"].get("name", "")) for one in listed) == [
        ("CinderConnection", ""),
        ("CinderConnection", ""),
        ("CinderSnapshot", "snapshot"),
        ("CinderVolume", "restored"),
        ("CinderVolume", "volume"),
    ]
    for one in (pod, restored):
        one.stop()
        one.client.delete(one.volume_id)
    pod.client.delete_snapshot(snapshot_id)
    assert pod.client.volumes() == []
    pod.client.close()
    client.close()
    assert process.stop() == 0
    with closing(open_store(kubernetes.url(space))) as store:
        assert [*store.volumes.page(), *store.snapshots.page(), *store.connections.page()] == []
    assert not list(process.state_dir.glob("*.db*"))
    token = (kubernetes.folder / f"token-{space}").read_text()
    assert token not in process.log_file.read_text()
