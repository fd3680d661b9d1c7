"""Back ends: their slots, their pools, and what happens while one is down."""

import threading

import pytest

from cinderblock import deadline
from cinderblock.backend import Backend, BackendOptions, Backends
from cinderblock.errors import BackendUnavailable, InvalidRequest, OperationPending, OutOfSpace
from tests.fakes.driver import FakeDriver
from tests.unit.library.world import connection, in_thread, snapshot, volume


@pytest.fixture
def other():
    return FakeDriver(name="other")


@pytest.fixture
def library(world, other):
    return world.process(workers=1, more={"other": other})


def test_a_back_end_that_hangs_leaves_the_others_alone(world, library, other):
    with world.driver.hold("create") as held:
        hung = in_thread(lambda: library.volumes.create(volume(backend="fake")))
        assert held.entered.wait(5)
        library.volumes.create(volume("w", backend="other"))
        library.snapshots.create(snapshot("s", "w"))
        library.connections.publish(connection("w"))
        with deadline.within(0.05), pytest.raises(OperationPending, match="all 1 driver calls of back end 'fake'"):
            library.volumes.create(volume("x", backend="fake"))
        assert world.volume("x") is None
    hung.result(5)
    library.volumes.create(volume("x", backend="fake"))


def test_a_call_waits_for_a_slot_as_long_as_its_caller_does(world, library):
    with world.driver.hold("create", most=1) as held:
        first = in_thread(lambda: library.volumes.create(volume(backend="fake")))
        assert held.entered.wait(5)
        second = in_thread(lambda: library.volumes.create(volume("w", backend="fake")))
    assert {first.result(5).id, second.result(5).id} == {"v", "w"}


def test_who_waited_in_vain_for_a_slot_has_time_left_to_be_told(world, library):
    with world.driver.hold("create") as held:
        hung = in_thread(lambda: library.volumes.create(volume(backend="fake")))
        assert held.entered.wait(5)
        with deadline.within(1):
            with pytest.raises(OperationPending, match="in work; ask again"):
                library.volumes.create(volume("w", backend="fake"))
            assert deadline.remaining_s()
    hung.result(5)


def test_asking_for_the_pools_counts_as_a_call_to_the_driver(world, library):
    with world.driver.hold("create") as held:
        hung = in_thread(lambda: library.volumes.create(volume(backend="fake", size_gib=1)))
        assert held.entered.wait(5)
        backend = library.backends.get("fake")
        assert backend.pools()[0].name == "fake"  # what was said a moment ago needs no driver
        fresh = library.backends.get("other").pools()
        assert fresh[0].name == "other"
    hung.result(5)


def test_a_volume_needs_the_name_of_a_back_end_where_there_are_several(library):
    with pytest.raises(InvalidRequest, match="must name one of: fake, other"):
        library.volumes.create(volume())
    with pytest.raises(InvalidRequest, match="no back end 'third'"):
        library.volumes.create(volume(backend="third"))


def test_a_copy_is_made_where_its_source_is(library):
    library.volumes.create(volume(backend="other"))
    assert library.volumes.create(volume("c", clone="v")).backend == "other"
    with pytest.raises(InvalidRequest, match="the source is on back end 'other'"):
        library.volumes.create(volume("d", clone="v", backend="fake"))


def test_what_is_left_on_another_back_end_is_removed_there_before_the_volume_is_made_here(world, library, other):
    other.fail("create", RuntimeError("a bug"), after=True)
    with pytest.raises(BackendUnavailable):
        library.volumes.create(volume(backend="other"))
    assert library.volumes.create(volume(backend="fake")).backend == "fake"
    assert not other.volumes
    assert len(world.driver.volumes) == 1


def test_an_object_of_a_back_end_that_is_not_configured_any_more_is_unavailable(world, library):
    library.volumes.create(volume(backend="other"))
    later = world.process("b")
    with pytest.raises(BackendUnavailable, match="'other' is not configured"):
        later.volumes.delete("v")


def failing(*errors):
    """Return how a back end starts that fails so often, and its driver."""
    left, driver = list(errors), FakeDriver()

    def start():
        if left:
            raise left.pop(0)
        return driver

    return Backend(BackendOptions(name="fake", host="cinderblock@fake"), start), driver


@pytest.mark.parametrize("error", [BackendUnavailable("no route"), RuntimeError("no route"), SystemExit("no route")])
def test_a_back_end_that_does_not_start_says_why_and_can_be_started_later(error):
    backend, _ = failing(error)
    assert not backend.start()
    assert backend.down_because == "no route"
    with pytest.raises(BackendUnavailable, match="no route"), backend.slot():
        pass
    assert backend.start()
    assert not backend.down_because


def test_a_back_end_that_hangs_when_it_is_tried_again_keeps_no_other_one_down():
    free, back = threading.Event(), threading.Event()

    def at_the_second_try(step):
        tries = iter([False, True])

        def start():
            if not next(tries):
                raise BackendUnavailable("no route")
            step()
            return FakeDriver()

        return start

    backends = Backends(
        [
            Backend(BackendOptions(name="stuck", host="h@stuck"), at_the_second_try(free.wait)),
            Backend(BackendOptions(name="back", host="h@back"), at_the_second_try(back.set)),
        ],
        patience_s=0.01,
        retry_s=0.01,
    )
    backends.start()
    assert back.wait(5)
    free.set()
    backends.close()


def test_a_driver_that_comes_up_after_the_close_is_closed_as_well():
    entered, free, driver = threading.Event(), threading.Event(), FakeDriver()

    def start():
        entered.set()
        assert free.wait(5)
        return driver

    backend = Backend(BackendOptions(name="slow", host="cinderblock@slow"), start)
    starting = in_thread(backend.start)
    assert entered.wait(5)
    Backends([backend]).close()
    free.set()
    assert starting.result(5) is False
    assert driver.closed
    assert backend.down_because == "it is closed"


def test_a_volume_is_not_made_where_it_cannot_be_reached():
    backend = Backend(BackendOptions(name="fake", host="h@fake", topology={"zone": "a"}), FakeDriver)
    backend.start()
    backend.check_reachable(())
    backend.check_reachable(({"zone": "b"}, {"zone": "a", "rack": "7"}))
    with pytest.raises(OutOfSpace, match="zone"):
        backend.check_reachable(({"zone": "b"},))


@pytest.mark.parametrize("error", [RuntimeError("a bug"), SystemExit(1)])
def test_pools_that_cannot_be_asked_for_are_unavailable_and_nothing_is_left(world, library, error):
    world.driver.fail("pools", error)
    with pytest.raises(BackendUnavailable):
        library.volumes.create(volume(backend="fake"))
    assert not world.volumes()
