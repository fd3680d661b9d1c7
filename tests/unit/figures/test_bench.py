"""The measuring itself: on tiny numbers, and without asking whether they are good."""

import pytest

from tests.bench import __main__ as bench
from tests.bench import calls, footprint, listing, servers
from tests.bench.figures import Figure, parse, table
from tests.bench.timing import alternating, side_by_side


def figure(**changes):
    return Figure(**{"what": "a call", "value": 1.5, "unit": "ms", "aim": 2, "how": "once", **changes})


@pytest.mark.parametrize(
    ("value", "at_least", "met"), [(1.9, False, True), (2.1, False, False), (1.9, True, False), (2, True, True)]
)
def test_a_figure_knows_on_which_side_of_its_aim_it_is(value, at_least, met):
    assert figure(value=value, at_least=at_least).met is met


def test_a_table_can_be_read_again():
    figures = [figure(), figure(what="another", value=512, unit="per s", aim=500, at_least=True, how="")]
    assert parse(f"# Some page\n\nwords\n\n{table(figures)}\nmore words\n") == figures


def test_the_page_that_was_written_last_can_be_read():
    figures = parse(bench.DOCUMENT.read_text(encoding="utf-8"))
    assert len({one.what for one in figures}) == len(figures) >= len(bench.PARTS)


def test_the_machine_is_described_in_one_line_without_its_name():
    assert "\n" not in bench.machine()
    assert "cores" in bench.machine()


def test_what_is_compared_has_its_turns_one_after_the_other():
    turns = []
    actions = {"a": lambda: turns.append("a"), "b": lambda: turns.append("b")}
    medians = alternating(actions, rounds=2, warm_up=2)
    assert turns == ["a", "b", "b", "a", "a", "b", "b", "a"]
    assert medians.keys() == actions.keys()


def test_calls_side_by_side_have_a_number_each():
    numbers: list[int] = []
    assert side_by_side([numbers.append] * 4, calls=100) > 0
    assert sorted(numbers) == list(range(100))


def test_an_action_that_fails_ends_the_measuring():
    def fail(number):
        raise RuntimeError(f"call {number}")

    with pytest.raises(RuntimeError, match="call"):
        side_by_side([fail], calls=3)


def test_calls_are_measured(tmp_path):
    assert calls.probe(tmp_path, rounds=10).value > 0
    assert [one.unit for one in calls.create(tmp_path, rounds=5, together=20)] == ["ms", "per s"]


def test_pages_are_measured(tmp_path):
    assert listing.page(tmp_path, few=210, many=300, rounds=2).value > 0


def test_a_start_is_measured(tmp_path):
    assert footprint.start(tmp_path, rounds=1).value > 0


def test_calls_over_a_database_s_server_are_measured(tmp_path):
    told = servers.creates(tmp_path, rounds=2, together=8, kinds=["PostgreSQL"])
    assert [one.what.rpartition(" ")[2] for one in told] == ["PostgreSQL"] * 2
    assert all(one.value > 0 for one in told)
