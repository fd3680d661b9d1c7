"""csi-sanity over Cinder's LVM driver and iSCSI."""

import pytest

from tests.guest import machine
from tests.sanity import specs

pytestmark = pytest.mark.usefixtures("nothing_left", "as_before")


@pytest.mark.parametrize("access_type", ["mount", "block"])
def test_csi_sanity_passes(driver, tmp_path, access_type):
    controller, node = driver.controller.endpoint, driver.node.endpoint
    specs.check(machine.csi_sanity(), node, tmp_path, access_type, controller=controller, timeout_s=1800)
