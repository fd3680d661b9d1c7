"""Cinderlib's own functional tests, unmodified, over Cinder's LVM driver and iSCSI."""

import pytest

from tests.compat.running import PASSED, suite

pytestmark = pytest.mark.usefixtures("nothing_left", "as_before")


@pytest.mark.parametrize("in_memory", [True, False])
def test_every_test_of_cinderlib_passes(cinder_conf, tmp_path, in_memory):
    result, said = suite(cinder_conf, tmp_path, in_memory=in_memory, timeout_s=1800)
    assert result == PASSED, said
