"""What the verbs promise that take over what a back end has, and give it back."""

from dataclasses import replace

import pytest

from cinderblock.driver import Abilities
from cinderblock.errors import (
    AlreadyExists,
    BackendUnavailable,
    InUse,
    InvalidRequest,
    NotFound,
    OperationPending,
    OutOfRange,
)
from persistence.records import Source, SourceKind, Status
from tests.fakes.driver import FakeDriver
from tests.fakes.mortal import Killed, Life
from tests.unit.library.world import INDEPENDENT, World, in_thread, size, snapshot, volume

FOUND = {"source-name": "disk"}


@pytest.fixture(autouse=True)
def _foreign(world):
    world.add_foreign("disk", "other")


def test_what_is_taken_over_keeps_its_content_and_has_its_real_size(world, library):
    made = library.volumes.manage(volume(), FOUND)
    assert (made.size_gib, made.status, made.reference, made.wanted_reference) == (2, Status.AVAILABLE, FOUND, {})
    assert made.driver_data["provider_id"] == f"managed as {made.cinder_id}"
    assert world.content() == "disk"
    assert library.volumes.get("v") == made
    assert not world.disagreements()


def test_taking_over_again_is_the_same_volume_and_asks_the_driver_for_nothing(world, library):
    made = library.volumes.manage(volume(), FOUND)
    calls = list(world.driver.calls)
    assert library.volumes.manage(volume(), FOUND) == made
    assert world.driver.calls == calls


@pytest.mark.parametrize("reference", [{"source-name": "other"}, {"source-id": "disk"}])
def test_a_name_that_is_taken_is_not_used_for_something_else(world, library, reference):
    library.volumes.manage(volume(), FOUND)
    with pytest.raises(AlreadyExists, match="was taken over from"):
        library.volumes.manage(volume(), reference)
    library.volumes.create(volume("made"))
    with pytest.raises(AlreadyExists, match="was made"):
        library.volumes.manage(volume("made"), {"source-name": "other"})
    assert "other" in world.driver.foreign


def test_nothing_is_taken_over_twice(world, library):
    first = library.volumes.manage(volume(), FOUND)
    library.snapshots.create(snapshot())
    taken = world.snapshots()[0]
    world.add_foreign("disk")
    for reference in (FOUND, world.driver.reference(first), world.driver.reference(taken)):
        with pytest.raises(AlreadyExists, match=r"\((v|s)\) already"):
            library.volumes.manage(volume("w"), reference)
    assert [one.id for one in world.volumes()] == ["v"]
    assert not world.disagreements()


@pytest.mark.parametrize(
    ("wanted", "reference", "error", "words"),
    [
        (volume(), {"source-name": "nothing"}, InvalidRequest, "nothing"),
        (volume(), {}, InvalidRequest, "no ''"),
        (volume(backend="elsewhere"), FOUND, InvalidRequest, "no back end 'elsewhere'"),
        (volume(pool="shallow"), FOUND, InvalidRequest, "no pool 'shallow'"),
        (replace(volume(), size=size(3)), FOUND, OutOfRange, "2 GiB"),
        (replace(volume(), size=size(1, limit_gib=1)), FOUND, OutOfRange, "2 GiB"),
        (replace(volume(), source=Source(kind=SourceKind.VOLUME, id="w", cinder_id="")), FOUND, InvalidRequest, "made"),
    ],
)
def test_what_cannot_be_taken_over_is_refused_in_words_and_left_alone(world, library, wanted, reference, error, words):
    with pytest.raises(error, match=words):
        library.volumes.manage(wanted, reference)
    assert not world.volumes()
    assert set(world.driver.foreign) == {"disk", "other"}


def test_a_driver_that_cannot_says_so_at_once_or_when_it_is_called(world, library):
    unable = World(abilities=Abilities(multiattach=True))
    unable.add_foreign("disk")
    with pytest.raises(InvalidRequest, match="cannot take over volumes"):
        unable.process().volumes.manage(volume(), FOUND)
    unable.close()
    for verb in ("size_gib_of", "manage"):
        world.driver.fail(verb, NotImplementedError("not by this one"))
        with pytest.raises(InvalidRequest, match="more than its driver can: not by this one"):
            library.volumes.manage(volume(), FOUND)
    assert not world.volumes()


def test_a_volume_for_several_nodes_is_taken_over_only_where_that_is_possible(world, library):
    assert library.volumes.manage(volume(multiattach=True), FOUND).multiattach
    single = World(abilities=replace(INDEPENDENT, multiattach=False))
    single.add_foreign("disk")
    with pytest.raises(InvalidRequest, match="several nodes"):
        single.process().volumes.manage(volume(multiattach=True), FOUND)
    single.close()


def test_of_several_pools_one_must_be_named(world):
    class Pooled(FakeDriver):
        def pools(self):
            (pool,) = super().pools()
            return (pool, replace(pool, name="second"))

    pooled = Pooled(name="pooled", abilities=INDEPENDENT)
    pooled.foreign["disk"] = world.driver.foreign["disk"]
    library = world.process("b", more={"pooled": pooled})
    with pytest.raises(InvalidRequest, match=r"several pools.*pooled, second"):
        library.volumes.manage(volume(backend="pooled"), FOUND)
    made = library.volumes.manage(volume(backend="pooled", pool="second"), FOUND)
    assert made.host == "cinderblock@pooled#second"


