"""os-brick, set up once, and its connector classes, each imported when its protocol is first used."""

import importlib
import logging
import os
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import os_brick
from os_brick import privileged
from oslo_concurrency import lockutils
from oslo_config import cfg
from oslo_utils import importutils

from cinderblock.brick import programs
from cinderblock.errors import InvalidRequest
from persistence.records import Json

log = logging.getLogger(__name__)

_PACKAGE = "os_brick.initiator.connectors."

#: driver_volume_type -> module and class.
_CLASSES: Mapping[str, tuple[str, str]] = {
    "local": ("local", "LocalConnector"),
    "iscsi": ("iscsi", "ISCSIConnector"),
    "iser": ("iscsi", "ISCSIConnector"),
    "nfs": ("remotefs", "RemoteFsConnector"),
    "glusterfs": ("remotefs", "RemoteFsConnector"),
    "quobyte": ("remotefs", "RemoteFsConnector"),
    "vzstorage": ("remotefs", "RemoteFsConnector"),
    "fibre_channel": ("fibre_channel", "FibreChannelConnector"),
    "rbd": ("rbd", "RBDConnector"),
    "nvme": ("nvmeof", "NVMeOFConnector"),
    "nvmeof": ("nvmeof", "NVMeOFConnector"),
    "scaleio": ("scaleio", "ScaleIOConnector"),
    "storpool": ("storpool", "StorPoolConnector"),
    "lightos": ("lightos", "LightOSConnector"),
    "gpfs": ("gpfs", "GPFSConnector"),
}
REMOTE_FILE_SYSTEMS = frozenset({"nfs", "glusterfs", "quobyte", "vzstorage"})
_MULTIPATH = frozenset({"iscsi", "iser", "fibre_channel", "nvme", "nvmeof"})

#: How often os-brick rescans for a device that is slow to appear.
_SCAN_ATTEMPTS = 3

_setting_up = threading.Lock()


def set_up(lock_path: Path) -> None:
    """Prepare os-brick for this process; Cinder's own set-up, in the same process, is left alone.

    As root, privsep's client mode is off: no daemon, no sudo.
    """
    with _setting_up:
        if not cfg.CONF.oslo_concurrency.lock_path:
            lock_path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lockutils.set_defaults(str(lock_path))
        if not cfg.CONF.os_brick.lock_path:
            os_brick.setup(cfg.CONF)
    without_daemon()


def without_daemon() -> None:
    """Have privileged calls run in this process."""
    for context in (privileged.default, privileged.brick_privsep_hide_output):
        context.set_client_mode(False)


def connector(
    protocol: str,
    *,
    multipath: bool,
    mount_base: Path,
    data: Mapping[str, Json],
    scan_attempts: int = _SCAN_ATTEMPTS,
) -> Any:
    """Make the connector of a protocol.

    Args:
        protocol: `driver_volume_type`.
        multipath: multipathd runs, so that paths become one device.
        mount_base: this node's own folder for mounted shares; the one in the
            connection is the controller's.
        data: the connection's data; a share's mount options are read from it.
        scan_attempts: how often a device that is slow to appear is looked for.

    Raises:
        InvalidRequest: no such protocol.
    """
    if protocol not in _CLASSES:
        known = ", ".join(sorted(_CLASSES))
        raise InvalidRequest(f"volumes of type {protocol!r} cannot be connected here; known: {known}")
    module, name = _CLASSES[protocol]
    if module == "fibre_channel":
        _choose_threads()
    made = getattr(importlib.import_module(_PACKAGE + module), name)
    options: dict[str, Any] = {"device_scan_attempts": scan_attempts, "execute": programs.execute}
    if protocol in _MULTIPATH:
        options["use_multipath"] = multipath
    if protocol == "iser":
        options["transport"] = "iser"
    if protocol == "rbd":
        # A device of the kernel, not a handle of librbd's.
        options["do_local_attach"] = True
    if protocol in REMOTE_FILE_SYSTEMS:
        options[f"{protocol}_mount_point_base"] = str(mount_base / protocol)
        options[f"{protocol}_mount_options"] = mount_options(data)
        options["conn"] = {**data}
        return made(protocol, "", **options)
    return made("", **options)


def mount_options(data: Mapping[str, Json]) -> str | None:
    """Return how a share is to be mounted, "vers=4.2,hard", from the words of a command line: "-o vers=4.2 -o hard".

    os-brick tries one version of NFS after the other unless it is told of one in this way.
    """
    words = str(data.get("options") or "").split()
    return ",".join(word for word in words if word != "-o") or None


def multipath_running() -> bool:
    """Ask multipathd whether it is there."""
    if not is_installed("multipathd"):
        return False
    scsi = importlib.import_module("os_brick.initiator.linuxscsi")
    return bool(scsi.LinuxSCSI.is_multipath_running(root_helper="", execute=programs.execute))


def scsi() -> Any:
    """Return os-brick's SCSI tools."""
    return importlib.import_module("os_brick.initiator.linuxscsi").LinuxSCSI("", execute=programs.execute)


def properties(*, ip: str, multipath: bool) -> dict[str, Json]:
    """Describe this machine as drivers want it; protocols whose tools are absent say nothing.

    Raises:
        Nothing on purpose: a protocol that cannot be described is logged and left out.
    """
    answer: dict[str, Json] = {
        "platform": os.uname().machine,
        "os_type": sys.platform,
        "ip": ip or _own_address(),
        "host": socket.gethostname(),
        "multipath": multipath,
        "enforce_multipath": multipath,
        "do_local_attach": True,
    }
    for present, protocol in (
        (Path("/etc/iscsi/initiatorname.iscsi").exists(), "iscsi"),
        (_has_entries("/sys/class/fc_host"), "fibre_channel"),
        (is_installed("nvme"), "nvme"),
        (Path("/opt/emc/scaleio").exists(), "scaleio"),
        (Path("/etc/discovery-client").exists(), "lightos"),
    ):
        if present:
            answer.update(_of_protocol(protocol, multipath=multipath))
    return answer


def _of_protocol(protocol: str, *, multipath: bool) -> Mapping[str, Json]:
    """Ask one connector class for its part."""
    module, name = _CLASSES[protocol]
    if module == "fibre_channel":
        _choose_threads()
    try:
        made = getattr(importlib.import_module(_PACKAGE + module), name)
        answer: Mapping[str, Json] = made.get_connector_properties(
            "", multipath=multipath, enforce_multipath=multipath, execute=programs.execute
        )
    except Exception:
        # One vendor's broken tool must not keep the node from serving the others.
        log.exception("a protocol cannot be described", extra={"protocol": protocol})
        return {}
    return answer


def _choose_threads() -> None:
    """Fibre Channel loops with oslo.service, whose own choice would be eventlet."""
    backend = importutils.try_import("oslo_service.backend")
    if backend is not None:
        backend.init_backend(backend.BackendType.THREADING)


def _own_address() -> str:
    """Return the address that packets to the world leave from; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def is_installed(tool: str) -> bool:
    """Say whether a tool is installed, where root's tools are."""
    folders = [*os.get_exec_path(), "/usr/sbin", "/sbin"]
    return any(os.access(Path(folder) / tool, os.X_OK) for folder in folders)


def _has_entries(folder: str) -> bool:
    """Say whether a folder of sysfs has anything in it."""
    try:
        return any(Path(folder).iterdir())
    except OSError:
        return False
