"""Cinder's NFS driver, cut off between any two of its commands: the same call again makes it good."""

import os
from functools import partial

import pytest

from tests.unit.nfs.share import cut_off

pytestmark = pytest.mark.slow

SOAK = "SOAK_SECONDS" in os.environ


def prepare(share, name="v"):
    """Make a volume whose three snapshots, and itself, each have another content."""
    share.create(name)
    for number in (1, 2, 3):
        share.write(name, number, at_mib=number)
        share.write(name, 10 + number)
        share.snapshot(f"{name}-{number}", name)
    share.write(name, 9)


def check(share, name="v", snapshots=(1, 2, 3)):
    """Compare a volume and its snapshots with what was written."""
    assert share.has_all(name, {0: 9, 1: 1, 2: 2, 3: 3})
    for number in snapshots:
        later = {} if number == 3 else {number + 1: 0}
        assert share.snapshot_has_all(f"{name}-{number}", {0: 10 + number, number: number, **later})


#: Verbs that make something, what it has then, and how it is removed.
MAKERS = {
    "create": (lambda share: share.create("n"), lambda share: share.has("n", 0), lambda share: share.delete("n")),
    "restore": (
        lambda share: share.create("n", snapshot="v-2", size_gib=2),
        lambda share: share.has("n", 12),
        lambda share: share.delete("n"),
    ),
    "clone": (
        lambda share: share.create("n", clone="v"),
        lambda share: share.has("n", 9),
        lambda share: share.delete("n"),
    ),
    "take": (
        lambda share: share.snapshot("v-4", "v"),
        lambda share: share.snapshot_has("v-4", 9),
        lambda share: share.delete_snapshot("v-4"),
    ),
}


@pytest.mark.parametrize("verb", MAKERS)
def test_a_creation_that_was_cut_off_is_finished_or_given_up(share, verb):
    make, is_right, remove = MAKERS[verb]
    prepare(share)
    before, after = share.names(), 0
    while cut_off(partial(make, share), after):
        # One after the other, and the other way about where there is time.
        if SOAK or after % 2:
            remove(share)
            assert share.names() == before
            cut_off(partial(make, share), after)
        if SOAK or not after % 2:
            make(share)
            assert is_right(share)
            remove(share)
            assert share.names() == before
        after += 1
    assert after >= 2
    check(share)


def test_the_first_one_that_was_cut_off_is_taken_or_given_up(share):
    after, cut = 0, True
    while cut:
        share.create("v")
        share.write("v", 7)
        cut = cut_off(partial(share.snapshot, "s", "v"), after)
        assert share.extend("v", 2).size_gib == 2
        if after % 2:
            share.delete_snapshot("s")
            assert share.has("v", 7)
        share.snapshot("s", "v")
        assert share.snapshot_has("s", 7)
        share.delete_snapshot("s")
        assert share.has("v", 7)
        share.delete("v")
        assert share.names() == set()
        after += 1
    assert after >= 6


def test_a_deletion_that_was_cut_off_is_finished(share):
    after, cut = 0, True
    while cut:
        prepare(share)
        cut, left = False, {1, 2, 3}
        # In the middle of the chain, at its end, and the only one.
        for number in (2, 3, 1):
            remove = partial(share.delete_snapshot, f"v-{number}")
            cut |= cut_off(remove, after)
            remove()
            left -= {number}
            check(share, snapshots=left)
        assert share.file("v")[1] == "raw"
        share.delete("v")
        assert share.names() == set()
        after += 1
    assert after >= 4


def test_an_extension_that_was_cut_off_is_finished(share):
    prepare(share)
    after = 0
    while cut_off(partial(share.extend, "v", after + 2), after):
        assert share.extend("v", after + 2).size_gib == after + 2
        after += 1
    assert after >= 1
    check(share)
