"""What every driver with consistent groups promises, held against the fake one and against Cinder's way."""

import uuid
from dataclasses import replace

import pytest

from cinderblock.grouped import GROUP_ID, ConsistencyGroup, Group, record_of
from persistence.records import Status
from tests.contract.drivers import GROUPING_BENCHES, stored_snapshot, stored_volume


@pytest.fixture(params=GROUPING_BENCHES)
def bench(request, tmp_path):
    bench = GROUPING_BENCHES[request.param](tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def volumes(bench):
    made = [stored_volume(bench.store) for _ in range(2)]
    for volume in made:
        bench.driver.create(volume)
    return made


def planned(bench, volumes):
    """A group in the store, as the library records it before it calls the driver."""
    group = ConsistencyGroup(
        cinder_id=str(uuid.uuid4()),
        snapshot_cinder_id=str(uuid.uuid4()),
        name="backup",
        backend="local",
        host=volumes[0].host,
        members={volume.cinder_id: str(uuid.uuid4()) for volume in volumes},
    )
    recorded = Group(
        id=f"group-{group.cinder_id}",
        name=group.name,
        status=Status.CREATING,
        members={volume.id: f"snapshot-of-{volume.id}" for volume in volumes},
        created_at=1700000000.5,
        consistency=group,
    )
    bench.store.key_values.insert(record_of(recorded))
    return group


def member_of(bench, group, volume):
    """The volume's record, as it is while it may be in the group."""
    stored = bench.store.volumes.get(volume.id)
    return bench.store.volumes.replace(replace(stored, driver_data={**stored.driver_data, GROUP_ID: group.cinder_id}))


def free(bench, volume):
    stored = bench.store.volumes.get(volume.id)
    return bench.store.volumes.replace(replace(stored, driver_data={}))


def joined(bench, volumes):
    group = planned(bench, volumes)
    bench.driver.create_group(group)
    members = [member_of(bench, group, volume) for volume in volumes]
    assert len(bench.driver.join_group(group, members)) == len(members)
    return group, members


def taken(bench, volumes):
    group, members = joined(bench, volumes)
    snapshots = [
        stored_snapshot(
            bench.store, volume, cinder_id=group.members[volume.cinder_id], group_id=f"group-{group.cinder_id}"
        )
        for volume in volumes
    ]
    assert len(bench.driver.create_group_snapshot(group, snapshots)) == len(snapshots)
    bench.driver.leave_group(group, members)
    for volume in volumes:
        free(bench, volume)
    return group, snapshots


def test_a_driver_with_consistent_groups_says_so(bench):
    assert bench.driver.abilities().consistent_groups


def test_the_snapshots_of_a_group_keep_what_was_there_and_volumes_are_made_from_each(bench, volumes):
    for number, volume in enumerate(volumes):
        bench.write(volume, 4096, f"volume-{number}".encode())
    _, snapshots = taken(bench, volumes)
    for volume in volumes:
        bench.write(volume, 4096, b"later...")
    for number, snapshot in enumerate(snapshots):
        restored = stored_volume(bench.store)
        bench.driver.create_from_snapshot(restored, snapshot)
        assert bench.read(restored, 4096, 8) == f"volume-{number}".encode()


def test_a_group_goes_after_its_snapshots_and_leaves_its_volumes(bench, volumes):
    group, snapshots = taken(bench, volumes)
    for _ in range(2):
        bench.driver.delete_group_snapshot(group, snapshots)
    assert not any(bench.exists(snapshot.cinder_id) for snapshot in snapshots)
    for _ in range(2):
        bench.driver.delete_group(group)
    assert all(bench.exists(volume.cinder_id) for volume in volumes)
    for volume in volumes:
        bench.driver.delete(volume)


def test_a_volume_may_leave_a_group_that_it_is_not_in(bench, volumes):
    group, members = joined(bench, volumes)
    for _ in range(2):
        assert len(bench.driver.leave_group(group, members[:1])) == 1
    bench.driver.leave_group(group, members)
    free(bench, volumes[0])
    free(bench, volumes[1])
    bench.driver.delete_group(group)
    assert all(bench.exists(volume.cinder_id) for volume in volumes)


def test_the_same_volumes_are_in_one_group_after_the_other(bench, volumes):
    first, _ = taken(bench, volumes)
    second, snapshots = taken(bench, volumes)
    assert first.cinder_id != second.cinder_id
    assert all(bench.exists(snapshot.cinder_id) for snapshot in snapshots)


def test_a_group_is_never_made_twice(bench, volumes):
    group = planned(bench, volumes)
    bench.driver.create_group(group)
    with pytest.raises(Exception, match="exists"):
        bench.driver.create_group(group)


def test_a_group_without_snapshots_can_be_removed(bench, volumes):
    group = planned(bench, volumes)
    bench.driver.create_group(group)
    bench.driver.delete_group_snapshot(group, [])
    bench.driver.delete_group(group)
