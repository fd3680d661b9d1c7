"""The world that the library's tests begin in: empty, with one process."""

import pytest

from tests.unit.library.world import DEPENDENT, INDEPENDENT, World


@pytest.fixture
def world():
    """An array whose snapshots outlive their volumes."""
    world = World(abilities=INDEPENDENT)
    yield world
    world.close()


@pytest.fixture
def dependent():
    """An array on which a volume cannot go before its snapshots."""
    world = World(abilities=DEPENDENT)
    yield world
    world.close()


@pytest.fixture
def library(world):
    return world.process()
