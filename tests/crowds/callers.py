"""What callers of several controllers do at random, and whether what they were told is true."""

import random
import threading
import time
from collections import Counter
from functools import partial

from csi import ids
from csi.proto import csi_pb2
from tests.crowds.calls import Code, code_of, create, delete, grow, publish
from tests.crowds.history import Call, History

#: Made before anything fails, and never deleted; each has its own name for its first bytes.
KEPT = [f"kept-{number}" for number in range(60)]
PASSING = [f"passing-{number}" for number in range(100)]
#: Each made from the kept volume of the same number.
CLONES = [f"clone-{number}" for number in range(40)]
NODES = [f"node-{number};p=192.0.2.{number}" for number in (1, 2)]

#: What any call may be answered while processes end.
_ANY_TIME = (Code.OK, Code.ABORTED, Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.CANCELLED)
#: And what each may be answered because of what others do.
_ALLOWED = {
    "create": (),
    "clone": (),
    "delete": (Code.FAILED_PRECONDITION,),
    "publish": (Code.NOT_FOUND, Code.FAILED_PRECONDITION),
    "unpublish": (),
    "snapshot": (Code.NOT_FOUND, Code.ALREADY_EXISTS),
    "delete snapshot": (Code.FAILED_PRECONDITION,),
    "grow": (),
    "look": (Code.NOT_FOUND,),
    "list": (),
}
#: A process that stands still is not waited for longer.
CALL_S = 4.0


