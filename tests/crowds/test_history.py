"""The crowd's judge finds contradictions, and only those."""

import math

import pytest

from tests.crowds.calls import Code
from tests.crowds.history import Call, History


def call(begun, ended, **what):
    return Call(code=Code.OK, begun=begun, ended=ended, **what)


MADE = call(0, 1, makes=True, proves=True)
GONE = call(2, 3, removes=True, proves=False)
SEEN = call(4, 5, proves=True)
MISSED = call(4, 5, proves=False)


@pytest.mark.parametrize(
    ("calls", "contradictory"),
    [
        ((MADE, SEEN), False),
        ((MADE, MISSED), True),
        ((MADE, GONE, MISSED), False),
        ((MADE, GONE, SEEN), True),
        # Made again side by side with the look.
        ((MADE, GONE, call(4.5, 6, makes=True, proves=True), SEEN), False),
        # A removal that nobody waited for to the end.
        ((MADE, call(0, math.inf, removes=True), MISSED), False),
        # One that was begun only after the look.
        ((MADE, MISSED, call(6, 7, removes=True, proves=False)), True),
        # At the same time as the creation: either may have been first.
        ((MADE, call(0.5, 2, proves=False)), False),
    ],
)
def test_a_contradiction_is_an_answer_that_no_order_explains(calls, contradictory):
    history = History()
    for each in calls:
        history.add(each)
    assert bool(history.contradictions()) is contradictory