def cut_off(world, call="driver.manage", *, after=True):
    """Let a process die at its call of the driver, with the thing renamed or not."""
    at = calls_of_manage(world).index(call) + 1
    life = Life(at=at, after=after)
    with pytest.raises(Killed):
        world.process("killed", life=life).volumes.manage(volume(), FOUND)
    world.kill("killed")
    world.outlive("killed")


def calls_of_manage(world):
    life, other = Life(), World()
    other.add_foreign("disk")
    other.process(life=life).volumes.manage(volume(), FOUND)
    other.close()
    return life.calls


@pytest.mark.parametrize("after", [False, True])
def test_what_was_half_taken_over_is_never_deleted(world, library, after):
    cut_off(world, after=after)
    with pytest.raises(InUse, match="repeat that, or unmanage"):
        library.volumes.delete("v")
    with pytest.raises(AlreadyExists, match="repeat that"):
        library.volumes.create(volume())
    with pytest.raises(NotFound):
        library.volumes.get("v")
    with pytest.raises(NotFound):
        library.volumes.look("v")
    assert "delete" not in [verb for verb, _ in world.driver.calls]
    library.volumes.manage(volume(), FOUND)
    assert world.content() == "disk"
    assert not world.disagreements()


@pytest.mark.parametrize("after", [False, True])
def test_what_was_half_taken_over_can_be_given_up(world, library, after):
    cut_off(world, after=after)
    library.volumes.unmanage("v")
    assert not world.volumes()
    assert sorted(disk.data[0] for disk in world.driver.foreign.values()) == [b"disk", b"other"]


def test_half_of_it_is_not_taken_for_something_else(world, library):
    cut_off(world)
    with pytest.raises(AlreadyExists, match="taken over from"):
        library.volumes.manage(volume(), {"source-name": "other"})


def test_what_has_gone_meanwhile_is_said_with_both_names_and_the_record_stays(world, library):
    cut_off(world)
    world.driver.volumes.clear()
    with pytest.raises(NotFound, match=r"neither .*disk.* nor .*volume-.*unmanage 'v'"):
        library.volumes.manage(volume(), FOUND)
    library.volumes.unmanage("v")
    assert not world.volumes()


def test_a_refusal_after_it_was_renamed_is_no_final_answer(world, library):
    world.driver.fail("manage", InvalidRequest("of another type"), after=True)
    with pytest.raises(BackendUnavailable, match="something is left"):
        library.volumes.manage(volume(), FOUND)
    library.volumes.manage(volume(), FOUND)
    assert world.content() == "disk"
    assert not world.disagreements()


def test_what_is_found_by_an_id_of_the_back_ends_is_found_by_that_again(world, library):
    class ById(FakeDriver):
        def _named(self, record, reference):
            if "source-id" not in reference:
                raise RuntimeError("an array's exception for a question that it does not understand")
            return super()._named(record, {"source-name": reference["source-id"]})

    array = ById(name="by-id", abilities=INDEPENDENT)
    array.foreign["7"] = world.driver.foreign["disk"]
    array.fail("manage", BackendUnavailable("no answer"))
    library = world.process("b", more={"by-id": array})
    with pytest.raises(BackendUnavailable):
        library.volumes.manage(volume(backend="by-id"), {"source-id": "7"})
    assert library.volumes.manage(volume(backend="by-id"), {"source-id": "7"}).size_gib == 2


def test_the_next_start_goes_on_with_what_was_cut_off(world):
    cut_off(world)
    library = world.process("b")
    library.recovery.run("fake")
    assert world.content() == "disk"
    world.driver.fail("unmanage", BackendUnavailable("no answer"))
    with pytest.raises(BackendUnavailable):
        library.volumes.unmanage("v")
    library.recovery.run("fake")
    assert not world.volumes()
    assert len(world.driver.foreign) == 2


@pytest.mark.parametrize("verb", ["manage", "unmanage"])
def test_what_is_in_work_is_left_alone_by_all_others(world, library, verb):
    if verb == "unmanage":
        library.volumes.manage(volume(), FOUND)
    acts = {
        "manage": lambda: library.volumes.manage(volume(), FOUND),
        "unmanage": lambda: library.volumes.unmanage("v"),
    }
    other = world.process("b")
    with world.driver.hold(verb) as held:
        working = in_thread(acts[verb])
        assert held.entered.wait(5)
        for act in (
            lambda: other.volumes.delete("v"),
            lambda: other.volumes.create(volume()),
            lambda: other.volumes.unmanage("v"),
            lambda: other.volumes.manage(volume(), FOUND),
        ):
            with pytest.raises(OperationPending):
                act()
        with pytest.raises(OperationPending if verb == "unmanage" else NotFound):
            other.snapshots.create(snapshot())
    working.result(5)
    assert not world.disagreements()
