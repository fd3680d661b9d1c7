"""The list of all drivers, made in a process of its own as the command makes it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import dataclasses, json
from cinderblock.cinder.listing import list_drivers
print(json.dumps([dataclasses.asdict(driver) for driver in list_drivers()]))
"""


@pytest.fixture(scope="module")
def drivers():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])},
    )
    assert not done.stderr
    return json.loads(done.stdout)


def test_all_of_cinder_s_drivers_are_listed_once(drivers):
    paths = [driver["class_path"] for driver in drivers]
    assert len(paths) == len(set(paths)) == 103
    assert paths == sorted(paths)
    assert sum(driver["supported"] for driver in drivers) == 92
    assert not [driver["class_path"] for driver in drivers if driver["missing"]]


def test_a_driver_says_what_it_is_and_what_it_can_be_told(drivers):
    (lvm,) = (driver for driver in drivers if driver["name"] == "LVMVolumeDriver")
    assert lvm["class_path"] == "cinder.volume.drivers.lvm.LVMVolumeDriver"
    assert lvm["supported"]
    assert lvm["ci_wiki_name"] == "Cinder_Jenkins"
    assert lvm["description"]
    (group,) = (option for option in lvm["options"] if option["name"] == "volume_group")
    assert group["default"] == "cinder-volumes"
    assert group["help"]


def test_drivers_in_folders_that_are_no_packages_are_listed_too(drivers):
    assert "cinder.volume.drivers.kioxia.kumoscale.KumoScaleBaseVolumeDriver" in {one["class_path"] for one in drivers}


def test_names_come_from_the_sources_with_nothing_imported():
    script = (
        "import sys\nfrom cinderblock.cinder.listing import class_names\n"
        "assert 'cinder.volume.drivers.rbd.RBDDriver' in class_names()\n"
        "assert 'cinder.volume' not in sys.modules and 'eventlet' not in sys.modules\n"
    )
    subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])},
    )
