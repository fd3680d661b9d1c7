"""A driver that can be killed anywhere, and proof that it leaves nothing on the machine."""

import pytest

pytest.register_assert_rewrite("tests.crash.world")  # before it is imported

# ruff: noqa: E402 -- for the line above
from csi.node import mounts
from tests.crash import facts
from tests.crash.process import TracedProcess
from tests.crash.world import World

_CINDER_CONF = """\
[DEFAULT]
enabled_backends = array

[array]
volume_driver = tests.fakes.arrays.{driver}
local_files_path = {folder}
"""


@pytest.fixture
def driver():
    """The class of `tests.fakes.arrays` that the back end runs; "" for the embedded default."""
    return ""


@pytest.fixture
def world(tmp_path, driver):
    config, volumes = None, tmp_path / "state" / "volumes"
    if driver:
        config, volumes = tmp_path / "cinder.conf", tmp_path / "array"
        config.write_text(_CINDER_CONF.format(driver=driver, folder=volumes), encoding="utf-8")
    process = TracedProcess(tmp_path, config)
    world = World(process, volumes)
    yield world
    if process.alive():
        world.clear()
    world.close()
    process.end()
    left = facts.loops_below(tmp_path) + [each.path for each in mounts.table() if each.path.startswith(str(tmp_path))]
    assert left == []
