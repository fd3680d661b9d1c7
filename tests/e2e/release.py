"""What the chart is installed with: its values, and the images that it names."""

import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # has no types of its own

from tests.e2e import images
from tests.e2e.machine import LOCAL, ROOT, SHARED, STORAGE, cluster_program
from tests.e2e.parts import NODE, Containerd

NAME = "cinderblock.io"
CHART = ROOT / "deploy" / "helm" / "cinderblock"
#: Not there before somebody makes it.
AWAY = LOCAL / "away"
_BORROWED = "localhost/cinderblock:lab"
#: Where an image has the driver; one that borrows has this checkout and its virtual environment there.
HOME = "/opt/cinderblock"
_SIDECARS = ("provisioner", "attacher", "resizer", "snapshotter")
_CONFIGURATION = f"""\
[DEFAULT]
enabled_backends = local, shared, away
[backend_defaults]
volume_driver = cinderblock.cinder.local_files.LocalFilesDriver
[local]
local_files_path = {LOCAL}/volumes
topology = topology.{NAME}/node:{NODE}
[shared]
local_files_path = {SHARED}/volumes
local_files_shared = true
# Down until somebody makes the folder that its own is in.
[away]
local_files_path = {AWAY}/volumes
topology = topology.{NAME}/node:{NODE}
"""


@cache
def own_images() -> Path | None:
    """Return the folder of the images that deploy/image.sh makes, or None if the machine's programs are borrowed.

    E2E_IMAGES=own has them made if they are missing, E2E_IMAGES=borrowed leaves them alone.
    """
    wanted = os.environ.get("E2E_IMAGES", "")
    if wanted == "borrowed":
        return None
    command = [str(ROOT / "tests" / "lab" / "images.sh"), *(["make"] if wanted == "own" else [])]
    folder = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return Path(folder) if folder else None


def load_controllers(containerd: Containerd, archive: Path) -> None:
    """Have the images of a controller's pod; `archive` is a file to write them to on the way."""
    named = yaml.safe_load((CHART / "values.yaml").read_text())["sidecars"]
    for name in _SIDECARS:
        images.program(archive, named[name]["image"], cluster_program(f"csi-{name}"))
        containerd.load(archive)
        archive.unlink()
    own = own_images()
    if own:
        containerd.load(own / "controller.tar")


def load_node(containerd: Containerd, archive: Path) -> None:
    """Have the image of a node's pod."""
    own = own_images()
    if own:
        containerd.load(own / "node.tar")
        return
    entry = [f"{HOME}/.venv/bin/python", "-m", "csi.cli"]
    images.borrowed(archive, _BORROWED, entry=entry, environment={"PYTHONPATH": HOME})
    containerd.load(archive)
    archive.unlink()


def values() -> Mapping[str, Any]:
    """Return the chart's values: both back ends, classes for them, and what pods find on the machine."""
    xfs = {"csi.storage.k8s.io/fstype": "xfs"}
    local, shared = {"backend": "local"}, {"backend": "shared"}
    return {
        "config": {"cinderConf": _CONFIGURATION},
        "image": _image(),
        # Files of a machine are served where they are.
        "controller": {"privileged": True, "nodeSelector": {"kubernetes.io/hostname": NODE}, **_mounts()},
        "node": {"maxUnavailable": "100%", **_mounts()},
        # What is free is told anew while somebody waits for it.
        "sidecars": {"provisioner": {"extraArgs": ["--capacity-poll-interval=5s"]}},
        "storageClasses": [
            {"name": "cinderblock", "parameters": local},
            {"name": "xfs", "volumeBindingMode": "Immediate", "parameters": {**local, **xfs}},
            {"name": "shared", "parameters": shared},
        ],
        "volumeAttributesClasses": [{"name": "cinderblock", "parameters": {"metadata/tier": "gold"}}],
    }


def _image() -> Mapping[str, Any]:
    if own_images():
        return {"pullPolicy": "Never"}
    repository, _, tag = _BORROWED.rpartition(":")
    borrowed = {"repository": repository, "tag": tag}
    return {"pullPolicy": "Never", "controller": borrowed, "node": borrowed}


def _mounts() -> Mapping[str, Any]:
    places = {"storage": (str(STORAGE), str(STORAGE))}
    if not own_images():
        places |= {"usr": ("/usr", "/usr"), "checkout": (str(ROOT), HOME)}
        if not sys.base_prefix.startswith("/usr"):
            places["python"] = (sys.base_prefix, sys.base_prefix)
    return {
        "extraVolumes": [
            {"name": name, "hostPath": {"path": path, "type": "Directory"}} for name, (path, _) in places.items()
        ],
        "extraVolumeMounts": [
            {"name": name, "mountPath": path, "readOnly": name != "storage"} for name, (_, path) in places.items()
        ],
    }
