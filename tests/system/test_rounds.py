"""A node that stages and unstages again and again keeps nothing: no device, mount, descriptor or memory."""

import itertools
import os
import re
import time
from pathlib import Path

import pytest

from cinderblock.units import GIB
from csi.client import mounted, raw
from csi.driver_process import DriverProcess
from tests.system.conftest import left_below

pytestmark = pytest.mark.slow

#: At least so many, and `SOAK_SECONDS` long.
ROUNDS = 200
SECONDS = float(os.environ.get("SOAK_SECONDS", "0"))
#: Rounds until every code path has been loaded, and memory pools have their size.
WARM_UP = 20
#: What the process may grow after that, MiB: the allocator's noise, not a leak in each round.
GROWTH_MIB = 6
#: Connections that the store keeps; it opens one more whenever all are in use, so how many there are is chance.
KEPT_CONNECTIONS = 8

DATABASE = re.compile(r"/cinderblock\.db(-wal)?$")


@pytest.fixture
def process(tmp_path):
    """One that was not forked: what it has open and in memory is its own alone."""
    process = DriverProcess(tmp_path)
    yield process
    process.end()


def opened_by(pid):
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(str(entry.readlink()))
        except FileNotFoundError:
            continue
    return found


def descriptors(pid):
    """What the process has open but for the database; sockets to clients come and go by themselves."""
    return sorted(name for name in opened_by(pid) if not name.startswith("socket:") and not DATABASE.search(name))


def connections(pid):
    """How often the process has the database open."""
    return sum(name.endswith("/cinderblock.db") for name in opened_by(pid))


def memory_mib(pid):
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024


def test_rounds_leave_nothing(process, client, pods, tmp_path):
    users = []
    for number, capability in enumerate((mounted("ext4"), raw(), mounted("xfs"), raw())):
        pod = pods(client.create(f"volume-{number}", GIB, capability=capability).volume_id, capability=capability)
        pod.publish()
        users.append(pod)

    def round_of(pod):
        pod.stage()
        pod.mount()
        client.unmount(pod.volume_id, pod.target)
        client.unstage(pod.volume_id, pod.staging)

    for number in range(WARM_UP):
        round_of(users[number % len(users)])
    opened, used_mib = descriptors(process.pid), memory_mib(process.pid)
    ends_at = time.monotonic() + SECONDS
    for number in itertools.count():
        if number >= ROUNDS and time.monotonic() >= ends_at:
            break
        round_of(users[number % len(users)])

    assert left_below(tmp_path) == []
    assert list((process.state_dir / "node" / "journal").glob("*.json")) == []
    assert [str(each) for pod in users for each in pod.staging.iterdir()] == []
    assert not any(pod.target.exists() for pod in users)
    assert descriptors(process.pid) == opened
    assert 0 < connections(process.pid) <= KEPT_CONNECTIONS
    assert memory_mib(process.pid) - used_mib < GROWTH_MIB
