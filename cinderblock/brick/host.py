"""This machine's initiators, through os-brick."""

import logging
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cinderblock import wwn
from cinderblock.brick import claims, connectors, files, identity, images, loop
from cinderblock.brick.errors import translated
from cinderblock.brick.shares import Shares
from cinderblock.errors import BackendUnavailable, DeviceMismatch, InvalidRequest
from cinderblock.host import ConnectionInfo, Device, is_same_file
from persistence.records import Json

log = logging.getLogger(__name__)

#: Keys under which drivers give the identity of the logical unit.
_IDENTITY_KEYS = ("wwn", "device_wwn", "volume_wwn", "scsi_wwn", "volume_nguid")


class BrickHost:
    """The port `cinderblock.host.Host`, over os-brick and loop devices."""

    def __init__(self, state_dir: Path, *, ip: str = "") -> None:
        """Set os-brick up; nothing is connected yet.

        Args:
            state_dir: where lock files, mounted shares and sockets go.
            ip: this node's storage address; found out when "".
        """
        self._shares = Shares(state_dir / "mnt")
        self._sockets = state_dir / "nbd"
        self._lock_path = state_dir / "locks"
        self._ip = ip
        connectors.set_up(self._lock_path)

    def connector_properties(self) -> Mapping[str, Json]:
        return connectors.properties(ip=self._ip, multipath=connectors.multipath_running())

    def connect(self, connection_info: ConnectionInfo) -> Device:
        protocol, data = _parsed(connection_info)
        with translated(f"connecting a volume of type {protocol!r}"):
            if protocol in connectors.REMOTE_FILE_SYSTEMS:
                with self._shares.held(self._shares.point(protocol, data)):
                    return self._connected(protocol, data)
            return self._connected(protocol, data)

    def disconnect(self, connection_info: ConnectionInfo, device: Device | None) -> None:
        if not connection_info:
            self._release(device)
            return
        protocol, data = _parsed(connection_info)
        with translated(f"disconnecting a volume of type {protocol!r}"):
            if protocol in connectors.REMOTE_FILE_SYSTEMS:
                self._disconnect_shared(self._shares.point(protocol, data), str(data["name"]), device)
                return
            if protocol == "local" or (device is not None and device.backing):
                self._detach_file(_local_file(data), device)
            brick = dict(device.brick) if device is not None else {}
            if device is not None and not device.backing:
                claims.require_free(device.path)
                brick.setdefault("path", device.path)
            connector = self._connector(protocol, data)
            connector.disconnect_volume(dict(data), brick or None, force=False, ignore_errors=False)

    def prove(self, device: Device) -> None:
        shown = loop.at(device.path)
        if shown is not None and _exists(device.backing):
            _require_same_file(shown, device)
        if shown is not None or device.file_id or device.backing:
            return
        with translated(f"asking {device.path} which volume it is"):
            found = identity.proven(device.path)
        if wwn.normal(device.wwn) and not found:
            raise BackendUnavailable(f"{device.path} was volume {device.wwn}, and does not say what it is now")
        if wwn.normal(device.wwn) and not wwn.same(found, device.wwn):
            raise DeviceMismatch(
                f"{device.path} was volume {device.wwn}, and shows {found} now, which is not the same; it was left "
                "alone: end what uses it, and unstage it"
            )

    def refresh_size(self, connection_info: ConnectionInfo, device: Device) -> int:
        self.prove(device)
        shown = loop.at(device.path)
        if shown is not None:
            with translated(f"reading the size of {device.backing or shown.backing!r}"):
                return loop.refresh(shown)
        with translated(f"growing {device.path}"):
            if device.file_id:
                # Images grow only while nobody has them.
                return _size_bytes(device.path)
            if connection_info:
                protocol, data = _parsed(connection_info)
                self._connector(protocol, data, device=device).extend_volume(dict(data))
            else:
                _rescan(device.path)
            return _size_bytes(device.path)

    def _connected(self, protocol: str, data: Mapping[str, Json]) -> Device:
        """Connect, and make a block device of what is a file."""
        # The connector has the options of a mount already.
        wanted = {key: value for key, value in data.items() if key != "options"}
        brick = self._connector(protocol, data).connect_volume(wanted)
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
            return self._of_file(protocol, data, os.path.realpath(path), kept)
        if not stat.S_ISBLK(mode):
            raise InvalidRequest(f"{path!r} is neither a regular file nor a block device")
        found = self._proven(protocol, data, path, kept)
        return Device(path=path, wwn=found, brick=kept)

    def _of_file(self, protocol: str, data: Mapping[str, Json], file: str, brick: Mapping[str, Json]) -> Device:
        """Make a block device of a raw file, or of what is in an image on a share."""
        readonly, declared = data.get("access_mode") == "ro", str(data.get("format") or "")
        if protocol in connectors.REMOTE_FILE_SYSTEMS and declared == "qcow2":
            shown = images.attach(file, sockets=self._sockets, readonly=readonly)
            return Device(path=shown.device, file_id=shown.file_id, brick=brick)
        files.require_raw(file, declared=declared)
        made = loop.attach(file, readonly=readonly)
        return Device(path=made.path, backing=file, file_id=made.file_id, brick=brick)

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
        return connectors.connector(protocol, multipath=multipath, mount_base=self._shares.mount_base, data=data)

    def _disconnect_shared(self, share: Path, name: str, device: Device | None) -> None:
        """Let go of a file on a share, or of what is in it, and of the share with its last file."""
        with self._shares.held(share):
            self._detach_file(os.path.realpath(share / name), device)
            for shown in list(images.named(name)):
                images.detach(shown)
            self._shares.unmount_unused(share)

    def _detach_file(self, file: str, device: Device | None) -> None:
        """Detach the device that was made, whatever has its file's name by now, and any over the file."""
        made = loop.at(device.path) if device is not None else None
        if device is not None and made is not None and is_same_file(made.file_id, device.file_id):
            loop.detach(made)
        found = loop.find(file) if file else None
        if found is not None:
            loop.detach(found)

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
            image = images.find(device.file_id) if device.file_id else None
            if image is not None:
                images.detach(image)
            if device.file_id or device.backing:
                self._shares.unmount_all_unused()
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


def _local_file(data: Mapping[str, Json]) -> str:
    """Return the file of a connection to this machine's own files."""
    path = data.get("device_path")
    return os.path.realpath(path) if isinstance(path, str) and path else ""


def _require_same_file(shown: loop.Loop, device: Device) -> None:
    """Refuse a loop device that shows another file by now."""
    if device.file_id:
        if not is_same_file(shown.file_id, device.file_id):
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


def _exists(file: str) -> bool:
    """Say whether a file is there; one that cannot be looked at is not."""
    try:
        return bool(file) and Path(file).exists()
    except OSError:
        return False


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
