"""The guest's storage: a volume group on its disk, and a cinder.conf for it."""

import pytest

from csi.driver_process import DriverProcess
from tests.guest import machine
from tests.guest.cluster import started
from tests.system.pods import Pod

_CINDER_CONF = f"""\
[DEFAULT]
enabled_backends = lvm

[lvm]
volume_driver = cinder.volume.drivers.lvm.LVMVolumeDriver
volume_backend_name = lvm
volume_group = {machine.VOLUME_GROUP}
lvm_type = thin
lvm_conf_file = none
volume_clear = none
target_helper = lioadm
target_ip_address = 127.0.0.1
target_secondary_ip_addresses = 127.0.0.2
use_chap_auth = true
"""


@pytest.fixture(scope="session")
def volume_group():
    machine.run("vgcreate", machine.VOLUME_GROUP, machine.DISK)
    yield machine.VOLUME_GROUP
    machine.run("vgremove", "--force", machine.VOLUME_GROUP)


@pytest.fixture(scope="session")
def cinder_conf(volume_group, tmp_path_factory):
    file = tmp_path_factory.mktemp("configuration") / "cinder.conf"
    file.write_text(_CINDER_CONF, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def nothing_left(volume_group):
    """The module's tests and fixtures leave nothing behind."""
    yield
    assert machine.storage() == machine.NOTHING


@pytest.fixture
def as_before(volume_group):
    """The test leaves the storage as it was."""
    before = machine.storage()
    yield
    assert machine.storage() == before


@pytest.fixture
def process(cinder_conf, nothing_left, tmp_path):
    process = DriverProcess(tmp_path, config=cinder_conf)
    yield process
    process.end()
    # Shown where the test fails.
    print(process.log_tail(20_000))


@pytest.fixture
def client(process):
    client = started(process)
    yield client
    client.close()


@pytest.fixture
def pods(client, tmp_path):
    """Makes pods; whatever they still have at the end is taken away."""
    made: list[Pod] = []

    def make(volume_id, **kind):
        pod = Pod(client, tmp_path / f"pod-{len(made)}", volume_id, **kind)
        made.append(pod)
        return pod

    yield make
    for pod in reversed(made):
        pod.clear()
        pod.client.delete(pod.volume_id)
