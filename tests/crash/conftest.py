"""A driver that can be killed anywhere, and proof that it leaves nothing on the machine."""

import subprocess

import pytest

pytest.register_assert_rewrite("tests.crash.world")  # before it is imported

# ruff: noqa: E402 -- for the line above
from cinderblock.brick.loop import bound, detach
from csi.node import mounts
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
    try:
        if process.alive():
            world.clear()
    finally:
        world.close()
        process.end()
        left = taken_away_below(tmp_path)
    assert left == []


def taken_away_below(folder):
    """Unmount and detach by hand what is left; return what that was."""
    left = [each.path for each in mounts.table() if each.path.startswith(str(folder))]
    for path in reversed(left):
        subprocess.run(["umount", path], check=True)
    for loop in [each for each in bound() if each.backing.startswith(str(folder))]:
        left.append(loop.backing)
        detach(loop)
    return left
