"""This machine's initiators, through os-brick."""

import hashlib
import logging
import os
import stat
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oslo_concurrency import processutils

from cinderblock import wwn
from cinderblock.brick import claims, connectors, files, identity, loop
from cinderblock.brick.errors import translated
from cinderblock.errors import BackendUnavailable, DeviceMismatch, InvalidRequest
from cinderblock.host import ConnectionInfo, Device
from persistence.records import Json

log = logging.getLogger(__name__)

#: Keys under which drivers give the identity of the logical unit.
_IDENTITY_KEYS = ("wwn", "device_wwn", "volume_wwn", "scsi_wwn", "volume_nguid")


class BrickHost:
    """The port `cinderblock.host.Host`, over os-brick and loop devices."""

    def __init__(self, state_dir: Path, *, ip: str = "") -> None:
        """Set os-brick up; nothing is connected yet.

        Args:
            state_dir: where lock files and mounted shares go.
            ip: this node's storage address; found out when "".
        """
        self._mount_base = state_dir / "mnt"
        self._lock_path = state_dir / "locks"
        self._ip = ip
        #: A share is mounted and unmounted for several volumes: one at a time.
        self._shares = threading.Lock()
        connectors.set_up(self._lock_path)

    def connector_properties(self) -> Mapping[str, Json]:
        return connectors.properties(ip=self._ip, multipath=connectors.multipath_running())

    def connect(self, connection_info: ConnectionInfo) -> Device:
        protocol, data = _parsed(connection_info)
        with translated(f"connecting a volume of type {protocol!r}"):
            if protocol in connectors.REMOTE_FILE_SYSTEMS:
                with self._shares:
                    return self._connected(protocol, data)
            return self._connected(protocol, data)

    def disconnect(self, connection_info: ConnectionInfo, device: Device | None) -> None:
        if not connection_info:
            self._release(device)
            return
        protocol, data = _parsed(connection_info)
        with translated(f"disconnecting a volume of type {protocol!r}"):
            if protocol in connectors.REMOTE_FILE_SYSTEMS:
                with self._shares:
                    self._detach_file(self._file(protocol, data), device)
                    self._unmount_unused(protocol, data)
                return
            if protocol == "local" or (device is not None and device.backing):
                self._detach_file(self._file(protocol, data), device)
            brick = dict(device.brick) if device is not None else {}
            if device is not None and not device.backing:
                claims.require_free(device.path)
                brick.setdefault("path", device.path)
            connector = self._connector(protocol, data)
            connector.disconnect_volume(dict(data), brick or None, force=False, ignore_errors=False)

    def refresh_size(self, connection_info: ConnectionInfo, device: Device) -> int:
        shown = loop.at(device.path)
        if shown is not None:
            if device.backing and Path(device.backing).exists():
                _require_same_file(shown, device)
            with translated(f"reading the size of {device.backing or shown.backing!r}"):
                return loop.refresh(shown)
        with translated(f"growing {device.path}"):
            if connection_info:
                protocol, data = _parsed(connection_info)
                self._connector(protocol, data, device=device).extend_volume(dict(data))
            else:
                _rescan(device.path)
            return _size_bytes(device.path)

    def _connected(self, protocol: str, data: Mapping[str, Json]) -> Device:
        """Connect, and make a block device of what is a file."""
        readonly = data.get("access_mode") == "ro"
        brick = self._connector(protocol, data).connect_volume(dict(data))
        path = brick.get("path") if isinstance(brick, Mapping) else None
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if not isinstance(path, str):
            raise InvalidRequest(f"os-brick answered no path for a volume of type {protocol!r}")
        kept = {str(key): value for key, value in brick.items() if _is_plain(value)}
        kept["path"] = path
        try:
            mode = Path(path).stat().st_mode
        except OSError as error:
            raise BackendUnavailable(
                f"the volume's file or device {path!r} is not on this node: {error.strerror}"
            ) from error
        if stat.S_ISREG(mode):
            real = os.path.realpath(path)
            files.require_raw(real, declared=str(data.get("format") or ""))
            made = loop.attach(real, readonly=readonly)
            return Device(path=made.path, backing=real, file_id=made.file_id, brick=kept)
        if not stat.S_ISBLK(mode):
            raise InvalidRequest(f"{path!r} is neither a regular file nor a block device")
        found = self._proven(protocol, data, path, kept)
        return Device(path=path, wwn=found, brick=kept)

    def _proven(self, protocol: str, data: Mapping[str, Json], path: str, brick: Mapping[str, Json]) -> str:
        """Compare all paths and the driver's own word; on a mismatch nothing stays connected that is not in use."""
        try:
            found = identity.proven(path)
            for key in _IDENTITY_KEYS:
                wanted = data.get(key)
                if isinstance(wanted, str) and found and wwn.normal(wanted) and not wwn.same(found, wanted):
                    raise DeviceMismatch(f"{path} is volume {found}, but the driver said {wanted} ({key})")
        except DeviceMismatch:
            # Somebody may work on whatever it is: a unit that was reused under a live mount.
            if claims.is_free(path):
                connector = self._connector(protocol, data)
                connector.disconnect_volume(dict(data), dict(brick), force=True, ignore_errors=True)
            raise
        return found

    def _connector(self, protocol: str, data: Mapping[str, Json], *, device: Device | None = None) -> Any:
        """Make the protocol's connector, with multipath where multipathd runs."""
        connectors.set_up(self._lock_path)
        multipath = bool(device and device.path.startswith("/dev/dm-")) or connectors.multipath_running()
        return connectors.connector(protocol, multipath=multipath, mount_base=self._mount_base, data=data)

    def _share(self, protocol: str, data: Mapping[str, Json]) -> Path:
        """Return where os-brick mounts the share: a folder named by the share's MD5."""
        name = hashlib.md5(str(data["export"]).encode(), usedforsecurity=False).hexdigest()
        return self._mount_base / protocol / name

    def _file(self, protocol: str, data: Mapping[str, Json]) -> str:
        """Return the volume's file without mounting anything."""
        if protocol in connectors.REMOTE_FILE_SYSTEMS:
            return os.path.realpath(self._share(protocol, data) / str(data["name"]))
        path = data.get("device_path")
        return os.path.realpath(path) if isinstance(path, str) and path else ""

    def _detach_file(self, file: str, device: Device | None) -> None:
        """Detach the device that was made, whatever has its file's name by now, and any over the file."""
        made = loop.at(device.path) if device is not None else None
        if device is not None and made is not None and made.file_id == device.file_id:
            loop.detach(made)
        found = loop.find(file) if file else None
        if found is not None:
            loop.detach(found)

    def _unmount_unused(self, protocol: str, data: Mapping[str, Json]) -> None:
        """Unmount a share when no loop device shows a file of it; a busy one stays mounted."""
        share = self._share(protocol, data)
        if not share.is_mount() or any(each.device == share.stat().st_dev for each in loop.bound()):
            return
        try:
            processutils.execute("umount", str(share))
        except (processutils.ProcessExecutionError, OSError) as error:
            log.info("a share stays mounted", extra={"share": str(share), "reason": type(error).__name__})

    def _release(self, device: Device | None) -> None:
        """Let go of a device whose connection is not known any more."""
        if device is None:
            return
        shown = loop.at(device.path)
        with translated(f"releasing {device.path}"):
            if shown is not None:
                if device.backing:
                    _require_same_file(shown, device)
                loop.detach(shown)
                return
            disks = identity.remote_disks(device.path)
            if disks:
                claims.require_free(device.path)
                connectors.scsi().remove_connection(list(disks), path_used=device.path)


