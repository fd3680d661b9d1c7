"""The store or the driver fails at each call, before it takes effect or after it, and the process lives on.

Whatever is left must be free for another process at once, and after a final
answer there is nothing left of what was to be made.
"""

import pytest

from cinderblock.errors import BackendUnavailable, InUse, InvalidRequest, OperationPending, OutOfSpace
from persistence.errors import RecordChanged, StoreUnavailable, StoreUnusable
from tests.fakes.mortal import Life
from tests.unit.library.scenarios import SCENARIOS, points, prepared
from tests.unit.library.world import ASK_AGAIN, asked_again, mend, volume

STORE = (StoreUnavailable("no answer"), RecordChanged("somebody was faster"))
DRIVER = (
    RuntimeError("a vendor's bug"),
    BackendUnavailable("no answer"),
    OutOfSpace("full"),
    InUse("busy"),
    OperationPending("not now"),
    NotImplementedError("not by this one"),
    StoreUnavailable("the database behind the driver"),
)


def failures(scenario):
    for at, call, after in points(scenario):
        for error in STORE if call.startswith("store") else DRIVER:
            # Nothing was written when somebody else was faster.
            if not (after and isinstance(error, RecordChanged)):
                yield at, call, after, error


@pytest.mark.parametrize("error", [SystemExit(1), GeneratorExit(), OSError("a bug"), StoreUnusable("not ours")])
def test_whatever_a_driver_raises_is_no_final_answer(world, library, error):
    world.driver.fail("create", error, after=True)
    assert isinstance(outcome(lambda _: library.volumes.create(volume()), library), ASK_AGAIN)
    library.volumes.create(volume())
    assert not world.disagreements()


def outcome(act, library):
    """Return what the verb raised, or None."""
    try:
        act(library)
    except BaseException as error:  # noqa: BLE001 -- which errors may come out is what is tested
        return error
    return None


def is_known(error):
    return error is None or isinstance(error, (*ASK_AGAIN, OutOfSpace, InvalidRequest, InUse, NotImplementedError))


def left_of(world, scenario):
    """Return what there is of the object that the verb makes, in the records and on the array."""
    records = [one for one in (*world.volumes(), *world.snapshots()) if one.id == scenario.makes]
    groups = [group_id for group_id in world.groups() if group_id == scenario.makes]
    return records + groups + world.disagreements(at_rest=False)


@pytest.mark.parametrize("name", SCENARIOS)
def test_another_process_finishes_what_failed_and_a_final_answer_leaves_nothing(name):
    scenario = SCENARIOS[name]
    wrong = {}
    for at, call, after, error in failures(scenario):
        world = prepared(scenario)
        first = world.process("a", life=Life(at=at, after=after, error=error))
        raised = outcome(scenario.act, first)
        found = [] if is_known(raised) else [f"unclassified: {raised!r}"]
        if scenario.makes and raised is not None and not isinstance(raised, ASK_AGAIN):
            found += left_of(world, scenario)
        # The first one lives on, so its lease gives nothing away.
        mend(first)
        asked_again(lambda: scenario.act(world.process("b")))  # noqa: B023 -- called at once
        found += scenario.found_wrong(world)
        wrong[at, call, after, type(error).__name__] = found
        world.close()
    assert not {point: found for point, found in wrong.items() if found}


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_a_store_that_went_away_left_in_work_is_let_go_when_it_is_back(name):
    scenario = SCENARIOS[name]
    wrong = {}
    for at, call, after in points(scenario):
        world, life = prepared(scenario), Outage(at=at, after=after)
        first = world.process("a", life=life)
        outcome(scenario.act, first)
        life.outage = None
        mend(first)
        asked_again(lambda: scenario.act(world.process("b")))  # noqa: B023 -- called at once
        wrong[at, call, after] = scenario.found_wrong(world)
        world.close()
    assert not {point: found for point, found in wrong.items() if found}


class Outage(Life):
    """The store goes away at a call, and stays away."""

    def _end(self, name):
        self.outage = StoreUnavailable("the server has gone")
        raise self.outage


@pytest.mark.parametrize("refusal", [InUse("busy"), NotImplementedError("never"), InvalidRequest("what?")])
def test_a_creation_that_cannot_be_undone_has_no_final_answer(world, library, refusal):
    world.driver.fail("create", OutOfSpace("full"), after=True)
    world.driver.fail("delete", refusal)
    with pytest.raises(BackendUnavailable):
        library.volumes.create(volume())
    library.volumes.create(volume())
    assert not world.disagreements()
