"""The way to a driver: who may still call it, and when the last one is out."""

import threading

import pytest

from cinderblock.errors import BackendUnavailable
from tests.unit.library.world import in_thread


def test_a_driver_that_was_closed_is_deserted_when_its_last_call_is_out():
    from cinderblock.cinder.calls import AnyThread, Gate

    gate, entered, released = Gate(AnyThread(), "array"), threading.Event(), threading.Event()

    def work():
        entered.set()
        return released.wait(10)

    working = in_thread(lambda: gate.call(work))
    assert entered.wait(10)
    assert not gate.deserted
    gate.close()
    with pytest.raises(BackendUnavailable, match="'array' was closed"):
        gate.call(work)
    assert not gate.deserted
    released.set()
    assert working.result(10)
    assert gate.deserted
