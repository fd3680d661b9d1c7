"""A back end that hangs for ever costs its own callers their time, and nobody else anything."""

import time

import pytest

from csi.client import Client
from tests.crowds.calls import Code, capacity, code_of, create, delete, median_s
from tests.waiting import eventually

pytestmark = pytest.mark.slow
#: These measure how fast something is.
measuring = pytest.mark.alone

#: More callers than the back end has slots and places to wait for one.
CALLERS = 80
#: How much slower than before "as fast as before" may be: the machine is a busy one.
FACTOR, SLACK_S = 3, 0.05
#: `drain_s` of the configuration, and what gRPC and the end of the process take.
STOPPING_S = 1 + 5


class Others:
    """Probe and the other back end, and how fast they answered before something hung."""

    def __init__(self, client):
        self._client = client
        self._before = self._now()

    def check_as_fast_as_before(self):
        slower = {
            what: (round(before_s, 3), round(now_s, 3))
            for (what, before_s), now_s in zip(self._before.items(), self._now().values(), strict=True)
            if now_s > FACTOR * before_s + SLACK_S
        }
        assert slower == {}

    def _now(self):
        return {
            "Probe": median_s(self._client.ready),
            "GetCapacity": median_s(lambda: capacity(self._client, "files", timeout_s=10)),
            "CreateVolume and DeleteVolume": median_s(self._make_and_remove),
        }

    def _make_and_remove(self):
        self._client.delete(create(self._client, "other", "files", timeout_s=10))


def check_stops(process):
    """The process ends in order and in time, whatever hangs in it."""
    began = time.monotonic()
    assert process.stop(timeout_s=60) == 0
    assert time.monotonic() - began < STOPPING_S


@measuring
def test_a_create_that_hangs(process, client, control, pool):
    others = Others(client)
    with control.held("create_volume"):
        stuck = [
            pool.submit(code_of, lambda name=f"stuck-{number}": create(client, name, "gated", timeout_s=3))
            for number in range(CALLERS)
        ]
        eventually(lambda: control.inside("create_volume") == 8)
        others.check_as_fast_as_before()
        assert {each.result() for each in stuck} <= {Code.DEADLINE_EXCEEDED, Code.ABORTED}
        # Told why, and not only that the time is over.
        assert code_of(lambda: create(client, "another", "gated", timeout_s=4)) is Code.ABORTED
        assert control.entered("create_volume") == 8
        others.check_as_fast_as_before()
        check_stops(process)


@measuring
def test_stats_that_hang(process, client, control, pool):
    others = Others(client)
    with control.held("stats"):
        assert code_of(lambda: capacity(client, "gated", timeout_s=0.5)) is Code.DEADLINE_EXCEEDED
        stuck = [
            pool.submit(code_of, lambda name=f"stuck-{number}": create(client, name, "gated", timeout_s=3))
            for number in range(CALLERS)
        ]
        stuck += [pool.submit(code_of, lambda: capacity(client, "gated", timeout_s=3)) for _ in range(CALLERS)]
        others.check_as_fast_as_before()
        assert {each.result() for each in stuck} <= {Code.DEADLINE_EXCEEDED, Code.ABORTED}
        others.check_as_fast_as_before()
        assert control.entered("create_volume") == 0
        check_stops(process)


@measuring
def test_a_start_that_hangs(process, control):
    with control.held("do_setup"):
        client = process.start(timeout_s=30)
        others = Others(client)
        assert code_of(lambda: create(client, "volume", "gated", timeout_s=1)) is Code.UNAVAILABLE
        others.check_as_fast_as_before()
        client.close()
        check_stops(process)


def test_a_back_end_that_starts_late_is_used_when_it_is_there(process, control):
    with control.held("do_setup"):
        client = process.start(timeout_s=30)
    eventually(lambda: code_of(lambda: create(client, "volume", "gated", timeout_s=10)) is Code.OK)
    client.close()


@measuring
def test_what_hung_when_the_process_ended_is_done_after_the_next_start(process, client, control):
    with control.held("create_volume"):
        assert code_of(lambda: create(client, "volume", "gated", timeout_s=0.5)) is Code.DEADLINE_EXCEEDED
        check_stops(process)
    again = process.start()
    volume_id = eventually(lambda: made(again, "volume"))
    assert [volume.volume_id for volume in again.volumes()] == [volume_id]
    again.close()


def test_what_was_left_on_one_back_end_is_mended_while_another_hangs(process, client, control, other_control, tmp_path):
    left = [create(client, f"on-{backend}", backend, timeout_s=10) for backend in ("gated", "files")]
    with control.held("delete_volume"):
        with other_control.held("delete_volume"):
            assert {code_of(lambda each=each: delete(client, each, timeout_s=0.5)) for each in left} == {
                Code.DEADLINE_EXCEEDED
            }
            process.kill()
        again = process.start()
        # Nobody asks again: the driver does it by itself.
        eventually(lambda: list((tmp_path / "files").iterdir()) == [])
        assert control.entered("delete_volume") == 2
        assert len(list((tmp_path / "gated").iterdir())) == 1
    eventually(lambda: list((tmp_path / "gated").iterdir()) == [])
    again.close()


def made(client: Client, name):
    found = []
    code = code_of(lambda: found.append(create(client, name, "gated", timeout_s=10)))
    assert code in (Code.OK, Code.ABORTED, Code.UNAVAILABLE)
    return found and found[0]
