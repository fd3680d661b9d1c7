"""The guest's storage: a volume group on its disk, and a cinder.conf for it."""

import pytest

from tests.guest import machine
from tests.guest.driver import Driver
from tests.sanity import specs
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


@pytest.fixture(scope="session")
def driver(cinder_conf, tmp_path_factory):
    """One driver for all tests of a volume group: in a guest, its start takes longer than most of them."""
    folder = tmp_path_factory.mktemp("driver")
    config = folder / "cinder.conf"
    config.write_text(cinder_conf.read_text(encoding="utf-8") + specs.OPTIONS, encoding="utf-8")
    driver = Driver(folder, config).start()
    yield driver
    driver.end()


@pytest.fixture
def client(driver):
    before = len(driver.log())
    client = driver.client()
    yield client
    client.close()
    # Shown where the test fails.
    print(driver.log()[before:][-20_000:])


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
