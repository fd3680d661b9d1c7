"""Group snapshots over CSI: all of the volumes at one moment, or none."""

import grpc
import pytest

from cinderblock.units import GIB
from csi.client import mounted
from csi.proto import csi_pb2, csi_pb2_grpc

Code = grpc.StatusCode


@pytest.fixture
def groups(process, client):
    with grpc.insecure_channel(process.endpoint, options=[("grpc.default_authority", "localhost")]) as channel:
        yield csi_pb2_grpc.GroupControllerStub(channel)


def taken(groups, name, *volume_ids):
    request = csi_pb2.CreateVolumeGroupSnapshotRequest(name=name, source_volume_ids=volume_ids)
    return groups.CreateVolumeGroupSnapshot(request, timeout=60).group_snapshot


def test_a_group_snapshot_holds_every_volume_and_goes_as_a_whole(client, groups, pods):
    pod_by_id, checksums = {}, {}
    for name in ("one", "two"):
        pod = pods(client.create(name, GIB).volume_id).start()
        pod_by_id[pod.volume_id], checksums[pod.volume_id] = pod, pod.write()
        pod.stop()
    group = taken(groups, "group", *pod_by_id)
    assert group.ready_to_use
    assert {snapshot.source_volume_id for snapshot in group.snapshots} == set(pod_by_id)
    assert {snapshot.group_snapshot_id for snapshot in group.snapshots} == {group.group_snapshot_id}
    assert taken(groups, "group", *reversed(pod_by_id)) == group

    for snapshot in group.snapshots:
        restored = client.create(f"restored-{snapshot.snapshot_id}", GIB, snapshot_id=snapshot.snapshot_id)
        assert pods(restored.volume_id).start().checksum() == checksums[snapshot.source_volume_id]
    with pytest.raises(grpc.RpcError) as failure:
        client.delete_snapshot(group.snapshots[0].snapshot_id)
    assert failure.value.code() is Code.INVALID_ARGUMENT

    snapshot_ids = [snapshot.snapshot_id for snapshot in group.snapshots]
    members = {"group_snapshot_id": group.group_snapshot_id, "snapshot_ids": snapshot_ids}
    wanted = csi_pb2.GetVolumeGroupSnapshotRequest(**members)
    assert groups.GetVolumeGroupSnapshot(wanted).group_snapshot == group
    gone = csi_pb2.DeleteVolumeGroupSnapshotRequest(
        group_snapshot_id=group.group_snapshot_id, snapshot_ids=snapshot_ids
    )
    groups.DeleteVolumeGroupSnapshot(gone)
    groups.DeleteVolumeGroupSnapshot(gone)
    with pytest.raises(grpc.RpcError) as failure:
        groups.GetVolumeGroupSnapshot(wanted)
    assert failure.value.code() is Code.NOT_FOUND
    assert not client.controller.ListSnapshots(csi_pb2.ListSnapshotsRequest()).entries


def test_published_volumes_are_refused_because_their_snapshots_would_not_belong_together(client, groups, pods):
    still = client.create("still", GIB).volume_id
    pod = pods(client.create("busy", GIB).volume_id)
    pod.publish()
    with pytest.raises(grpc.RpcError) as failure:
        taken(groups, "group", still, pod.volume_id)
    assert failure.value.code() is Code.FAILED_PRECONDITION
    assert "would not belong together" in str(failure.value.details())
    assert not client.controller.ListSnapshots(csi_pb2.ListSnapshotsRequest()).entries
    pod.stop()
    assert len(taken(groups, "group", still, pod.volume_id).snapshots) == 2


def test_a_group_with_a_volume_that_does_not_exist_takes_nothing(client, groups):
    there = client.create("there", GIB).volume_id
    with pytest.raises(grpc.RpcError) as failure:
        taken(groups, "group", there, "5a2b7e0c-6f43-5d1e-9c0b-3f0d1b1c4e78")
    assert failure.value.code() is Code.NOT_FOUND
    assert not client.controller.ListSnapshots(csi_pb2.ListSnapshotsRequest()).entries


def test_a_name_that_is_taken_by_other_volumes_is_refused(client, groups):
    one, two = (client.create(name, GIB, capability=mounted()).volume_id for name in ("one", "two"))
    taken(groups, "group", one)
    with pytest.raises(grpc.RpcError) as failure:
        taken(groups, "group", one, two)
    assert failure.value.code() is Code.ALREADY_EXISTS