def _parsed(connection_info: ConnectionInfo) -> tuple[str, Mapping[str, Json]]:
    """Take a connection apart."""
    protocol, data = connection_info.get("driver_volume_type"), connection_info.get("data")
    if not isinstance(protocol, str) or not isinstance(data, Mapping):
        raise InvalidRequest("the connection has no driver_volume_type or no data; publish the volume again")
    return protocol.lower(), data


def _require_same_file(shown: loop.Loop, device: Device) -> None:
    """Refuse a loop device that shows another file by now."""
    if device.file_id:
        if shown.file_id != device.file_id:
            raise DeviceMismatch(f"{device.path} shows {shown.backing!r}, not {device.backing!r}; it was left alone")
        return
    if shown.backing.removesuffix(" (deleted)") == device.backing:
        return
    try:
        entry = Path(device.backing).stat()
    except OSError:
        entry = None
    if entry is None or (entry.st_dev, entry.st_ino) != (shown.device, shown.inode):
        raise DeviceMismatch(f"{device.path} shows {shown.backing!r}, not {device.backing!r}; it was left alone")


def _rescan(path: str) -> None:
    """Ask the SCSI disks under a device for their size."""
    for name in identity.scsi_disks(path):
        Path(f"/sys/block/{name}/device/rescan").write_text("1", encoding="ascii")


def _size_bytes(path: str) -> int:
    """Return the size of a block device."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.lseek(descriptor, 0, os.SEEK_END)
    finally:
        os.close(descriptor)


def _is_plain(value: object) -> bool:
    """Say whether a value of os-brick's answer can be kept as JSON."""
    return value is None or isinstance(value, (str, int, float, bool))
