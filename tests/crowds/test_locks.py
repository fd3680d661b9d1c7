"""Different objects are worked on side by side; one object is in one pair of hands, and nobody queues for it."""

import pytest

from csi import ids
from tests.crowds.calls import Code, code_of, create, grow, median_s, publish
from tests.waiting import eventually

pytestmark = pytest.mark.slow

#: Less than anybody notices, more than a refusal takes on a busy machine.
AT_ONCE_S = 0.05


def test_eight_creates_are_inside_of_the_driver_at_once(client, control, pool):
    names = [f"volume-{number}" for number in range(8)]
    with control.held("create_volume"):
        answers = [pool.submit(create, client, name, "gated", timeout_s=30) for name in names]
        eventually(lambda: control.inside("create_volume") == 8)
    assert [answer.result() for answer in answers] == [ids.volume_id(name) for name in names]


@pytest.mark.alone
def test_a_second_call_on_an_object_is_refused_at_once(client, control, pool):
    volume_id = ids.volume_id("volume")
    seconds = {
        "create": lambda: create(client, "volume", "gated", timeout_s=30),
        "delete": lambda: client.delete(volume_id),
        "publish": lambda: publish(client, volume_id, "node-1"),
        "unpublish": lambda: client.unpublish(volume_id),
        "expand": lambda: grow(client, volume_id, 2),
    }
    with control.held("create_volume"):
        first = pool.submit(create, client, "volume", "gated", timeout_s=30)
        eventually(lambda: control.inside("create_volume") == 1)
        codes = {name: code_of(call) for name, call in seconds.items()}
        assert codes == dict.fromkeys(seconds, Code.ABORTED)
        taken_s = {name: median_s(lambda call=call: code_of(call)) for name, call in seconds.items()}
    assert {name: round(each, 3) for name, each in taken_s.items() if each > AT_ONCE_S} == {}
    assert first.result() == volume_id
    assert control.entered("create_volume") == 1


def test_a_call_goes_on_after_its_deadline_and_the_retry_gets_its_result(client, control):
    with control.held("create_volume"):
        assert code_of(lambda: create(client, "volume", "gated", timeout_s=0.5)) is Code.DEADLINE_EXCEEDED
        assert control.inside("create_volume") == 1
        assert code_of(lambda: create(client, "volume", "gated", timeout_s=30)) is Code.ABORTED
    eventually(lambda: code_of(lambda: create(client, "volume", "gated", timeout_s=30)) is Code.OK)
    assert [volume.volume_id for volume in client.volumes()] == [ids.volume_id("volume")]
    assert control.entered("create_volume") == 1


def test_a_call_without_a_deadline_waits_for_its_result(client, control, pool):
    with control.held("delete_volume"):
        volume_id = create(client, "volume", "gated", timeout_s=30)
        deleted = pool.submit(client.delete, volume_id)
        eventually(lambda: control.inside("delete_volume") == 1)
        assert code_of(lambda: create(client, "volume", "gated", timeout_s=30)) is Code.ABORTED
    deleted.result()
    assert client.volumes() == []
