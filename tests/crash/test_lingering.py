"""A program that outlives a driver that was killed has its volume for itself until it has ended."""

import pytest

from csi.client import raw
from tests.crash.scenarios import NODE
from tests.crash.world import World
from tests.crowds.calls import Code

pytestmark = pytest.mark.slow

STAGED_BEFORE = (World.stage, World.unstage)

#: What lingers, in which call, after what more than usual.
PROGRAMS = [
    ("blkid", "stage", ()),
    ("mkfs.ext4", "stage", ()),
    ("e2fsck", "stage", STAGED_BEFORE),
    ("mount", "stage", STAGED_BEFORE),
    ("mount", "mount", ()),
    ("xfs_growfs", "expand where it is used", ()),
    ("umount", "unmount", ()),
    ("umount", "unstage", ()),
    ("mount", "stage a device", ()),
    ("umount", "take a bound device away", ()),
]


@pytest.mark.parametrize(("program", "name", "more"), PROGRAMS, ids=[f"{name}: {what}" for what, name, _ in PROGRAMS])
def test_nobody_touches_a_volume_that_a_program_is_at_work_on(world, program, name, more):
    scenario = NODE[name]
    for step in (*scenario.before, *more):
        step(world)
    with world.lingering(program, scenario.call) as go_on:
        before = world.found()
        calls = (scenario.call, World.unmount, World.unstage)
        assert [world.code_of(call) for call in calls] == [Code.ABORTED] * len(calls)
        assert world.found() == before
        go_on()
        world.process.plan.arm(scenario.work)
        scenario.call(world)
        points = world.process.plan.disarm()
    # There is one mkfs: the one that lingered, where another had only looked so far.
    assert any("mkfs" in point for point in points) is (program == "blkid")
    world.check()


def test_a_late_mkfs_finds_no_other_volume_under_its_devices_name(world):
    world.create()
    world.publish()
    with world.lingering("mkfs.ext4", World.stage) as go_on:
        world.code_of(World.unstage)
        world.create("other", capability=raw())
        for step in (World.publish, World.stage, World.mount):
            step(world, "other")
        written = b"kept" * 1024
        world.target("other").write_bytes(written)
        go_on()
        world.stage()
    with world.target("other").open("rb") as device:
        assert device.read(len(written)) == written
    world.check()
