"""What is claimed is not taken away."""

import os
import subprocess

import pytest

from cinderblock.brick import claims, loop
from cinderblock.errors import InUse


@pytest.fixture
def device(tmp_path):
    file = tmp_path / "file"
    with file.open("wb") as new:
        new.truncate(16 * 2**20)
    attached = loop.attach(str(file))
    yield attached.path
    loop.detach(attached)


def test_what_nobody_claims_is_free(device):
    with open(device, "rb"):  # noqa: PTH123  # a device, held open as a pod would
        claims.require_free(device)


def test_what_is_claimed_is_not_free(device):
    descriptor = os.open(device, os.O_RDONLY | os.O_EXCL)
    try:
        with pytest.raises(InUse, match="mounted or claimed"):
            claims.require_free(device)
    finally:
        os.close(descriptor)


@pytest.mark.alone  # a namespace of mounts keeps what others unmount
def test_a_mount_that_only_another_namespace_sees_counts(device, tmp_path):
    subprocess.run(["mkfs.ext4", "-q", device], check=True)
    (tmp_path / "m").mkdir()
    script = f"mount {device} {tmp_path}/m && echo mounted && read line"
    with subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"mounted\n"
        assert not claims.is_free(device)
        other.communicate(b"\n")
    assert claims.is_free(device)


def test_what_is_gone_is_free(tmp_path):
    assert claims.is_free(str(tmp_path / "absent"))
