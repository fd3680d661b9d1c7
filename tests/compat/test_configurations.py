"""A cinder.conf for cinderlib's programs: as options, as YAML, as a program."""

import os
import subprocess
import sys
from importlib.metadata import entry_points

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

import cinderblock
from cinderblock.compat import cinderlib
from cinderblock.compat.cinderlib import listing
from cinderblock.compat.cinderlib.cmd import cinder_cfg_to_python, cinder_to_yaml

CONF = """\
[DEFAULT]
enabled_backends = lvm, my-files
my_ip = 192.0.2.1

[lvm]
volume_driver = cinder.volume.drivers.lvm.LVMVolumeDriver
volume_backend_name = lvm
volume_group = fast
lvm_mirrors = 2
target_ip_address = $my_ip
target_secondary_ip_addresses = 192.0.2.2, 192.0.2.3
use_chap_auth = true
unheard_of = 1

[my-files]
volume_driver = cinderblock.cinder.local_files.LocalFilesDriver
local_files_path = {folder}
"""
LVM = {
    "volume_backend_name": "lvm",
    "volume_driver": "cinder.volume.drivers.lvm.LVMVolumeDriver",
    "volume_group": "fast",
    "lvm_mirrors": 2,
    "target_ip_address": "192.0.2.1",
    "target_secondary_ip_addresses": ["192.0.2.2", "192.0.2.3"],
    "use_chap_auth": True,
}


@pytest.fixture
def conf(tmp_path):
    path = tmp_path / "cinder.conf"
    path.write_text(CONF.format(folder=tmp_path / "files"))
    return path


def test_options_have_the_types_that_the_drivers_say(conf, tmp_path):
    found = cinder_to_yaml.convert(str(conf), str(tmp_path / "out.yaml"))
    lvm, files = found["backends"]
    assert lvm == LVM
    assert files["local_files_path"] == str(tmp_path / "files")
    assert yaml.safe_load((tmp_path / "out.yaml").read_text()) == found


def test_a_file_that_is_not_there_or_has_a_wrong_value_is_refused(conf, tmp_path):
    with pytest.raises(cinderblock.ConfigurationError, match="cannot be read"):
        cinder_to_yaml.convert(str(tmp_path / "nothing.conf"))
    conf.write_text(conf.read_text().replace("lvm_mirrors = 2", "lvm_mirrors = two"))
    with pytest.raises(cinderblock.ConfigurationError, match=r"section \[lvm\].*lvm_mirrors"):
        cinder_to_yaml.convert(str(conf))


def test_the_program_that_is_written_opens_the_back_ends(lab, conf, tmp_path):
    conf.write_text(conf.read_text().replace("lvm, my-files", "my-files"))
    cinder_cfg_to_python.convert(str(conf), str(tmp_path / "program.py"))
    lab.set_up()
    names: dict[str, object] = {}
    exec((tmp_path / "program.py").read_text(), names)  # noqa: S102 - what it is written for
    assert names["my_files"] is cinderlib.Backend.backends["my-files"]


def test_the_command_writes_the_program(conf, tmp_path):
    (point,) = entry_points(group="console_scripts", name="cinder-cfg-to-cinderlib-code")
    script = f"import sys\nfrom {point.module} import {point.attr}\nsys.exit({point.attr}())"
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, str(conf)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "lvm = cinderlib.Backend(volume_backend_name='lvm'" in ran.stdout
    assert "target_secondary_ip_addresses=['192.0.2.2', '192.0.2.3']" in ran.stdout


def test_the_three_persistences_are_found_by_the_names_that_cinderlib_gave_them():
    found = {point.name: point.load().__name__ for point in entry_points(group="cinderlib.persistence.storage")}
    assert found == {"memory": "MemoryPersistence", "db": "DBPersistence", "memory_db": "MemoryDBPersistence"}


def test_drivers_are_listed_in_both_versions():
    with pytest.raises(ValueError, match="output_version 3"):
        listing.supported_drivers(3)
    (one, two) = (listing.supported_drivers(version)["RBDDriver"] for version in (1, 2))
    assert one["class_fqn"] == "cinder.volume.drivers.rbd.RBDDriver"
    keyring = [
        [option for option in found["driver_options"] if option["dest"] == "rbd_keyring_conf"] for found in (one, two)
    ]
    assert [[option["deprecated_for_removal"] for option in options] for options in keyring] == [["False"], [False]]
    assert type(keyring[1][0]["type"]["type_class"]).__name__ == "String"
