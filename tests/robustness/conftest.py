"""The driver that garbage is thrown at: one for all of it."""

import pytest

from tests.robustness.world import World


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("garbage"))
    yield world
    world.end()
