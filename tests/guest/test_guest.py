"""The guest is what the other tests here count on."""

from pathlib import Path


def test_the_kernel_has_what_iscsi_and_multipath_need():
    modules = {line.split()[0] for line in Path("/proc/modules").read_text(encoding="ascii").splitlines()}

    assert {"dm_thin_pool", "dm_multipath", "iscsi_tcp", "iscsi_target_mod", "sd_mod"} <= modules
