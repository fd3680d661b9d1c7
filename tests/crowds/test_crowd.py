"""A hundred callers over twenty names: no answer contradicts another, and what is left is what should be left."""

import os
import random
import time
from collections import Counter
from functools import partial

import pytest

from csi import ids
from csi.driver_process import DriverProcess
from csi.proto import csi_pb2
from persistence.sql import open_store
from tests.crash import facts
from tests.crowds.calls import Code, code_of, create, publish
from tests.crowds.history import History
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.alone]

NODE = "node-1"
CALLERS = 100
NAMES = [f"volume-{number}" for number in range(14)]
#: Made from the volumes of the same number.
CLONES = [f"clone-{number}" for number in range(6)]
#: For how long; `make soak` has more of it.
LENGTH_S = float(os.environ.get("SOAK_SECONDS", "10"))

#: What each call may be answered besides OK and ABORTED; what is copied may be absent, or another one by now.
ALLOWED = {
    "create": (),
    "clone": (Code.NOT_FOUND, Code.ALREADY_EXISTS),
    "delete": (Code.FAILED_PRECONDITION,),
    "publish": (Code.NOT_FOUND,),
    "unpublish": (),
    "snapshot": (Code.NOT_FOUND, Code.ALREADY_EXISTS),
    "delete snapshot": (Code.FAILED_PRECONDITION,),
}

_CINDER_CONF = """\
[DEFAULT]
enabled_backends = array

[array]
volume_driver = tests.fakes.arrays.DependentDriver
local_files_path = {folder}/array
"""


class Crowd:
    """What callers do at random, and what they were told."""

    def __init__(self, client):
        self.client = client
        self.codes: Counter[tuple[str, str]] = Counter()
        self.volumes = {name: History() for name in (*NAMES, *CLONES)}
        self.snapshots = {name: History() for name in (*NAMES, *CLONES)}
        self.connections = {name: History() for name in (*NAMES, *CLONES)}

    def run(self, seed, ends_at):
        """Be one caller until then."""
        chance = random.Random(seed)
        verbs = [self.create, self.create, self.delete, self.publish, self.unpublish, self.snapshot]
        verbs += [self.delete_snapshot, self.look, self.list]
        while time.monotonic() < ends_at:
            chance.choice(verbs)(chance.choice((*NAMES, *CLONES)))

    def create(self, name):
        kind = "clone" if name in CLONES else "create"
        self._told(kind, self.volumes[name].make(partial(make, self.client, name)))

    def delete(self, name):
        self._told("delete", self.volumes[name].remove(lambda: self.client.delete(ids.volume_id(name))))

    def publish(self, name):
        call = partial(publish, self.client, ids.volume_id(name), NODE)
        self._told("publish", self.connections[name].make(call))

    def unpublish(self, name):
        self._told("unpublish", self.connections[name].remove(lambda: self.client.unpublish(ids.volume_id(name))))

    def snapshot(self, name):
        call = partial(self.client.snapshot, f"snapshot-of-{name}", ids.volume_id(name))
        self._told("snapshot", self.snapshots[name].make(call))

    def delete_snapshot(self, name):
        call = partial(self.client.delete_snapshot, ids.snapshot_id(f"snapshot-of-{name}"))
        self._told("delete snapshot", self.snapshots[name].remove(call))

    def look(self, name):
        """Ask for the volume, for its publication and for its snapshot."""
        self.volumes[name].look(lambda: self._volume(name) is not None)
        self.connections[name].look(lambda: self._published(name))
        request = csi_pb2.GetSnapshotRequest(snapshot_id=ids.snapshot_id(f"snapshot-of-{name}"))
        self.snapshots[name].look(lambda: there(lambda: self.client.controller.GetSnapshot(request, timeout=30)))

    def list(self, _name):
        """No volume is listed twice, and none that nobody made."""
        found = [volume.volume_id for volume in self.client.volumes()]
        assert len(found) == len(set(found))
        assert set(found) <= {ids.volume_id(name) for name in (*NAMES, *CLONES)}

    def contradictions(self):
        return {
            f"{what} {name}": found
            for what in ("volumes", "snapshots", "connections")
            for name, history in getattr(self, what).items()
            if (found := history.contradictions())
        }

    def _volume(self, name):
        request = csi_pb2.ControllerGetVolumeRequest(volume_id=ids.volume_id(name))
        answers = []
        there(lambda: answers.append(self.client.controller.ControllerGetVolume(request, timeout=30)))
        return answers[0] if answers else None

    def _published(self, name):
        found = self._volume(name)
        return found is not None and NODE in found.status.published_node_ids

    def _told(self, verb, code):
        self.codes[verb, code.name] += 1
        assert code in (Code.OK, Code.ABORTED, *ALLOWED[verb]), f"{verb} was answered {code}"


def make(client, name):
    """CreateVolume with the same request for the same name, as a provisioner does it."""
    if name in NAMES:
        assert create(client, name, "array", timeout_s=30) == ids.volume_id(name)
    else:
        client.create(name, 2**30, volume_id=ids.volume_id(name.replace("clone", "volume")))


def there(call):
    code = code_of(call)
    assert code in (Code.OK, Code.NOT_FOUND)
    return code is Code.OK


def done(call):
    """Repeat a call until it is done, as a CO does."""
    eventually(lambda: code_of(call) is Code.OK)


@pytest.fixture
def process(tmp_path):
    config = tmp_path / "cinder.conf"
    config.write_text(_CINDER_CONF.format(folder=tmp_path), encoding="utf-8")
    process = DriverProcess(tmp_path, config=config, arguments=("--node-id", NODE))
    yield process
    process.end()


@pytest.fixture
def client(process):
    client = process.start()
    yield client
    client.close()


@pytest.fixture
def store(client, process):
    store = open_store(f"sqlite:///{process.state_dir}/cinderblock.db")
    yield store
    store.close()


def test_a_crowd_is_told_no_contradictions_and_leaves_no_orphans(client, store, pool, tmp_path):
    crowd, seed = Crowd(client), random.randrange(2**32)
    print(f"the seed is {seed}")
    ends_at = time.monotonic() + LENGTH_S
    for caller in [pool.submit(crowd.run, f"{seed} {number}", ends_at) for number in range(CALLERS)]:
        caller.result()
    print(dict(crowd.codes))
    assert crowd.contradictions() == {}

    # The callers have gone: each volume is there once, and the back end has what the records say.
    for name in NAMES:
        done(partial(make, client, name))
    listed = {volume.volume_id for volume in client.volumes()}
    assert listed >= {ids.volume_id(name) for name in NAMES}
    array = facts.found(tmp_path, tmp_path / "array").objects
    assert array == facts.recorded(store)
    assert facts.owned(store) == facts.unfinished(store) == []

    for name in (*NAMES, *CLONES):
        done(lambda name=name: client.unpublish(ids.volume_id(name)))
        done(lambda name=name: client.delete_snapshot(ids.snapshot_id(f"snapshot-of-{name}")))
    for name in (*NAMES, *CLONES):
        done(lambda name=name: client.delete(ids.volume_id(name)))
    assert client.volumes() == []
    eventually(lambda: facts.recorded(store) == {})
    assert facts.found(tmp_path, tmp_path / "array").objects == {}
