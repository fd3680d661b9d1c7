"""A cinder.conf as a configuration, and what is said of one that is none."""

import pytest

from cinderblock.config import BackendConfiguration, read
from cinderblock.errors import ConfigurationError

LIVE = """
[DEFAULT]
enabled_backends = lvm, san
host = controller
debug = true
[database]
connection = mysql+pymysql://cinder:secret@db/cinder
[backend_defaults]
driver_workers = 3
backend_host = shared
[lvm]
volume_driver = cinder.volume.drivers.lvm.LVMVolumeDriver
volume_group = vg
lvm_type=thin
[san]
volume_driver: vendor.Driver
backend_host = san-host
driver_workers = 1
topology = zone:a, rack:7
replication_device = target:1
replication_device = target:2
long = first
    second
"""


def write(folder, text):
    file = folder / "cinder.conf"
    file.write_text(text, encoding="utf-8")
    return file


def refused(folder, text):
    with pytest.raises(ConfigurationError) as caught:
        read(write(folder, text), state_dir=folder)
    return str(caught.value)


def test_a_live_cinder_conf_is_a_configuration(tmp_path):
    configuration = read(write(tmp_path, LIVE), state_dir=tmp_path)
    assert (configuration.host, configuration.file) == ("controller", tmp_path / "cinder.conf")
    lvm, san = configuration.backends
    assert lvm == BackendConfiguration(
        name="lvm",
        volume_driver="cinder.volume.drivers.lvm.LVMVolumeDriver",
        backend_host="shared",
        driver_workers=3,
        options={
            "volume_driver": "cinder.volume.drivers.lvm.LVMVolumeDriver",
            "volume_group": "vg",
            "lvm_type": "thin",
        },
    )
    assert (san.backend_host, san.driver_workers, san.topology) == ("san-host", 1, {"zone": "a", "rack": "7"})
    assert san.options["replication_device"] == "target:2"
    assert san.options["long"] == "first\nsecond"


def test_the_host_is_never_a_machine_s_name(tmp_path):
    text = "[DEFAULT]\nenabled_backends = a\n[a]\nvolume_driver = x.Y"
    configuration = read(write(tmp_path, text), state_dir=tmp_path)
    assert configuration.host == configuration.backends[0].backend_host == "cinderblock"
    assert configuration.backends[0].driver_workers == 8


def test_without_a_file_local_files_are_served_from_the_state_folder(tmp_path):
    configuration = read(None, state_dir=tmp_path)
    (local,) = configuration.backends
    assert local.name == "local"
    assert local.volume_driver == "cinderblock.cinder.local_files.LocalFilesDriver"
    assert local.options["local_files_path"] == str(tmp_path / "volumes")
    assert configuration.file == tmp_path / "embedded.conf"
    assert configuration.file.stat().st_mode & 0o777 == 0o600
    assert read(None, state_dir=tmp_path) == configuration


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[DEFAULT]\n[lvm]\nvolume_driver = x.Y", "enabled_backends is not set.*such as 'enabled_backends = lvm'"),
        ("", "enabled_backends is not set"),
        ("[DEFAULT]\nenabled_backends =\n", "enabled_backends is not set"),
        (
            "[DEFAULT]\nenabled_backends = lvm1\n[lvm]\nvolume_driver = x.Y",
            r"no section \[lvm1\], did you mean 'lvm'\?",
        ),
        ("[DEFAULT]\nenabled_backends = a\n[a]\nvolume_group = vg", r"section \[a\]: volume_driver is not set"),
        ("[DEFAULT]\nenabled_backends = a, a\n[a]\nvolume_driver = x.Y", "names 'a' twice"),
        ("[DEFAULT]\nenabled_backends = backend_defaults\n[backend_defaults]\nx = 1", "cannot be a back end's name"),
        ("[DEFAULT]\nenabled_backends = a#b\n[a#b]\nvolume_driver = x.Y", "cannot be a back end's name"),
        ("[DEFAULT]\nenabled_backends = a\n[a\nvolume_driver = x.Y", "line 3: Invalid section"),
        ("[DEFAULT]\nenabled_backends = a\n[a]\nsan_password", "line 4: No ':' or '=' found in assignment"),
        ("enabled_backends = a\n", "line 1: "),
        ("[DEFAULT]\nenabled_backends = a\n[a]\nvolume_driver = x.Y\ndriver_workers = many", "driver_workers"),
        ("[DEFAULT]\nenabled_backends = a\n[a]\nvolume_driver = x.Y\ndriver_workers = 0", "driver_workers"),
        ("[DEFAULT]\nenabled_backends = a\n[a]\nvolume_driver = x.Y\ntopology = zone", "topology"),
    ],
)
def test_what_is_wrong_is_said_in_words(tmp_path, text, words):
    import re

    said = refused(tmp_path, text)
    assert re.search(words, said), said
    assert "cinder.conf" in said


def test_a_parse_error_does_not_show_the_line_which_may_be_a_password(tmp_path):
    assert "hunter22" not in refused(tmp_path, "[DEFAULT]\nenabled_backends = a\n[a]\nhunter22")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"missing\.conf cannot be read: No such file"):
        read(tmp_path / "missing.conf", state_dir=tmp_path)
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        read(tmp_path, state_dir=tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="no text in UTF-8"):
        read(tmp_path / "binary", state_dir=tmp_path)
    with pytest.raises(ConfigurationError, match=r"state folder .* cannot be used"):
        read(None, state_dir=tmp_path / "absent")
