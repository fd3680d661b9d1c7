"""A driver that is killed anywhere in a group snapshot of published volumes, on an array that is merciless."""

import pytest

from tests.crash.process import TracedProcess
from tests.crash.scenarios import Scenario
from tests.crash.test_crashes import each_crash
from tests.crash.world import World

pytestmark = pytest.mark.slow

_CINDER_CONF = """\
[DEFAULT]
enabled_backends = array

[array]
volume_driver = tests.fakes.grouping.GroupingDriver
local_files_path = {folder}
"""


class GroupingWorld(World):
    """A world in which the array's groups are looked at as well."""

    def __init__(self, process, volumes):
        super().__init__(process, volumes)
        self.array_groups = volumes.with_name(f"{volumes.name}-groups")

    def _agrees(self):
        groups = list(self.array_groups.iterdir())
        assert len(groups) == len(self.groups)
        # What is left in a group is the list of its snapshots, and no volume.
        assert [file.name for group in groups for file in group.iterdir()] == [".snapshots"] * len(groups)
        return super()._agrees()


@pytest.fixture
def world(tmp_path):
    config, volumes = tmp_path / "cinder.conf", tmp_path / "array"
    config.write_text(_CINDER_CONF.format(folder=volumes), encoding="utf-8")
    process = TracedProcess(tmp_path, config)
    world = GroupingWorld(process, volumes)
    yield world
    try:
        if process.alive():
            world.clear()
    finally:
        world.close()
        process.end()


def publish_two(world):
    for name in ("volume", "other"):
        world.create(name)
        world.publish(name)


TAKE = Scenario(work="CreateVolumeGroupSnapshot", before=(publish_two,), call=World.take_group)
DELETE = Scenario(work="DeleteVolumeGroupSnapshot", before=(publish_two, World.take_group), call=World.delete_group)


def test_a_group_snapshot_that_was_cut_off_anywhere_is_finished_or_taken_back_whichever_is_asked_for(world):
    # By turns, because each point is the end of one thing and the beginning of the next.
    for number, _ in enumerate(each_crash(world, TAKE)):
        if number % 2:
            world.take_group()
        else:
            for name in ("volume", "other"):
                world.unpublish(name)
                world.delete(name)
            world.delete_group()
        world.check()


def test_a_deletion_that_was_cut_off_anywhere_is_finished_when_it_is_asked_for_again(world):
    for _ in each_crash(world, DELETE):
        world.delete_group()
        world.check()
