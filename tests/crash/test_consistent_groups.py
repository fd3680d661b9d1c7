"""A driver that is killed anywhere in a group snapshot of published volumes, on an array that is merciless."""

import grpc
import pytest

from csi import ids
from csi.proto import csi_pb2, csi_pb2_grpc
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
    """A world with group snapshots, in which the array's groups are looked at as well."""

    def __init__(self, process, volumes):
        super().__init__(process, volumes)
        self.array_groups = volumes.with_name(f"{volumes.name}-groups")
        self.groups = set()

    def take_group(self, name="group"):
        volume_ids = sorted(map(ids.volume_id, ("volume", "other")))
        request = csi_pb2.CreateVolumeGroupSnapshotRequest(name=name, source_volume_ids=volume_ids)
        self._ask(lambda: self._stub("CreateVolumeGroupSnapshot", request))
        self.groups.add(name)
        self.snapshots |= {f"{name}/{number}": volume_id for number, volume_id in enumerate(volume_ids)}

    def delete_group(self, name="group"):
        request = csi_pb2.DeleteVolumeGroupSnapshotRequest(group_snapshot_id=ids.group_snapshot_id(name))
        self._ask(lambda: self._stub("DeleteVolumeGroupSnapshot", request))
        self.groups.discard(name)
        self.snapshots = {each: of for each, of in self.snapshots.items() if not each.startswith(f"{name}/")}

    def clear(self):
        for name in [*self.groups]:
            self.delete_group(name)
        super().clear()

    def _stub(self, verb, request):
        options = [("grpc.default_authority", "localhost")]
        with grpc.insecure_channel(f"unix://{self.folder}/csi.sock", options=options) as channel:
            return getattr(csi_pb2_grpc.GroupControllerStub(channel), verb)(request, timeout=30)

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


def take(world):
    world.take_group()


def delete(world):
    world.delete_group()


TAKE = Scenario(work="CreateVolumeGroupSnapshot", before=(publish_two,), call=take)
DELETE = Scenario(work="DeleteVolumeGroupSnapshot", before=(publish_two, take), call=delete)


def test_a_group_snapshot_that_was_cut_off_anywhere_is_finished_or_taken_back_whichever_is_asked_for(world):
    # By turns, because each point is the end of one thing and the beginning of the next.
    for number, _ in enumerate(each_crash(world, TAKE)):
        if number % 2:
            take(world)
        else:
            for name in ("volume", "other"):
                world.unpublish(name)
                world.delete(name)
            delete(world)
        world.check()


def test_a_deletion_that_was_cut_off_anywhere_is_finished_when_it_is_asked_for_again(world):
    for _ in each_crash(world, DELETE):
        delete(world)
        world.check()