class Callers:
    """They call whichever process takes calls, and note each answer."""

    def __init__(self, controllers):
        self._controllers = controllers
        self._lock = threading.Lock()
        self.asked = 0
        self.codes: Counter[tuple[str, str]] = Counter()
        self.volumes = {name: History() for name in (*KEPT, *PASSING, *CLONES)}
        self.snapshots = {name: History() for name in (*KEPT, *PASSING)}
        self.published = {(name, node): History() for name in self.volumes for node in NODES}
        #: The largest size that was asked for, in GiB.
        self.wanted = dict.fromkeys(KEPT, 1)

    def run(self, seed, ends):
        """Be one caller until then."""
        chance = random.Random(seed)
        verbs = [self.create, self.create, self.delete, self.delete, self.publish, self.unpublish, self.snapshot]
        verbs += [self.delete_snapshot, self.grow, self.look, self.list]
        while not ends.is_set():
            run = chance.choice(self._controllers).run
            if run is None:
                # The other one has more to do meanwhile; and where neither takes calls, nobody burns the processor.
                ends.wait(0.005)
                continue
            if chance.choice(verbs)(run, chance) is Code.UNAVAILABLE:
                ends.wait(0.05)

    def create(self, run, chance):
        name = chance.choice((*KEPT, *PASSING, *CLONES))
        kind = "clone" if name in CLONES else "create"
        return self._told(kind, self.volumes[name].make(partial(run.ask, partial(make, name)), run))

    def delete(self, run, chance):
        name = chance.choice((*PASSING, *CLONES))
        call = partial(run.ask, lambda client: delete(client, ids.volume_id(name), timeout_s=CALL_S))
        return self._told("delete", self.volumes[name].remove(call, run))

    def publish(self, run, chance):
        """What is published to one node is not published to the other one."""
        name, node = chance.choice((*KEPT, *PASSING)), chance.choice(NODES)
        (other,) = set(NODES) - {node}
        begun = time.monotonic()
        call = partial(run.ask, lambda client: publish(client, ids.volume_id(name), node, timeout_s=CALL_S))
        code = self.published[name, node].make(call, run)
        if code is Code.OK:
            self.published[name, other].add(Call(code=code, begun=begun, ended=time.monotonic(), proves=False))
        return self._told("publish", code)

    def unpublish(self, run, chance):
        name, node = chance.choice((*KEPT, *PASSING)), chance.choice(NODES)
        call = partial(run.ask, lambda client: unpublish(client, ids.volume_id(name), node))
        return self._told("unpublish", self.published[name, node].remove(call, run))

    def snapshot(self, run, chance):
        name = chance.choice((*KEPT, *PASSING))
        call = partial(run.ask, lambda client: take(client, f"of-{name}", ids.volume_id(name)))
        return self._told("snapshot", self.snapshots[name].make(call, run))

    def delete_snapshot(self, run, chance):
        name = chance.choice((*KEPT, *PASSING))
        call = partial(run.ask, lambda client: drop(client, ids.snapshot_id(f"of-{name}")))
        return self._told("delete snapshot", self.snapshots[name].remove(call, run))

    def grow(self, run, chance):
        name, size_gib = chance.choice(KEPT), chance.randint(2, 9)
        with self._lock:
            self.wanted[name] = max(self.wanted[name], size_gib)
        code = code_of(partial(run.ask, lambda client: grow(client, ids.volume_id(name), size_gib, timeout_s=CALL_S)))
        return self._told("grow", code)

    def look(self, run, chance):
        """Ask for a volume, and where it is published."""
        name = chance.choice((*KEPT, *PASSING, *CLONES))
        begun = time.monotonic()
        answers = []
        code = code_of(lambda: answers.append(run.ask(partial(get, ids.volume_id(name)))))
        facts = {"code": code, "begun": begun, "ended": time.monotonic()}
        if code in (Code.OK, Code.NOT_FOUND):
            self.volumes[name].add(Call(proves=code is Code.OK, **facts))
        for node in NODES if answers and name not in CLONES else ():
            self.published[name, node].add(Call(proves=node in answers[0].status.published_node_ids, **facts))
        return self._told("look", code)

    def list(self, run, _chance):
        """Nothing is listed twice, what nobody deletes always, and nothing that nobody made."""
        listed = []
        code = code_of(lambda: listed.extend(run.ask(lambda client: client.volumes())))
        if code is Code.OK:
            found = Counter(volume.volume_id for volume in listed)
            assert set(found.values()) == {1}
            assert (
                {ids.volume_id(name) for name in KEPT} <= found.keys() <= {ids.volume_id(name) for name in self.volumes}
            )
        return self._told("list", code)

    def contradictions(self):
        return {
            f"{what} {name}": found
            for what in ("volumes", "snapshots", "published")
            for name, history in getattr(self, what).items()
            if (found := history.contradictions())
        }

    def _told(self, kind, code):
        with self._lock:
            # Nobody was there to take the other ones, most often.
            self.asked += code is not Code.UNAVAILABLE
            self.codes[kind, code.name] += 1
        assert code in (*_ANY_TIME, *_ALLOWED[kind]), f"{kind} was answered {code}"
        return code


def make(name, client):
    """CreateVolume with the same request for the same name, as a provisioner does it."""
    source = ids.volume_id(name.replace("clone", "kept")) if name in CLONES else ""
    # The kept ones grow, and nobody knows how large their clones have to be.
    size_gib = 9 if source else 1
    assert create(client, name, "array", timeout_s=CALL_S, size_gib=size_gib, source_id=source) == ids.volume_id(name)


def get(volume_id, client):
    request = csi_pb2.ControllerGetVolumeRequest(volume_id=volume_id)
    return client.controller.ControllerGetVolume(request, timeout=CALL_S)


def take(client, name, volume_id):
    request = csi_pb2.CreateSnapshotRequest(name=name, source_volume_id=volume_id)
    assert client.controller.CreateSnapshot(request, timeout=CALL_S).snapshot.source_volume_id == volume_id


def drop(client, snapshot_id):
    client.controller.DeleteSnapshot(csi_pb2.DeleteSnapshotRequest(snapshot_id=snapshot_id), timeout=CALL_S)


def unpublish(client, volume_id, node_id):
    request = csi_pb2.ControllerUnpublishVolumeRequest(volume_id=volume_id, node_id=node_id)
    client.controller.ControllerUnpublishVolume(request, timeout=CALL_S)
