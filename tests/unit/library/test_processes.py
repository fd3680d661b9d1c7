"""Several processes over one store, and one process after another."""

import pytest

from cinderblock.errors import BackendUnavailable, NotFound, OperationPending
from persistence.errors import StoreUnavailable
from persistence.records import Status
from tests.fakes.driver import FakeDriver
from tests.fakes.mortal import Killed, Life
from tests.unit.library.scenarios import SCENARIOS, points
from tests.unit.library.world import asked_again, connection, in_thread, mend, size, snapshot, volume
from tests.waiting import eventually

TTL_S = 0.3


def test_what_failed_in_one_process_is_free_for_another_at_once(world, library):
    world.driver.fail("create", RuntimeError("a bug"), after=True)
    with pytest.raises(BackendUnavailable):
        library.volumes.create(volume())
    world.process("b").volumes.create(volume())
    assert not world.disagreements()


@pytest.mark.alone
def test_what_a_silent_process_held_is_free_when_its_lease_has_run_out(world):
    at = next(at for at, call, _ in points(SCENARIOS["create"]) if call == "driver.create")
    dying = world.process("a", life=Life(at=at, after=True), ttl_s=TTL_S)
    with pytest.raises((Killed, BackendUnavailable)):
        dying.volumes.create(volume())
    world.kill("a")
    assert world.volume().owner.startswith("a/")
    heir = world.process("b", ttl_s=TTL_S)
    with pytest.raises(OperationPending, match="process 'a' is at work"):
        heir.volumes.create(volume())
    assert eventually(lambda: made(heir))
    assert not world.disagreements()


def made(library):
    try:
        return library.volumes.create(volume())
    except OperationPending:
        return None


@pytest.mark.alone
def test_a_process_whose_lease_was_taken_begins_nothing_any_more(world):
    frozen = world.process("a", ttl_s=TTL_S)
    frozen.volumes.create(volume())
    world.outlive("a")
    assert world.lost["a"].wait(5)
    for verb in (
        lambda: frozen.volumes.delete("v"),
        lambda: frozen.volumes.create(volume("w")),
        lambda: frozen.connections.publish(connection()),
    ):
        with pytest.raises(OperationPending, match="could not renew its lease"):
            verb()
    assert [one.id for one in world.volumes()] == ["v"]
    assert not world.disagreements()


def test_closing_says_farewell_when_nothing_is_in_work(world, library):
    library.close()
    assert world.store.key_values.get("lease/a") is None
    with pytest.raises((OperationPending, BackendUnavailable)):
        library.volumes.create(volume())


def test_closing_with_calls_in_work_gives_nothing_to_others(world, library):
    with world.driver.hold("create") as held:
        working = in_thread(lambda: library.volumes.create(volume()))
        assert held.entered.wait(5)
        library.close()
        with pytest.raises(OperationPending, match="process 'a' is at work"):
            world.process("b").volumes.delete("v")
    working.exception(5)


def test_recovery_does_not_delete_what_was_made_since_under_the_name_of_what_was_deleted(world, library):
    library.volumes.create(volume())
    library.snapshots.create(snapshot())
    for verb, name in (("delete_snapshot", "s"), ("delete", "v")):
        world.driver.fail(verb, RuntimeError("a bug"))
        with pytest.raises(BackendUnavailable):
            (library.snapshots if name == "s" else library.volumes).delete(name)
    store = Remembering(world.store)
    late = world.process("b", store=store)
    library.volumes.create(volume(size_gib=2))
    library.snapshots.create(snapshot())
    late.recovery.run("fake")
    assert library.volumes.get("v").size_gib == 2
    assert library.snapshots.get("s").size_gib == 2
    assert not world.disagreements()


class Remembering:
    """A store whose pages are as they were at the beginning: the walk of a slow process."""

    def __init__(self, store):
        self.volumes, self.snapshots = OldPages(store.volumes), OldPages(store.snapshots)
        self.connections, self.nodes, self.key_values = store.connections, store.nodes, store.key_values


