"""Copies of sparse files: whole or not at all, and never of a file that changes meanwhile."""

import errno
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cinderblock.cinder import sparse
from tests.contract.drivers import mounted
from tests.unit.cinder.writing import writing_to

MIB = 1024**2


@pytest.fixture(scope="module")
def ext4(tmp_path_factory):
    """A file system that shares no blocks."""
    with mounted(tmp_path_factory.mktemp("ext4"), file_system="ext4", size_mib=200) as mount:
        yield mount


@pytest.fixture(scope="module")
def xfs(tmp_path_factory):
    """A file system that does."""
    with mounted(tmp_path_factory.mktemp("xfs"), file_system="xfs", size_mib=320) as mount:
        yield mount


def sparse_file(path, *, size_bytes=64 * MIB, pieces=12, seed=1):
    dice = random.Random(seed)
    with path.open("wb") as stream:
        stream.truncate(size_bytes)
        for _ in range(pieces):
            stream.seek(dice.randrange(size_bytes - 70000))
            stream.write(dice.randbytes(dice.randrange(1, 70000)))
    return path


def used_bytes(path):
    return path.stat().st_blocks * 512


@pytest.mark.parametrize("where", ["ext4", "xfs"])
@pytest.mark.parametrize("seed", range(3))
def test_a_copy_is_equal_and_keeps_the_holes(request, where, seed):
    folder = request.getfixturevalue(where)
    source, target = sparse_file(folder / "source", seed=seed), folder / f"target-{seed}"
    sparse.copy(source, target, size_bytes=0)
    assert target.read_bytes() == source.read_bytes()
    assert used_bytes(target) < 4 * MIB
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_copy_shares_its_blocks_where_the_file_system_can(xfs):
    source = xfs / "big"
    source.write_bytes(os.urandom(100 * MIB))
    for number in range(5):
        # Six times 100 MiB would not fit into 300.
        sparse.copy(source, xfs / f"copy-{number}", size_bytes=0)


def test_an_empty_file_and_one_of_holes_only_are_copied(ext4):
    for size_bytes in (0, 10 * MIB):
        source, target = ext4 / f"empty-{size_bytes}", ext4 / f"empty-copy-{size_bytes}"
        sparse.create(source, size_bytes=size_bytes)
        sparse.copy(source, target, size_bytes=0)
        assert (target.stat().st_size, used_bytes(target)) == (size_bytes, 0)


def test_a_file_that_is_there_is_never_replaced(ext4):
    source, target = sparse_file(ext4 / "one"), ext4 / "precious"
    target.write_text("mine")
    with pytest.raises(FileExistsError):
        sparse.copy(source, target, size_bytes=0)
    with pytest.raises(FileExistsError):
        sparse.create(target, size_bytes=MIB)
    assert target.read_text() == "mine"


def test_a_symbolic_link_is_never_followed(ext4):
    source = ext4 / "link"
    source.symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic links"):
        sparse.copy(source, ext4 / "copied-link", size_bytes=0)
    with pytest.raises(OSError, match="symbolic links"):
        sparse.extend(source, size_bytes=MIB)
    assert not (ext4 / "copied-link").exists()


@pytest.mark.alone
def test_a_file_that_is_written_to_all_the_time_is_refused_where_blocks_are_not_shared(memory):
    source, target = memory / "busy", memory / "busy-copy"
    source.write_bytes(os.urandom(48 * MIB))
    with writing_to(source), pytest.raises(sparse.SourceChanged):
        sparse.copy(source, target, size_bytes=0)
    assert not list(memory.glob("*busy-copy*"))
    sparse.copy(source, target, size_bytes=0)
    assert target.read_bytes() == source.read_bytes()


@pytest.mark.parametrize("seed", range(4))
def test_a_later_pass_makes_up_for_all_that_changed(ext4, seed):
    source, target = sparse_file(ext4 / "now", seed=seed), sparse_file(ext4 / "then", seed=seed + 1)
    with source.open("rb") as new, target.open("r+b", buffering=0) as old:
        sparse._catch_up(new.fileno(), old.fileno(), source.stat().st_size)  # noqa: SLF001 - needs luck to be met from outside
    assert target.read_bytes() == source.read_bytes()


@pytest.mark.alone
def test_a_file_that_is_written_to_is_copied_at_one_moment_where_blocks_are_shared(xfs):
    source, target = xfs / "counters", xfs / "counters-copy"
    source.write_bytes(bytes(MIB))
    with writing_to(source):
        sparse.copy(source, target, size_bytes=0)
    # The writer counts up in two places, the second one later: a copy of two moments has the second ahead.
    first, second = counters(target)
    assert first - second in (0, 1)


@pytest.mark.parametrize("what", ["create", "copy"])
def test_a_size_beyond_what_the_file_system_holds_leaves_nothing(ext4, what):
    beyond_bytes = 17 * 1024**4
    small = sparse_file(ext4 / "small")
    verbs = {
        "create": lambda: sparse.create(ext4 / "huge", size_bytes=beyond_bytes),
        "copy": lambda: sparse.copy(small, ext4 / "huge", size_bytes=beyond_bytes),
    }
    with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
        verbs[what]()
    assert not list(ext4.glob("*huge*"))


def test_what_a_killed_copy_leaves_is_removed_and_a_living_one_is_left_alone(ext4):
    living = "import sys,time; sys.path[:0] = sys.argv[2].split(':')\n"
    living += "from pathlib import Path; from cinderblock.cinder import sparse\n"
    living += "with sparse._appearing(Path(sys.argv[1])) as d: print('in work', flush=True); sys.stdin.read()\n"
    target = ext4 / "in-work"
    process = subprocess.Popen(
        [sys.executable, "-c", living, target, ":".join([str(Path.cwd()), *sys.path])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in work\n"
        sparse.remove_leftovers(ext4)
        assert (ext4 / ".in-work.partial").exists()
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    finally:
        process.kill()
        process.communicate()
    assert (ext4 / ".in-work.partial").exists()
    assert not target.exists()
    sparse.remove_leftovers(ext4)
    assert not list(ext4.glob("*in-work*"))


def test_a_leftover_does_not_stand_in_the_way(ext4):
    (ext4 / ".again.partial").write_bytes(b"old")
    sparse.create(ext4 / "again", size_bytes=MIB)
    assert (ext4 / "again").read_bytes() == bytes(MIB)
    assert not (ext4 / ".again.partial").exists()


def test_a_file_never_becomes_shorter(ext4):
    path = sparse_file(ext4 / "long", size_bytes=4 * MIB)
    before = path.read_bytes()
    sparse.extend(path, size_bytes=MIB)
    assert path.read_bytes() == before
    sparse.extend(path, size_bytes=5 * MIB)
    assert path.read_bytes() == before + bytes(MIB)


def test_a_limit_of_the_process_is_no_half_made_file(ext4):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, hard))
    try:
        with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
            sparse.copy(sparse_file(ext4 / "limited", size_bytes=MIB // 2), ext4 / "unlimited", size_bytes=8 * MIB)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert not list(ext4.glob("*unlimited*"))


def counters(path):
    data = path.read_bytes()
    return int.from_bytes(data[:8], "big"), int.from_bytes(data[-8:], "big")


def test_a_write_within_the_same_tick_of_the_kernel_s_clock_is_seen(ext4):
    source, target = ext4 / "ticking", ext4 / "ticking-copy"
    source.write_bytes(bytes(MIB))
    began = time.monotonic()
    sparse.copy(source, target, size_bytes=0)
    # Written to just before, so the copy waited until a later write could not have the same time stamp.
    assert time.monotonic() - began >= 0.03
