"""csi-sanity, the conformance suite of the CSI project, against a driver on real loop devices."""

import os
import subprocess
from pathlib import Path

import pytest

from csi.driver_process import DriverProcess
from tests.sanity.specs import OPTIONS, check

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def csi_sanity():
    given = os.environ.get("CSI_SANITY")
    if given:
        return Path(given)
    built = subprocess.run([ROOT / "tests/lab/csi-sanity.sh"], capture_output=True, text=True, check=True)
    return Path(built.stdout.strip())


@pytest.fixture
def driver(tmp_path):
    config = tmp_path / "cinder.conf"
    config.write_text(
        "[DEFAULT]\nenabled_backends = local\n"
        "[local]\nvolume_driver = cinderblock.cinder.local_files.LocalFilesDriver\n"
        f"local_files_path = {tmp_path}/volumes\n"
        f"{OPTIONS}"
    )
    process = DriverProcess(tmp_path, config=config)
    process.start().close()
    yield process
    assert process.stop() == 0


@pytest.mark.parametrize("access_type", ["mount", "block"])
def test_csi_sanity_passes(csi_sanity, driver, tmp_path, access_type):
    check(csi_sanity, driver.endpoint, tmp_path, access_type)
    assert list((tmp_path / "volumes").glob("volume-*")) == []
