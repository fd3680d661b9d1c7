"""The unit behind a device becomes another volume while it is staged: whoever uses the device anew is refused."""

from pathlib import Path

import pytest

from cinderblock.errors import DeviceMismatch
from tests.node.conftest import MIB, leftovers

ONE, OTHER = "6001405" + "a" * 25, "6001405" + "b" * 25


@pytest.fixture
def swapped(lab):
    """A volume that is staged and published, and shows another one by now."""
    lab.volume()
    lab.host.identity = ONE
    lab.stage()
    (Path(lab.publish()) / "data").write_text("here")
    lab.host.identity = OTHER
    yield lab
    # It stayed where it was, for those who have it, and is as good as before once it is the volume again.
    lab.host.identity = ONE
    lab.stage()
    assert (Path(lab.publish()) / "data").read_text() == "here"
    lab.unpublish()
    lab.unstage()
    assert leftovers(lab.folder) == []


def test_it_is_not_staged_again(swapped):
    ran = len(swapped.runner.ran)
    with pytest.raises(DeviceMismatch, match=OTHER):
        swapped.stage()
    assert swapped.runner.ran[ran:] == []


def test_it_is_not_staged_again_when_the_journal_is_lost(swapped):
    swapped.lose_journal()
    with pytest.raises(DeviceMismatch, match="first staged here"):
        swapped.stage()
    assert swapped.journal_files() == []


@pytest.mark.parametrize("name", ["pod", "second"])
def test_it_is_not_published(swapped, name):
    with pytest.raises(DeviceMismatch, match=OTHER):
        swapped.publish(name=name)
    assert not Path(swapped.target("vol", "second")).exists()


def test_it_does_not_grow(swapped):
    with swapped.file("vol").open("ab") as file:
        file.truncate(800 * MIB)
    ran = len(swapped.runner.ran)
    with pytest.raises(DeviceMismatch, match=OTHER):
        swapped.expand(swapped.target("vol"), 800 * MIB)
    assert swapped.runner.ran[ran:] == []
