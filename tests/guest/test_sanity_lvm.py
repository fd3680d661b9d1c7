"""csi-sanity over Cinder's LVM driver and iSCSI."""

import pytest

from csi.driver_process import DriverProcess
from tests.guest import machine
from tests.guest.cluster import started
from tests.sanity import specs


@pytest.fixture(scope="module")
def process(cinder_conf, nothing_left, tmp_path_factory):
    folder = tmp_path_factory.mktemp("driver")
    config = folder / "cinder.conf"
    config.write_text(f"{cinder_conf.read_text()}[csi]\nmax_volumes_per_node = {specs.LIMIT}\n", encoding="utf-8")
    process = DriverProcess(folder, config=config)
    started(process).close()
    yield process
    assert process.stop() == 0


@pytest.mark.parametrize("access_type", ["mount", "block"])
def test_csi_sanity_passes(process, tmp_path, access_type):
    specs.check(machine.csi_sanity(), process.endpoint, tmp_path, access_type, timeout_s=1200)
    assert machine.storage() == machine.NOTHING
