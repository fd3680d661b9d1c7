"""What is missing, unknown or unfinished by the records, beside an array that lists only what it pleases."""

from dataclasses import replace

import pytest

from cinderblock import inventory
from cinderblock.errors import NotFound
from persistence.records import Status
from tests.unit.library.world import INDEPENDENT, World, volume

LISTING = replace(INDEPENDENT, list_manageable=True)


@pytest.fixture
def world():
    """An array that lists nothing of ours, but finds it by its name."""
    world = World(abilities=LISTING)
    yield world
    world.close()


def found(library):
    taken = inventory.take(library, "fake")
    return [one.name for one in taken.missing], [one.reference["source-name"] for one in taken.unknown]


def lose(world, name):
    del world.driver.volumes[world.volume(name).cinder_id]


def test_what_is_not_listed_but_found_by_its_name_is_not_missing(world, library):
    for name in ("v", "w"):
        library.volumes.create(volume(name))
    assert found(library) == ([], [])
    lose(world, "w")
    assert found(library) == (["w"], [])


def test_what_nobody_knows_is_unknown(world, library):
    library.volumes.create(volume())
    world.add_foreign("disk")
    assert found(library) == ([], ["disk"])


class Meanwhile:
    """The array, on which something happens after it has listed what it has."""

    def __init__(self, driver, act):
        self._driver = driver
        self._act = act

    def __getattr__(self, name):
        return getattr(self._driver, name)

    def manageable_volumes(self, volumes):
        listed = self._driver.manageable_volumes(volumes)
        self._act()
        return listed


def test_what_changes_meanwhile_is_not_taken_for_wrong(world):
    library = world.process()
    for name in ("v", "w"):
        library.volumes.create(volume(name))
    lost = world.volume("w").cinder_id
    world.add_foreign(f"volume-{lost}")

    def delete():
        library.volumes.delete(volume("v").id)

    world.driver = Meanwhile(world.driver, delete)
    other = world.process("b")
    # One that was deleted after the records were read, and one that is listed under our own name for it.
    assert found(other) == ([], [])
    assert library.volumes.get(volume("w").id).cinder_id == lost
    with pytest.raises(NotFound):
        library.volumes.get(volume("v").id)


def test_what_is_half_made_is_unfinished_and_not_missing(world, library):
    made = library.volumes.create(volume())
    world.store.volumes.replace(replace(made, status=Status.CREATING))
    lose(world, "v")
    taken = inventory.take(library, "fake")
    assert ([one.id for one in taken.unfinished], list(taken.missing)) == ([made.id], [])
