"""The driver that garbage is thrown at: one for all of it."""

import pytest

from tests.robustness.witness import swept
from tests.robustness.world import World


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("garbage")
    world = World(folder)
    yield world
    try:
        world.end()
    finally:
        assert swept(folder) == []
