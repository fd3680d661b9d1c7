"""csi-sanity over Cinder's NFS driver and a kernel NFS server."""

import pytest

from csi.driver_process import DriverProcess
from tests.guest import machine, nfs
from tests.guest.cluster import started
from tests.sanity import specs


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    with nfs.served():
        folder = tmp_path_factory.mktemp("driver")
        process = DriverProcess(folder, config=nfs.configured(folder, more=specs.OPTIONS))
        started(process).close()
        yield process
        assert process.stop() == 0


@pytest.mark.parametrize("access_type", ["mount", "block"])
def test_csi_sanity_passes(process, tmp_path, access_type):
    specs.check(machine.csi_sanity(), process.endpoint, tmp_path, access_type, timeout_s=900)
    assert nfs.storage()["files"] == set()
