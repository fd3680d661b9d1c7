"""What goes wrong between a node and its iSCSI target: nothing of it may cost data, or leave anything behind."""

import os
import time
from collections.abc import Mapping

import grpc
import pytest

from cinderblock.units import GIB
from csi.client import raw
from csi.proto import csi_pb2
from tests.guest import lio, machine
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("nothing_left", "as_before", "quick_to_fail")

ROUNDS = 100 if "SOAK_SECONDS" in os.environ else 10
#: How long a path may take to come back.
_BACK_S = 60.0
#: How long it may take until a stage is killed just where it was to be.
_CUT_OFF_S = 300.0
PORTALS = ("127.0.0.1", "127.0.0.2")


NOTHING: Mapping[str, set[str]] = {"sessions": set(), "disks": set(), "maps": set()}


@pytest.fixture(scope="module")
def quick_to_fail():
    with machine.no_path_retry("fail"):
        yield


def all_paths_are_active():
    assert machine.states_of_paths() == ["active"] * len(PORTALS)
    return True


def health(client, pod):
    request = csi_pb2.NodeGetVolumeHealthRequest(volume_id=pod.volume_id, staging_target_path=str(pod.staging))
    return client.node.NodeGetVolumeHealth(request, timeout=60)


def take_from_node(client, pod):
    client.unmount(pod.volume_id, pod.target)
    client.unstage(pod.volume_id, pod.staging)


def test_a_path_that_is_cut_comes_back_and_both_end_in_an_error_not_in_a_hang(client, pods):
    pod = pods(client.create("volume", GIB).volume_id).start()
    before = pod.write("before")
    with machine.cut(PORTALS[1]):
        during = pod.write("during")
    eventually(all_paths_are_active, timeout_s=_BACK_S, poll_s=0.5)

    with machine.cut(PORTALS[0]), machine.cut(PORTALS[1]):
        with pytest.raises(OSError, match=r"Input/output error|Read-only file system"):
            pod.write("lost")
        assert "AllPathsDown" in str(health(client, pod))
        take_from_node(client, pod)
    assert machine.initiator() == NOTHING

    client.unpublish(pod.volume_id)
    pod.start()
    assert (pod.checksum("before"), pod.checksum("during")) == (before, during)


def test_a_unit_that_was_given_to_another_volume_is_refused_and_not_touched(client, pods):
    pod, other = pods(client.create("volume", GIB).volume_id), pods(client.create("other", GIB).volume_id)
    checksum = other.start().write()
    other.stop()
    other.publish()
    names = machine.storage()["targets"]
    pod.publish()
    (target,) = machine.storage()["targets"] - names
    (others,) = names
    pod.stage()
    take_from_node(client, pod)

    with lio.swapped(target, others):
        with pytest.raises(grpc.RpcError) as refused:
            pod.stage()
        assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert "not the" in str(refused.value.details())
        assert machine.initiator() == NOTHING

    pod.stage()
    other.start()
    assert other.checksum() == checksum


def test_a_unit_that_is_given_to_another_volume_behind_its_session_is_refused_wherever_it_is_used_anew(client, pods):
    # Nothing is mounted that would write by itself; and of one size, or multipathd would see that something changed.
    pod = pods(client.create("volume", GIB, capability=raw()).volume_id, capability=raw())
    other = pods(client.create("other", GIB).volume_id)
    other.publish()
    (others,) = machine.storage()["targets"]
    pod.start()
    (target,) = machine.storage()["targets"] - {others}
    before = machine.initiator()
    (mapped,) = before["maps"]

    with lio.swapped(target, others):
        for use in (pod.stage, pod.mount, lambda: client.expand(pod.volume_id, 2 * GIB, pod.target, pod.staging)):
            with pytest.raises(grpc.RpcError) as refused:
                use()
            assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
            assert "its paths show" in str(refused.value.details())
        assert machine.initiator() == before
        assert machine.size_bytes(f"/dev/{mapped}") == GIB

    pod.stage()
    pod.mount()
    client.expand(pod.volume_id, 2 * GIB, pod.target, pod.staging)
    assert machine.size_bytes(f"/dev/{mapped}") == 2 * GIB


def cut_off(driver, client, pod, reached):
    """Kill the node as soon as a stage has reached something; tell whether that was before its answer."""

    def is_there():
        return machine.mounts_below(pod.staging) if reached == "mounts" else machine.initiator()[reached]

    request = csi_pb2.NodeStageVolumeRequest(
        volume_id=pod.volume_id, staging_target_path=str(pod.staging), publish_context=pod.context
    )
    request.volume_capability.CopyFrom(pod.capability)
    staging = client.node.NodeStageVolume.future(request, timeout=120)
    eventually(is_there, timeout_s=60, poll_s=0.001)
    driver.node.kill()
    was_cut_off = staging.exception() is not None
    driver.restart_node(client)
    if not was_cut_off:
        client.unstage(pod.volume_id, pod.staging)
    return was_cut_off


@pytest.mark.parametrize("reached", ["sessions", "disks", "maps", "mounts"])
def test_a_stage_that_is_cut_off_is_finished_when_it_is_repeated(driver, client, pods, reached):
    pod = pods(client.create("volume", GIB).volume_id)
    pod.publish()
    # Between the mount and the answer is next to nothing.
    eventually(lambda: cut_off(driver, client, pod, reached), timeout_s=_CUT_OFF_S)
    pod.stage()
    pod.mount()
    checksum = pod.write()
    take_from_node(client, pod)
    assert machine.initiator() == NOTHING
    pod.stage()
    pod.mount()
    assert pod.checksum() == checksum


def test_a_node_that_has_lost_everything_but_its_journal_stages_again(driver, client, pods):
    pod = pods(client.create("volume", GIB).volume_id).start()
    checksum = pod.write()
    driver.node.kill()
    # As after a power cut, but for the boot.
    for path in (pod.target, pod.staging):
        machine.run("umount", str(path))
    for name in machine.initiator()["maps"]:
        machine.run("multipath", "-f", f"/dev/{name}")
    machine.run("iscsiadm", "--mode", "session", "--logout")
    driver.restart_node(client)
    pod.stage()
    pod.mount()
    assert pod.checksum() == checksum


@pytest.mark.parametrize("deleted", [False, True])
def test_a_volume_that_is_withdrawn_from_under_its_node_leaves_nothing(client, pods, deleted):
    pod = pods(client.create("volume", GIB).volume_id).start()
    pod.write()
    client.unpublish(pod.volume_id)
    if deleted:
        client.delete(pod.volume_id)
    take_from_node(client, pod)
    assert machine.initiator() == NOTHING


def test_rounds_of_staging_leave_nothing(client, pods):
    pod = pods(client.create("volume", GIB, capability=raw()).volume_id, capability=raw())
    pod.publish()
    began = time.monotonic()
    for _ in range(ROUNDS):
        pod.stage()
        assert len(machine.initiator()["disks"]) == len(PORTALS)
        client.unstage(pod.volume_id, pod.staging)
        assert machine.initiator() == NOTHING
    print(f"{ROUNDS} rounds of {(time.monotonic() - began) / ROUNDS:.1f} s")
