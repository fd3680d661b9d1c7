"""Which logical unit a block device shows: VPD page 0x83 of every path.

The kernel caches the page, so a LUN that was reused for another volume keeps
its old name until the device is rescanned; paths are rescanned before reading.
Source: SPC-4, 7.8.5 (device identification page); /sys/block/*/device.
"""

import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path

from cinderblock import wwn
from cinderblock.errors import DeviceMismatch

log = logging.getLogger(__name__)

_SYS_BLOCK = Path("/sys/block")

#: Designator types that name a logical unit for the whole world, best first: NAA, EUI-64.
_NAA = 3
_EUI = 2
_HEADER = 4
#: Where in sysfs the disks of iSCSI sessions, and of Fibre Channel's remote ports, are.
_REMOTE = re.compile(r"/(session|rport-)[0-9]")


def proven(path: str) -> str:
    """Return the identity that all paths of a device agree on; "" for devices that have none.

    Args:
        path: the block device, /dev/sdX, /dev/dm-N or /dev/nvmeXnY.

    Raises:
        DeviceMismatch: two paths of a multipath device show different logical units.
    """
    name = Path(path).resolve().name
    paths = _paths(name)
    # A path that does not run answers when the kernel gives up, so it is asked only where no other one answers. Until
    # then it says what it was, which is enough to contradict, and not to prove.
    asked = [each for each in paths if _runs(each)] or paths
    names = {each: _identity(each, fresh=each in asked) for each in paths}
    known = {identity for identity in names.values() if identity}
    if len(known) > 1:
        shown = ", ".join(f"{each}={identity}" for each, identity in sorted(names.items()))
        raise DeviceMismatch(f"the paths of {path} are different volumes ({shown}); flush stale paths and repeat")
    if known and "" in names.values():
        log.warning("a path without an identity", extra={"device": path, "paths": sorted(names)})
    identity = next(filter(None, map(names.get, asked)), "")
    mapped = _map_identity(name)
    if identity and mapped and not wwn.same(identity, mapped):
        raise DeviceMismatch(f"{path} was mapped for volume {mapped}, but its paths show {identity}; flush the map")
    return identity


def remote_disks(path: str) -> Sequence[str]:
    """Return those of the SCSI disks under a device that came over a network: this machine's own are never removed."""
    return [name for name in scsi_disks(path) if _REMOTE.search(os.path.realpath(_SYS_BLOCK / name))]


def scsi_disks(path: str) -> Sequence[str]:
    """Return the kernel's names of the SCSI disks under a device: ["sda", "sdb"], or [] when it is something else."""
    return [name for name in _paths(Path(path).resolve().name) if (_SYS_BLOCK / name / "device" / "rescan").exists()]


def parse_page_83(page: bytes) -> str:
    """Return the logical unit's name from VPD page 0x83, in hexadecimal; "" when it names none."""
    names: dict[int, str] = {}
    offset = _HEADER
    end = min(len(page), _HEADER + int.from_bytes(page[2:4], "big"))
    while offset + _HEADER <= end:
        kind, association = page[offset + 1] & 0x0F, page[offset + 1] >> 4 & 0x03
        length = page[offset + 3]
        value = page[offset + _HEADER : offset + _HEADER + length]
        if association == 0 and kind in (_NAA, _EUI) and len(value) == length:
            names.setdefault(kind, value.hex())
        offset += _HEADER + length
    return names.get(_NAA) or names.get(_EUI) or ""


def _paths(name: str) -> list[str]:
    """Return the devices under a device-mapper device, or the device itself."""
    slaves = _SYS_BLOCK / name / "slaves"
    try:
        under = sorted(entry.name for entry in slaves.iterdir())
    except OSError:
        under = []
    return under or [name]


def _identity(name: str, *, fresh: bool) -> str:
    """Read one path's identity; `fresh`: as the path says now, not as the kernel remembers it."""
    device = _SYS_BLOCK / name / "device"
    rescan = device / "rescan"
    if fresh and rescan.exists():
        try:
            rescan.write_text("1", encoding="ascii")
        except OSError as error:
            log.warning("rescan refused", extra={"device": name, "reason": str(error)})
    try:
        return parse_page_83((device / "vpd_pg83").read_bytes())
    except OSError:
        return _wwid_of_nvme(name)


def _runs(name: str) -> bool:
    """Say whether a SCSI device takes commands."""
    try:
        return (_SYS_BLOCK / name / "device" / "state").read_text(encoding="ascii").strip() == "running"
    except OSError:
        return False


def _wwid_of_nvme(name: str) -> str:
    """Read the namespace's identity where there is no SCSI page."""
    if not name.startswith("nvme"):
        return ""
    try:
        return wwn.normal((_SYS_BLOCK / name / "wwid").read_text(encoding="ascii"))
    except OSError:
        return ""


def _map_identity(name: str) -> str:
    """Read what multipathd made the map for: "mpath-3600…" without its prefix."""
    try:
        uuid = (_SYS_BLOCK / name / "dm" / "uuid").read_text(encoding="ascii").strip()
    except OSError:
        return ""
    return uuid.removeprefix("mpath-") if uuid.startswith("mpath-") else ""
