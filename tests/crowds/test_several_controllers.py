"""Two controllers over one store and one back end: either may end at any moment, and nobody can tell by the volumes."""

import os
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import pytest

from cinderblock.engine import every
from csi import ids
from persistence.opening import open_store
from persistence.seal import new_key_file
from tests.contract.stores import sqlite_url
from tests.crash import facts
from tests.crowds import callers
from tests.crowds.callers import CLONES, KEPT, NODES, PASSING, Callers
from tests.crowds.calls import Code, code_of, grow
from tests.crowds.controllers import LEASE_S, Controller, configuration
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.alone]

CALLERS = 16
SOAKING = "SOAK_SECONDS" in os.environ
#: How many calls are made at least; `make soak` has more of them, and one more kind of store.
CALLS = {"postgresql": 1000, "mariadb": 500, "sqlite": 500}
STORES = [*CALLS, "kubernetes"] if SOAKING else list(CALLS)
#: How long a name may take to be in nobody's hands, when nobody is killed any more.
PATIENCE_S = 10 * LEASE_S


@pytest.fixture(params=STORES)
def url(request, tmp_path):
    if request.param == "sqlite":
        yield sqlite_url(tmp_path)
        return
    with request.getfixturevalue(request.param).database() as url:
        yield url


@pytest.fixture
def store(url):
    with closing(open_store(url)) as store:
        yield store


@pytest.fixture
def controllers(tmp_path, url, store):
    new_key_file(tmp_path / "key")
    config = configuration(tmp_path, url)
    controllers = [Controller(tmp_path / name, config, store) for name in ("one", "other")]
    yield controllers
    for each in controllers:
        each.end()


def done(controller, call):
    """Repeat a call until it is done, as a CO does."""
    eventually(lambda: code_of(partial(controller.ask, call)) is Code.OK, timeout_s=PATIENCE_S)


def by_turns(controllers, act, names):
    """Do something with each name, through the one and through the other."""
    with ThreadPoolExecutor(CALLERS // 2) as pool:
        for _ in pool.map(lambda each: act(controllers[each[0] % 2], each[1]), enumerate(names)):
            pass


def stamp(name):
    return name.encode().ljust(64)


def files(store, folder, names):
    """Return the file of each of these volumes that there is."""
    records = {record.name: record for record in every(store.volumes) if record.id != record.cinder_id}
    return {name: folder / f"array/volume-{records[name].cinder_id}" for name in names if name in records}


def first_bytes(file):
    with file.open("rb") as opened:
        return opened.read(64)


def mistreat(controllers, chance, calls, asked):
    """End, freeze and start them again until so many calls were made, and each was done to somebody at work."""
    total = Counter[str]()
    while asked() < calls or lacking(total):
        each = chance.choice(controllers)
        each.check_up()
        # Or it would be ended before anybody has asked it anything.
        eventually(lambda each=each: each.run.in_flight or not each.process.alive())
        each.check_up()
        ways = {"killed": each.kill, "frozen": each.freeze, "paused": each.pause}
        ways[chance.choice(lacking(total) or ["killed", "killed", "frozen", "paused"])]()
        if each.run is None:
            each.start()
        total = sum((one.done for one in controllers), start=Counter[str]())
    return total


def lacking(total):
    """Return what has not been done often enough to somebody in the middle of something."""
    killed = min(total["killed with calls in flight"], total["killed in the middle of work on a record"])
    done = {"killed": killed // 3, "frozen": total["taken over from a frozen one"], "paused": total["paused"]}
    return [way for way, times in done.items() if not times]


def test_no_volume_is_made_twice_or_lost_and_every_answer_is_true(controllers, store, tmp_path, request):
    seed, kind = random.randrange(2**32), request.node.callspec.params["url"]
    print(f"the seed is {seed}")
    for each in controllers:
        each.start()
    crowd, ends = Callers(controllers), threading.Event()
    for name in KEPT:
        callers.make(name, controllers[0].run.client)
    for name, file in files(store, tmp_path, KEPT).items():
        with file.open("r+b") as opened:
            opened.write(stamp(name))

    with ThreadPoolExecutor(CALLERS) as pool:
        calling = [pool.submit(crowd.run, f"{seed} {number}", ends) for number in range(CALLERS)]
        try:
            calls = 10_000 if SOAKING else CALLS[kind]
            total = mistreat(controllers, random.Random(seed), calls, lambda: crowd.asked)
        finally:
            ends.set()
        for caller in calling:
            caller.result()
    print(dict(total), crowd.asked, dict(crowd.codes))
    assert crowd.contradictions() == {}
    check_left(controllers, crowd, store, tmp_path)
    # The clones go first: some of what they were made from would be kept for them.
    for names in (CLONES, (*KEPT, *PASSING)):
        by_turns(controllers, clear, names)
    assert [each.ask(lambda client: client.volumes()) for each in controllers] == [[], []]
    eventually(lambda: facts.recorded(store) == {})
    assert list(every(store.connections)) == []
    assert facts.found(tmp_path, tmp_path / "array").objects == {}


def check_left(controllers, crowd, store, folder):
    """The callers have gone: what was begun is finished, the back end has what the records say, and the content."""
    by_turns(controllers, partial(settle, sizes_gib=crowd.wanted), (*KEPT, *PASSING))
    by_turns(controllers, partial(settle, sizes_gib={}), CLONES)
    listed = [sorted(one.volume_id for one in each.ask(lambda client: client.volumes())) for each in controllers]
    assert listed == [sorted(ids.volume_id(name) for name in (*KEPT, *PASSING, *CLONES))] * 2
    eventually(lambda: facts.unfinished(store) == held(store) == [], timeout_s=PATIENCE_S)
    assert facts.found(folder, folder / "array").objects == facts.recorded(store)
    sizes = {name: file.stat().st_size >> 30 for name, file in files(store, folder, KEPT).items()}
    assert sizes == crowd.wanted
    kept = {name: first_bytes(file) for name, file in files(store, folder, KEPT).items()}
    assert kept == {name: stamp(name) for name in KEPT}
    clones = {name: first_bytes(file) for name, file in files(store, folder, CLONES).items()}
    assert clones == {name: stamp(name.replace("clone", "kept")) for name in CLONES}


def settle(controller, name, *, sizes_gib):
    """Ask once more for whatever may have been begun with a name."""
    volume_id = ids.volume_id(name)
    done(controller, partial(callers.make, name))
    if name in sizes_gib:
        done(controller, lambda client: grow(client, volume_id, sizes_gib[name]))
    for node in NODES:
        done(controller, lambda client, node=node: callers.unpublish(client, volume_id, node))
    done(controller, lambda client: callers.drop(client, ids.snapshot_id(f"of-{name}")))


def held(store):
    """Return the records that a run works on which has not been followed by another one."""
    prefix = "lease/"
    runs = {each.id.removeprefix(prefix): each.value.partition(" ")[0] for each in every(store.key_values)}
    living = tuple(f"{process}/{run}/" for process, run in runs.items())
    return [record for record in facts.owned(store) if record.owner.startswith(living)]


def clear(controller, name):
    done(controller, lambda client: client.delete(ids.volume_id(name)))
