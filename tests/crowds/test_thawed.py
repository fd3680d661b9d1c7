"""A process that stood still for longer than its lease does nothing more, however deep in its driver it was."""

import os
import signal
import time
from functools import partial

import pytest

from csi import ids
from persistence.seal import new_key_file
from persistence.sql import open_store
from tests.contract.stores import sqlite_url
from tests.crowds.calls import Code, code_of, create
from tests.crowds.controllers import LEASE_S, Controller, configuration
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.alone]

NAMES = [f"volume-{number}" for number in range(8)]


@pytest.fixture
def controllers(tmp_path, control):
    new_key_file(tmp_path / "key")
    config = configuration(
        tmp_path, sqlite_url(tmp_path), driver="GatedDriver", more=f"control_path = {control.folder}"
    )
    store = open_store(sqlite_url(tmp_path))
    controllers = [Controller(tmp_path / name, config, store) for name in ("one", "other")]
    yield controllers
    for each in controllers:
        each.end()
    store.close()


def test_what_was_begun_before_a_freeze_is_not_done_after_it(controllers, control, pool, tmp_path):
    one, other = controllers
    for each in controllers:
        each.start()
    with control.held("create_volume"):
        begun = [pool.submit(code_of, partial(create, one.run.client, name, "array", timeout_s=1)) for name in NAMES]
        eventually(lambda: control.inside("create_volume") == len(NAMES))
        os.kill(one.process.pid, signal.SIGSTOP)
        frozen_at = time.monotonic()
        assert {each.result() for each in begun} == {Code.DEADLINE_EXCEEDED}
        # The other one clears away what is left of it: nobody wants these volumes any more.
        for name in NAMES:
            delete = partial(other.run.client.delete, ids.volume_id(name))
            eventually(lambda delete=delete: code_of(delete) is Code.OK, timeout_s=10 * LEASE_S)
        eventually(lambda: time.monotonic() - frozen_at > 1.5 * LEASE_S)
    os.kill(one.process.pid, signal.SIGCONT)
    code = one.process.ended()
    assert list((tmp_path / "array").iterdir()) == []
    assert control.inside("create_volume") == len(NAMES)
    assert code == -signal.SIGALRM
