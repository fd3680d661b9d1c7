"""What the guest has after its power was cut in the middle of work (see work.py), from the same disk."""

import json
import shutil
import sqlite3

import pytest

from csi.driver_process import DriverProcess
from persistence.sql import open_store
from tests.crash import facts
from tests.guest import cluster, evidence, ledger, machine
from tests.guest.cluster import APPLICATION, DISK, FOLDER, Cluster

_STATE = FOLDER / "state"
_VOLUMES = _STATE / "volumes"


@pytest.fixture(scope="module")
def before():
    """What is known of the time before the power cut."""
    return evidence.read(machine.EVIDENCE)


@pytest.fixture(scope="module")
def disk():
    DISK.mkdir()
    machine.run("mount", machine.STATE_DISK, str(DISK))
    yield
    machine.run("umount", str(DISK))


@pytest.fixture(scope="module")
def as_cut(disk, tmp_path_factory):
    """A copy of what the driver has in its state folder, made before a driver starts again."""
    return shutil.copytree(
        _STATE, tmp_path_factory.mktemp("cut") / "state", ignore=shutil.ignore_patterns(_VOLUMES.name)
    )


@pytest.fixture(scope="module")
def process(as_cut):
    process = DriverProcess(FOLDER)
    yield process
    process.end()
    # Shown where a test fails.
    print(process.log_tail(20_000))


@pytest.fixture(scope="module")
def after(process, before):
    """The cluster, which goes on with what publishing answered before."""
    client = cluster.started(process)
    yield Cluster(client, before.contexts)
    client.close()


@pytest.fixture(scope="module")
def repeated(after, before):
    """Repeat every call that was cut off, as whoever made it does; return what exists then."""
    exists = dict(before.exists)
    for name, verb in before.cut_off.items():
        if verb == "mount":
            # A kubelet finds nothing staged after a boot, and begins with that.
            after.ask("stage", name)
        after.ask(verb, name)
        exists[name] = evidence.MAKES.get(verb, exists.get(name))
    return exists


@pytest.fixture(scope="module")
def store(after):
    store = open_store(f"sqlite:///{_STATE}/cinderblock.db")
    yield store
    store.close()


def test_the_power_was_cut_in_the_middle_of_work(before):
    print("cut off:", before.cut_off, "fsynced:", before.records)
    assert len(before.cut_off) >= 2
    assert set(before.answered) == {*evidence.MAKES, "publish", "stage", "mount", "unmount", "unstage", "unpublish"}
    assert before.records[APPLICATION] >= 100
    assert before.exists[APPLICATION]


def test_the_store_and_the_nodes_journal_are_whole(as_cut):
    with sqlite3.connect(as_cut / "cinderblock.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()
    entries = {file.stem: json.loads(file.read_text()) for file in (as_cut / "node/journal").glob("*.json")}
    assert entries[cluster.object_id(APPLICATION)]["state"] == "staged"


def test_what_was_acknowledged_is_there_and_what_was_deleted_is_not(after, before):
    listed = after.objects()
    assert {name: cluster.object_id(name) in listed for name in before.exists} == before.exists


def test_calls_that_were_cut_off_succeed_when_they_are_made_again(after, repeated, store):
    existing = {cluster.object_id(name) for name, exists in repeated.items() if exists}
    assert after.objects() == existing
    assert facts.found(FOLDER, _VOLUMES).objects == facts.recorded(store)
    assert facts.unfinished(store) == []


def test_volumes_and_their_copies_have_every_record_that_was_fsynced(after, before, repeated):
    found = {}
    for name in [name for name, exists in repeated.items() if exists and not name.startswith("snapshot-")]:
        if name not in after.contexts:
            after.ask("publish", name)
        after.ask("stage", name)
        after.ask("mount", name)
        found[name] = ledger.intact(cluster.file(name))
    print("found:", found)
    assert {name: count for name, count in found.items() if count < before.records[name]} == {}
    assert found[APPLICATION]


def test_nothing_is_left_when_all_is_deleted(process, after, repeated, store):
    for name in repeated:
        if name.startswith("snapshot-"):
            after.ask("delete_snapshot", name)
            continue
        # In the order of a cluster, also where there is nothing any more.
        for verb in ("unmount", "unstage", "unpublish", "delete"):
            after.ask(verb, name)
    left = facts.found(FOLDER, _VOLUMES)
    assert left == facts.Facts(objects={}, loops=[], mounts=[], journal={})
    assert facts.recorded(store) == {}
    assert facts.unfinished(store) == []
    assert process.stop() == 0
