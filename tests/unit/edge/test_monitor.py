"""What is counted of calls, and what the pages say of it."""

import threading

import grpc
import pytest

from cinderblock.errors import OutOfSpace
from csi.monitoring.monitor import Monitor
from csi.observing import BACKEND_UP, Reading
from tests.contract.stores import volume
from tests.fakes.driver import FakeDriver
from tests.waiting import eventually


class Failing(FakeDriver):
    """Raises what it was given."""

    def __init__(self, error):
        super().__init__()
        self._error = error

    def create(self, volume):
        raise self._error


@pytest.fixture
def monitor():
    return Monitor("127.0.0.1:0")


def page(monitor, path="/metrics", *, sources=(), ready=True):
    return monitor.served(sources, ready=lambda: ready).pages[path]()


def lines_of(monitor, name):
    return [line for line in page(monitor).body.decode().splitlines() if line.startswith(name)]


@pytest.mark.parametrize(("ready", "status", "words"), [(True, 200, "ready"), (False, 503, "not ready: back ends")])
def test_health_is_what_probe_says(monitor, ready, status, words):
    answer = page(monitor, "/healthz", ready=ready)
    assert (answer.status, answer.body.decode().startswith(words)) == (status, True)


def test_what_is_read_is_told(monitor):
    body = page(monitor, sources=[lambda: [Reading(BACKEND_UP, 1, ("a",)), Reading(BACKEND_UP, 0, ("b",))]]).body
    assert b'cinderblock_backend_up{backend="a"} 1.0\ncinderblock_backend_up{backend="b"} 0.0\n' in body


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(OutOfSpace("full"), "OutOfSpace"), (OSError("of the vendor's"), "unclassified"), (SystemExit(1), "unclassified")],
)
def test_a_drivers_call_is_counted_by_what_came_of_it(monitor, error, outcome):
    driver = monitor.driver("fast", Failing(error))
    with pytest.raises(type(error)):
        driver.create(volume())
    (line,) = lines_of(monitor, "cinderblock_driver_call_duration_seconds_count")
    assert f'backend="fast",operation="create",outcome="{outcome}"}} 1.0' in line


def test_a_call_that_has_no_answer_yet_is_seen(monitor, gate):
    class Hanging(FakeDriver):
        def pools(self):
            gate.wait(20)
            return super().pools()

    driver = monitor.driver("slow", Hanging())
    name = 'cinderblock_driver_calls_in_work{backend="slow",operation="pools"}'
    asking = threading.Thread(target=driver.pools)
    asking.start()
    eventually(lambda: lines_of(monitor, name) == [f"{name} 1.0"])
    gate.set()
    asking.join(20)
    assert lines_of(monitor, name) == [f"{name} 0.0"]


def test_what_a_driver_answers_from_memory_is_not_counted(monitor):
    driver = monitor.driver("fast", FakeDriver())
    driver.abilities()
    assert lines_of(monitor, "cinderblock_driver_call_duration_seconds_count") == []


def test_a_call_counts_by_the_status_that_its_caller_got(serve, gate, edge_tools):
    ended = []
    served = serve(ended=lambda *call: ended.append(call))
    served.service.on_delete = lambda request: gate.wait(20)
    code, _ = edge_tools.refused(lambda: served.delete(timeout_s=0.5))
    assert code is grpc.StatusCode.DEADLINE_EXCEEDED
    eventually(lambda: [call[:2] for call in ended] == [("DeleteVolume", "DEADLINE_EXCEEDED")])
    assert [len(ages) for ages in served.edge.workers.ages_s().values()] == [1]
    gate.set()
    eventually(lambda: [*served.edge.workers.ages_s().values()] == [[]])
    served.delete("other")
    eventually(lambda: [call[1] for call in ended] == ["DEADLINE_EXCEEDED", "OK"])
    assert 0 < ended[0][2] < 20
