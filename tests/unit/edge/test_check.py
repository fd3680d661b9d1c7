"""`cinderblock check` with a driver that mounts shares: what lies on a share is the data of everybody."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def check(config, folder):
    return subprocess.run(
        [sys.executable, "-m", "csi.cli", "check", "--config", str(config)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "TMPDIR": str(folder)},
    )


@pytest.fixture
def share(tmp_path):
    folder = tmp_path / "share"
    folder.mkdir()
    (folder / "volume-1").write_text("data")
    return folder


@pytest.fixture
def config(tmp_path, share):
    def write(*, busy):
        file = tmp_path / "cinder.conf"
        file.write_text(
            "[DEFAULT]\nenabled_backends = shared\n"
            "[shared]\nvolume_driver = tests.fakes.mounting.MountingDriver\n"
            f"local_files_path = {tmp_path}/volumes\nshare_path = {share}\nshare_busy = {busy}\n"
        )
        return file

    return write


@pytest.fixture
def temporary(tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    yield folder
    for left in folder.glob("*/mnt"):
        subprocess.run(["umount", left], check=True)


def test_a_share_that_a_driver_mounts_keeps_its_files(config, share, temporary):
    ended = check(config(busy=False), temporary)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (share / "volume-1").read_text() == "data"
    assert list(temporary.iterdir()) == []


def test_a_share_that_cannot_be_unmounted_keeps_its_files_and_is_named(config, share, temporary):
    ended = check(config(busy=True), temporary)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (share / "volume-1").read_text() == "data"
    (left,) = temporary.iterdir()
    assert f"{left}/mnt" in ended.stdout
