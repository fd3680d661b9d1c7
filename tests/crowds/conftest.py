"""A driver's process with two back ends, whose verbs can be held, each on its own."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.crowds.control import Control
from tests.ready.driver import DriverProcess

_CINDER_CONF = """\
[DEFAULT]
enabled_backends = gated, files

[gated]
volume_driver = tests.fakes.arrays.GatedDriver
local_files_path = {folder}/gated
control_path = {folder}/control

[files]
volume_driver = tests.fakes.arrays.GatedDriver
local_files_path = {folder}/files
control_path = {folder}/control-files

[csi]
drain_s = 1
"""


@pytest.fixture
def control(tmp_path):
    return Control(tmp_path / "control")


@pytest.fixture
def other_control(tmp_path):
    return Control(tmp_path / "control-files")


@pytest.fixture
def process(tmp_path, control, other_control):
    config = tmp_path / "cinder.conf"
    config.write_text(_CINDER_CONF.format(folder=tmp_path), encoding="utf-8")
    process = DriverProcess(tmp_path, config=config)
    yield process
    process.end()


@pytest.fixture
def client(process):
    client = process.start()
    yield client
    client.close()


@pytest.fixture
def pool():
    """Threads for callers; every call has a deadline, so they end."""
    with ThreadPoolExecutor(128) as pool:
        yield pool
