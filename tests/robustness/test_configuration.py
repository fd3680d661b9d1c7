"""A configuration that is none: one line that says what is wrong, and no traceback."""

import os

import pytest

from tests.ready.process import cinderblock
from tests.robustness.failing_start import in_a_new_process, refused, serve

pytestmark = pytest.mark.slow

LOCAL = "cinderblock.cinder.local_files.LocalFilesDriver"
GOOD = f"[DEFAULT]\nenabled_backends = local\n[local]\nvolume_driver = {LOCAL}\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (os.urandom(400), "cinder.conf"),
        (b"\x7fELF\x02\x01\x01\x00\x00\x00", "cinder.conf"),
        (b"\xff\xfe[\x00D\x00", "UTF-8"),
        (b"hello, world\n", "line 1"),
        (b"", "enabled_backends"),
        (b"[DEFAULT]\n", "enabled_backends"),
        (b"[DEFAULT]\nenabled_backends =\n", "enabled_backends"),
        (b"[DEFAULT]\nenabled_backends = absent\n", "[absent]"),
        (b"[DEFAULT]\nenabled_backends = a/../b\n[a/../b]\nvolume_driver = x\n", "a/../b"),
        (b"[DEFAULT]\nenabled_backends = local\n[local]\n", "volume_driver"),
        (f"{GOOD}driver_workers = many\n".encode(), "driver_workers"),
        (f"{GOOD}driver_workers = -1\n".encode(), "driver_workers"),
        (f"{GOOD}[csi]\ndrain_s = soon\n".encode(), "drain_s"),
        (f"{GOOD}[csi]\nmax_volumes_per_node = 0\n".encode(), "max_volumes_per_node"),
        (f"{GOOD}[csi]\nlog_level = shout\n".encode(), "log_level"),
        (f"{GOOD}[csi]\ndriver_name = no name\n".encode(), "driver_name"),
        (f"{GOOD}[csi]\nnode_ids = a\n".encode(), "did you mean 'node_id'"),
        (f"{GOOD}[csi]\nkey_file = /absent/key\n".encode(), "/absent/key"),
        (f"{GOOD}[persistence]\nconnection = mongodb://localhost\n".encode(), "mongodb"),
        (f"{GOOD}[persistence]\nconnection = sqlite:////absent/store.db\n".encode(), "/absent"),
        (f"{GOOD}[persistence]\nconnection = no url\n".encode(), "sqlite:///PATH"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_told_in_one_line(tmp_path, content, words):
    config = tmp_path / "cinder.conf"
    config.write_bytes(content)
    assert words in refused(tmp_path, "--config", str(config))
    assert not (tmp_path / "csi.sock").exists()


def test_a_configuration_that_is_not_there_is_told(tmp_path):
    for run in (cinderblock, in_a_new_process):
        assert "absent.conf" in refused(tmp_path, "--config", str(tmp_path / "absent.conf"), run=run)
        assert str(tmp_path) in refused(tmp_path, "--config", str(tmp_path), run=run)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--node-id", "x" * 257), "256"),
        (("--node-id", "a\nb"), "printable"),
        (("--state-dir", "/proc/1/absent"), "/proc/1/absent"),
        (("--state-dir", "/dev/null"), "/dev/null"),
        (("--key-file", "/dev/null"), "no key"),
        (("--key-file", "/proc/self/cmdline"), "line 1"),
    ],
)
def test_arguments_that_cannot_be_used_are_told_in_one_line(tmp_path, arguments, words):
    assert words in refused(tmp_path, *arguments)


def test_an_endpoint_that_cannot_be_used_is_told(tmp_path):
    for endpoint in (
        "tcp://0.0.0.0:1",
        "unix://relative",
        f"unix://{tmp_path}/{'x' * 108}",
        f"unix://{tmp_path}/no/csi",
    ):
        code, said = serve(tmp_path, "--endpoint", endpoint)
        assert (code, len(said.splitlines())) == (1, 1), said
