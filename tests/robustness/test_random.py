"""Random garbage: several wrong fields at once, and bytes that are no request at all."""

import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.robustness import garbage, requests
from tests.robustness.caller import Caller
from tests.robustness.test_garbage import METHODS, message_of

pytestmark = pytest.mark.slow

#: How long each of the two goes on; `SOAK_SECONDS` makes them longer.
SECONDS = float(os.environ.get("SOAK_SECONDS", "8"))
WITH_FIELDS = [(service, rpc) for service, rpc in METHODS if message_of(service, rpc).DESCRIPTOR.fields]
#: Of two changes at once, one may allow what the other one asks for: a second target, and at a folder in use.
_IN_USE = "the folder above"


def bounded(test):
    """Run a test of hypothesis's again and again, until the time is up."""
    count = 0
    ends_at = time.monotonic() + SECONDS
    run = settings(
        max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=True
    )(test)
    while time.monotonic() < ends_at:
        run()
        count += 60
    return count


@pytest.fixture
def callers(world):
    return {rpc: Caller(world, service, rpc) for service, rpc in WITH_FIELDS}


def judged(world, callers, count):
    print(f"{count} examples")
    for rpc, caller in callers.items():
        print(f"{rpc}: {caller}")
    assert count > 0
    assert world.client.ready()
    assert world.changes() == []


def test_several_wrong_fields_at_once_are_borne(world, callers):
    changes = {}
    for service, rpc in WITH_FIELDS:
        valid = requests.valid(rpc, message_of(service, rpc), world)[0]
        changes[rpc] = [each for each in garbage.changes(valid.DESCRIPTOR, valid) if _IN_USE not in each[0]]

    @given(st.data())
    def one(data):
        service, rpc = data.draw(st.sampled_from(WITH_FIELDS))
        request = requests.valid(rpc, message_of(service, rpc), world)[0]
        picked = data.draw(st.lists(st.sampled_from(changes[rpc]), min_size=2, max_size=6))
        for _, change in picked:
            change(request)
        callers[rpc].send(request, ", ".join(what for what, _ in picked))
        assert callers[rpc].wrong == []

    judged(world, callers, bounded(one))


def test_bytes_that_are_no_request_are_borne(world, callers):
    @given(st.data())
    def one(data):
        service, rpc = data.draw(st.sampled_from(WITH_FIELDS))
        # Of a volume that is not there: a path that changed at random could be any folder of this machine.
        right = requests.valid(rpc, message_of(service, rpc), world)[0].SerializeToString().replace(b"-", b"_")
        at = data.draw(st.integers(0, len(right)))
        gone = data.draw(st.integers(0, 4))
        sent = right[:at] + data.draw(st.binary(max_size=8)) + right[at + gone :]
        callers[rpc].send_bytes(sent)
        assert callers[rpc].wrong == []

    judged(world, callers, bounded(one))
