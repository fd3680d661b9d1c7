"""A state folder that is damaged, foreign, full or read-only: said in words, and what is mounted stays mounted."""

import base64
import os
import shutil
import sqlite3
import subprocess
from types import SimpleNamespace

import grpc
import pytest

from cinderblock.units import GIB
from tests.ready.driver import DriverProcess
from tests.robustness.failing_start import refused
from tests.robustness.witness import mounted_below, swept
from tests.system.pods import Pod

pytestmark = pytest.mark.slow

Code = grpc.StatusCode


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """A driver that was used and has stopped; its volume is still mounted."""
    folder = tmp_path_factory.mktemp("used")
    process = DriverProcess(folder)
    client = process.start()
    pod = Pod(client, folder / "pod", client.create("volume", GIB).volume_id).start()
    checksum = pod.write()
    client.close()
    assert process.stop() == 0
    yield SimpleNamespace(folder=folder, process=process, pod=pod, checksum=checksum, state=process.state_dir)
    try:
        check(process, pod, checksum)
    finally:
        process.end()
        assert swept(folder) == []


def check(process, pod, checksum):
    """Prove that the volume is there, and take it away."""
    pod.client = process.start()
    assert [volume.volume_id for volume in pod.client.volumes()] == [pod.volume_id]
    pod.start()
    assert pod.checksum() == checksum
    pod.stop()
    pod.client.close()


@pytest.fixture
def kept(used):
    """The same, as it was before each test; the volume must be mounted and unharmed after it."""
    copy = used.folder / "copy"
    copy.mkdir()
    names = [path.name for path in used.state.iterdir() if path.is_file()]
    for name in names:
        shutil.copy2(used.state / name, copy / name)
    yield used
    assert used.pod.checksum() == used.checksum
    for path in used.state.iterdir():
        if path.is_file():
            path.unlink()
    for name in names:
        shutil.copy2(copy / name, used.state / name)
    shutil.rmtree(copy)


def truncated(file):
    os.truncate(file, file.stat().st_size // 2 + 100)


def without_its_end(file):
    os.truncate(file, file.stat().st_size - 4096)


def with_a_garbled_page(file):
    with file.open("r+b") as stream:
        stream.seek(4096)
        stream.write(os.urandom(4096))


def of_another_program(file):
    file.unlink()
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()


def newer(file):
    with sqlite3.connect(file) as ours:
        (table,) = [
            name for (name,) in ours.execute("SELECT name FROM sqlite_master WHERE type = 'table'") if "version" in name
        ]
        ours.execute(f"UPDATE {table} SET version_num = '9999'")  # noqa: S608  # a name from the database itself
    ours.close()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (truncated, "restore it"),
        (without_its_end, "restore it"),
        (with_a_garbled_page, "restore it"),
        (lambda file: file.write_bytes(os.urandom(8192)), "restore it"),
        (lambda file: file.write_bytes(b""), "restore"),
        (lambda file: file.unlink(), "restore"),
        (of_another_program, "another program"),
        (newer, "newer version"),
    ],
    ids=["truncated", "without its end", "garbled", "garbage", "empty", "gone", "another program's", "newer"],
)
def test_a_database_that_is_not_ours_any_more_is_refused_and_left_alone(kept, damage, words):
    file = kept.state / "cinderblock.db"
    damage(file)
    before = file.read_bytes() if file.exists() else None
    said = refused(kept.folder)
    assert "cinderblock.db" in said
    assert words in said
    assert (file.read_bytes() if file.exists() else None) == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no key"),
        (os.urandom(64), "line 1"),
        (b"c2hvcnQ=\n", "32 bytes"),
        (None, "restore the key file"),
    ],
    ids=["empty", "garbage", "short", "gone"],
)
def test_a_key_file_that_is_none_is_refused_and_left_alone(kept, content, words):
    file = kept.state / "key"
    file.unlink() if content is None else file.write_bytes(content)
    said = refused(kept.folder)
    assert words in said
    assert str(file) in said
    assert (file.read_bytes() if file.exists() else None) == content


@pytest.mark.parametrize("content", [b"", os.urandom(32), b"a\nb\n"], ids=["empty", "garbage", "two lines"])
def test_an_owner_that_is_none_is_refused(kept, content):
    (kept.state / "owner").write_bytes(content)
    said = refused(kept.folder)
    assert "owner" in said
    assert "remove" in said


def test_with_another_key_what_needs_no_secret_goes_on(kept):
    (kept.state / "key").write_bytes(base64.b64encode(os.urandom(32)) + b"\n")
    pod = kept.pod
    with pod_of_a_new_process(kept):
        code, said = failure(pod.publish)
        assert (code, "was sealed with key" in said, "add the old key" in said) == (Code.UNAVAILABLE, True, True)
        pod.client.unmount(pod.volume_id, pod.target)
        pod.client.unstage(pod.volume_id, pod.staging)
        assert mounted_below(kept.folder) == []
    shutil.copy2(kept.folder / "copy/key", kept.state / "key")
    with pod_of_a_new_process(kept):
        pod.start()


def test_a_state_folder_that_cannot_be_written_is_refused(kept):
    subprocess.run(["mount", "--bind", kept.state, kept.state], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", kept.state], check=True)
        said = refused(kept.folder)
        assert "Read-only file system" in said
        assert str(kept.state) in said
    finally:
        subprocess.run(["umount", kept.state], check=True)


class pod_of_a_new_process:  # noqa: N801  # reads as what it is in a `with`
    """The pod talks to a process of its own for as long as the block runs."""

    def __init__(self, used):
        self.used = used

    def __enter__(self):
        self.used.pod.client = self.used.process.start()

    def __exit__(self, *_):
        self.used.pod.client.close()
        self.used.process.end()


def failure(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), str(caught.value.details())
