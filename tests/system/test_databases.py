"""The driver with its records in PostgreSQL: it and the server may die, and the state folder holds no record."""

import pytest

from cinderblock.units import GIB
from tests.contract.stores import database_of
from tests.ready.driver import DriverProcess
from tests.system.conftest import left_below
from tests.system.pods import Pod


@pytest.fixture
def url(postgresql):
    with postgresql.database() as url:
        yield url


@pytest.fixture
def process(url, tmp_path):
    config = tmp_path / "cinder.conf"
    local = "volume_driver = cinderblock.cinder.local_files.LocalFilesDriver\nlocal_files_path = {folder}\n"
    local = local.format(folder=tmp_path / "volumes")
    secret = url.replace("store@", "store:hunter2222@")
    config.write_text(f"[DEFAULT]\nenabled_backends = local\n[local]\n{local}[persistence]\nconnection = {secret}\n")
    process = DriverProcess(tmp_path, config=config)
    yield process
    process.end()
    assert left_below(tmp_path) == []


def test_a_volumes_life_with_its_records_in_postgresql(process, postgresql, url, tmp_path):
    client = process.start()
    pod = Pod(client, tmp_path / "pod", client.create("volume", GIB).volume_id).start()
    checksum = pod.write()
    process.kill()
    postgresql.kill()
    postgresql.start()
    pod.client = process.start()
    pod.start()
    assert pod.checksum() == checksum
    snapshot_id = pod.client.snapshot("snapshot", pod.volume_id).snapshot_id
    # The driver goes on through this one.
    postgresql.kill()
    postgresql.start()
    made = pod.client.create("restored", GIB, snapshot_id=snapshot_id)
    restored = Pod(pod.client, tmp_path / "restored", made.volume_id).start()
    assert restored.checksum() == checksum
    assert pod.volume_id in postgresql.dump(database_of(url))
    for one in (pod, restored):
        one.stop()
        one.client.delete(one.volume_id)
    pod.client.delete_snapshot(snapshot_id)
    assert pod.client.volumes() == []
    pod.client.close()
    client.close()
    assert process.stop() == 0
    assert "local" not in postgresql.dump(database_of(url)).partition("COPY public.")[2]
    assert not list(process.state_dir.glob("*.db*"))
    assert "hunter2222" not in process.log_file.read_text()
