"""Several callers of one object, in one process and in several, living and dead: each gets its turn, or is told."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

import cinderblock
from persistence.sql import open_store
from tests.waiting import eventually

#: Short, so that the dead are found out soon, and long enough for a busy machine.
LEASE_S = 3.0
#: Makes a volume with a driver that stops its process in the middle of that.
STOPPING = """
import cinderblock
storage = cinderblock.open(url, state_dir=state, lease_s=3.0)
backend = storage.backend("files", **{**options, "volume_driver": "tests.fakes.programs.StoppingDriver"})
backend.create_volume(1, id=id, name="data")
"""


@pytest.fixture
def stopped(lab):
    """Start a process that stops in the middle of making a volume; it is killed at the end at the latest."""
    running = []

    def start(volume_id):
        process = lab.run(STOPPING, id=volume_id)
        running.append(process)
        assert process.stdout.readline() == "made\n", process.stderr.read()
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def test_what_a_killed_program_was_making_is_made_by_whoever_asks_again(lab, stopped):
    process = stopped("v")
    process.kill()
    storage = lab.open(lab.url, lease_s=LEASE_S)
    backend = lab.backend(storage=storage)
    assert storage.volume("v").status == cinderblock.Status.CREATING
    volume = backend.create_volume(1, id="v", name="data")
    assert volume.status == cinderblock.Status.AVAILABLE
    assert lab.files() == [f"volume-{volume.record.cinder_id}"]
    volume.delete()
    assert lab.files() == []


def test_what_a_killed_program_was_making_for_itself_is_cleared_away_by_recovery(lab, stopped):
    process = stopped(None)
    (left,) = lab.files()
    storage = lab.open(lab.url, lease_s=LEASE_S)
    backend = lab.backend(storage=storage)
    # It may still be alive: nothing of it is touched before its lease has run out.
    backend.recover()
    assert lab.files() == [left]
    process.kill()
    assert eventually(lambda: recovered(backend))
    assert lab.files() == []


def recovered(backend):
    backend.recover()
    return not backend.volumes()


def test_a_program_that_was_frozen_finds_its_work_taken_over_and_leaves_it_alone(lab, stopped):
    process = stopped("v")
    storage = lab.open(lab.url, lease_s=LEASE_S)
    volume = lab.backend(storage=storage).create_volume(1, id="v", name="data")
    os.kill(process.pid, signal.SIGCONT)
    _, said = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "cinderblock.errors." in said
    assert volume.reload().status == cinderblock.Status.AVAILABLE
    assert lab.files() == [f"volume-{volume.record.cinder_id}"]


def test_two_threads_that_ask_for_one_id_get_one_volume(lab):
    backend = lab.backend()
    with ThreadPoolExecutor(4) as threads:
        volumes = list(threads.map(lambda _: backend.create_volume(1, id="v"), range(4)))
    assert len(set(volumes)) == len(lab.files()) == 1


def test_a_caller_without_patience_is_refused_at_once(lab, stopped):
    stopped("v")
    storage = lab.open(lab.url, patience_s=0)
    lab.backend(storage=storage)
    with pytest.raises(cinderblock.OperationPending, match="is at work"):
        storage.volume("v").delete()
    assert len(lab.files()) == 1


def test_a_program_that_ends_without_closing_leaves_no_lease_and_one_that_is_forked_takes_none(lab):
    printed = lab.done(
        """
import cinderblock, os, sys
from contextlib import closing
from persistence.sql import open_store
storage = cinderblock.open(url, state_dir=state)
storage.backend("files", **options)
if os.fork() == 0:
    sys.exit()
os.wait()
with closing(open_store(url)) as store:
    print([one.id.partition("/")[0] for one in store.key_values.page()])
"""
    )
    assert printed == "['lease', 'recovered']\n"
    with closing(open_store(lab.url)) as store:
        assert [one.id.partition("/")[0] for one in store.key_values.page()] == ["recovered"]


def test_what_fails_in_an_unknown_way_is_taken_back_when_nobody_could_ask_for_it_again(lab):
    backend = lab.backend("FailingDriver")
    volume = backend.create_volume(1)
    (lab.folder / "broken").touch()
    for verb in (lambda: backend.create_volume(1), volume.clone().create_snapshot):
        with pytest.raises(cinderblock.UnknownOutcome):
            verb()
    assert len(backend.volumes()) == len(lab.files()) == 2


def test_what_fails_in_an_unknown_way_under_an_id_of_the_caller_s_is_begun_anew(lab):
    backend = lab.backend("FailingDriver")
    (lab.folder / "broken").touch()
    with pytest.raises(cinderblock.UnknownOutcome) as caught:
        backend.create_volume(1, id="v")
    assert caught.value.__notes__ == ["ask again for 'v': what was begun is then finished, or begun anew"]
    assert [volume.status for volume in backend.volumes()] == ["creating"]
    (lab.folder / "broken").unlink()
    assert backend.create_volume(1, id="v").status == "available"
    assert len(lab.files()) == 1