class OldPages:
    def __init__(self, table):
        self._table, self._old = table, table.page(limit=500)

    def __getattr__(self, verb):
        return getattr(self._table, verb)

    def page(self, *, after="", limit=100, where=None):
        if where == {"backend": "fake"}:
            return [record for record in self._old if record.id > after]
        return self._table.page(after=after, limit=limit, where=where)


def test_recovery_finishes_what_was_begun_and_exports_again_what_is_published(world, library):
    for name in ("v", "w", "x"):
        library.volumes.create(volume(name))
    library.snapshots.create(snapshot())
    library.connections.publish(connection("x"))
    for verb, act in (
        ("delete", lambda: library.volumes.delete("w")),
        ("delete_snapshot", lambda: library.snapshots.delete("s")),
        ("extend", lambda: library.volumes.extend("v", size(3))),
    ):
        world.driver.fail(verb, RuntimeError("a bug"))
        with pytest.raises(BackendUnavailable):
            act()
    library.close()
    again = world.process("a")
    again.recovery.run("fake")
    assert [(one.id, one.size_gib) for one in world.volumes()] == [("v", 3), ("x", 1)]
    assert not world.snapshots()
    assert ("ensure_export", world.volume("x").cinder_id) in world.driver.calls
    assert not world.disagreements()


def test_recovery_leaves_a_creation_to_whoever_asked_for_it(world, library):
    world.driver.fail("create", RuntimeError("a bug"), after=True)
    with pytest.raises(BackendUnavailable):
        library.volumes.create(volume())
    library.close()
    again = world.process("a")
    again.recovery.run("fake")
    assert world.volume().status is Status.CREATING
    with pytest.raises(NotFound):
        again.volumes.get("v")
    again.volumes.delete("v")
    assert not world.driver.volumes


def test_what_recovery_could_not_do_is_tried_again(world, library):
    library.volumes.create(volume())
    world.driver.fail("delete", RuntimeError("a bug"), times=2)
    with pytest.raises(BackendUnavailable):
        library.volumes.delete("v")
    library.recovery.run("fake")
    assert len(library.leftovers) == 1
    mend(library)
    assert not world.volumes()
    assert len(library.leftovers) == 0


def test_recovery_that_the_store_cut_short_is_tried_again(world, library):
    library.volumes.create(volume())
    library.volumes.create(volume("w"))
    world.driver.fail("delete", RuntimeError("a bug"))
    with pytest.raises(BackendUnavailable):
        library.volumes.delete("v")
    life = Life()
    late = world.process("b", life=life)
    life.outage = StoreUnavailable("the server has gone")
    late.recovery.run("fake")
    life.outage = None
    mend(late)
    assert [one.id for one in world.volumes()] == ["w"]


def test_recovery_renews_an_export_when_the_back_end_is_up_again(world, library):
    library.volumes.create(volume())
    library.connections.publish(connection())
    library.close()
    world.driver.fail("ensure_export", BackendUnavailable("no route"))
    again = world.process("a")
    again.recovery.run("fake")
    assert asked_again(lambda: again.connections.publish(connection()))
    mend(again)
    assert [verb for verb, _ in world.driver.calls].count("ensure_export") == 2
    assert not world.disagreements()


def test_a_back_end_that_hangs_keeps_the_recovery_of_no_other(world):
    other = FakeDriver(name="other")
    before = world.process("a", more={"other": other})
    for backend, driver in (("fake", world.driver), ("other", other)):
        before.volumes.create(volume(backend, backend=backend))
        driver.fail("delete", RuntimeError("a bug"))
        with pytest.raises(BackendUnavailable):
            before.volumes.delete(backend)
    before.close()
    with world.driver.hold("delete") as held:
        world.process("a", more={"other": other}, whole=True)
        assert held.entered.wait(5)
        assert eventually(lambda: not other.volumes)
        assert world.driver.volumes
    assert eventually(lambda: not world.volumes())
