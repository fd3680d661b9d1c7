"""The whole CSI driver, over Cinder's LVM driver and iSCSI."""

import pytest

from cinderblock.units import GIB
from tests.guest import machine

pytestmark = pytest.mark.usefixtures("nothing_left", "as_before")


def test_a_volume_is_restored_cloned_and_grown_with_its_data_and_its_secret_is_told_to_nobody(driver, client, pods):
    original = pods(client.create("original", GIB).volume_id).start()
    first = original.write()
    snapshot = client.snapshot("snapshot", original.volume_id)
    second = original.write()
    restored = pods(client.create("restored", 2 * GIB, snapshot_id=snapshot.snapshot_id).volume_id).start()
    cloned = pods(client.create("cloned", GIB, volume_id=original.volume_id).volume_id).start()

    assert (restored.checksum(), cloned.checksum(), original.checksum()) == (first, second, second)
    assert restored.size_bytes() > 1.5 * GIB

    client.expand(original.volume_id, 3 * GIB, original.target, original.staging)

    assert original.size_bytes() > 2.5 * GIB
    assert original.checksum() == second

    secrets = machine.chap_secrets()
    told = driver.log() + repr([pod.context for pod in (original, restored, cloned)])
    assert len(secrets) == 3
    assert [secret for secret in secrets if secret in told] == []

    client.delete_snapshot(snapshot.snapshot_id)


@pytest.fixture
def slow_to_fail():
    with machine.no_path_retry("60"):
        yield


@pytest.mark.usefixtures("slow_to_fail")
def test_a_mounted_volume_outlives_the_driver_and_its_target(driver, client, pods):
    pod = pods(client.create("volume", GIB).volume_id).start()
    before = pod.write("before")

    driver.kill()
    during = pod.write("during")
    machine.lose_targets()
    driver.restart(client)
    after = pod.write("after")
    pod.stop()
    pod.start()

    assert [pod.checksum(name) for name in ("before", "during", "after")] == [before, during, after]
