"""A driver in a process of its own, on files, and proof that it leaves nothing on the machine."""

import pytest

from tests.ready.driver import DriverProcess
from tests.robustness.witness import backing_files, mounted_below
from tests.system.pods import Pod


@pytest.fixture
def process(tmp_path):
    process = DriverProcess(tmp_path)
    yield process
    process.end()
    assert left_below(tmp_path) == []


@pytest.fixture
def client(process):
    client = process.start()
    yield client
    client.close()


@pytest.fixture
def pods(client, tmp_path):
    """Makes pods; whatever they still have mounted at the end is withdrawn by hand."""
    made: list[Pod] = []

    def make(volume_id, **how):
        pod = Pod(client, tmp_path / f"pod-{len(made)}", volume_id, **how)
        made.append(pod)
        return pod

    yield make
    for pod in reversed(made):
        pod.clear()


def left_below(folder):
    return [*mounted_below(folder), *backing_files(folder)]
