"""One contract for everything that is a host: connecting volumes that are files, on real loop devices."""

import os
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from cinderblock.brick import loop
from cinderblock.brick.host import BrickHost
from cinderblock.errors import BackendUnavailable, DeviceMismatch, InUse, InvalidRequest
from cinderblock.host import Device
from tests.fakes.host import FailingHost

#: A loop device that a test gives up may be another one's at once: these look at one after that, by its name.
by_name = pytest.mark.alone

MIB = 1024**2


@pytest.fixture(params=["brick", "failing"])
def host(request, tmp_path):
    real = BrickHost(tmp_path / "state")
    yield real if request.param == "brick" else FailingHost(real)
    left = [each for each in loop.bound() if each.backing.startswith(f"{tmp_path}/")]
    for each in left:
        loop.detach(each)
    assert left == []


@pytest.fixture
def file(tmp_path):
    return made(tmp_path / "volume.img")


def made(path: Path, size_mib: int = 16) -> Path:
    with path.open("wb") as new:
        new.truncate(size_mib * MIB)
    return path


def info(file: Path, **data: str):
    return {"driver_volume_type": "local", "data": {"device_path": str(file), "format": "raw", **data}}


def test_a_file_becomes_a_block_device_once(host, file):
    device = host.connect(info(file))
    assert Path(device.path).is_block_device()
    assert device.backing == str(file)
    assert host.connect(info(file)) == device
    host.disconnect(info(file), device)
    assert loop.find(str(file)) is None


def test_a_file_that_shares_its_blocks_has_the_sectors_that_it_had(host, sharing):
    # The kernel itself would choose larger ones from now on, and an xfs that is there could not be mounted any more.
    file = made(sharing / "volume.img")
    file.write_bytes(b"x" * MIB)
    sizes = []
    for copy in ("first", "second"):
        device = host.connect(info(file))
        sizes.append(Path(f"/sys/block/{Path(device.path).name}/queue/logical_block_size").read_text().strip())
        host.disconnect(info(file), device)
        subprocess.run(["cp", "--reflink=always", str(file), str(sharing / copy)], check=True)
    assert sizes == ["512", "512"]


def test_what_is_written_to_the_device_is_in_the_file(host, file):
    device = host.connect(info(file))
    with Path(device.path).open("r+b") as opened:
        opened.write(b"x" * 4096)
        os.fsync(opened.fileno())
    host.disconnect(info(file), device)
    assert file.read_bytes()[:4096] == b"x" * 4096


def test_direct_io_is_used_where_the_file_system_has_it(host, file):
    device = host.connect(info(file))
    assert Path(f"/sys/block/{Path(device.path).name}/loop/dio").read_text().strip() == "1"
    host.disconnect(info(file), device)


def test_disconnecting_may_be_repeated_and_needs_no_device(host, file):
    device = host.connect(info(file))
    host.disconnect(info(file), None)
    host.disconnect(info(file), None)
    host.disconnect(info(file), device)
    assert loop.find(str(file)) is None


@by_name
def test_a_lost_connection_is_let_go_by_its_device(host, file):
    device = host.connect(info(file))
    host.disconnect({}, device)
    host.disconnect({}, device)
    host.disconnect({}, None)
    assert loop.find(str(file)) is None


def test_a_device_that_went_to_another_file_is_left_alone(host, file, tmp_path):
    device = host.connect(info(file))
    host.disconnect(info(file), device)
    other = made(tmp_path / "other.img")
    taken = host.connect(info(other))
    device = replace(device, path=taken.path)
    host.disconnect(info(file), device)
    with pytest.raises(DeviceMismatch):
        host.disconnect({}, device)
    with pytest.raises(DeviceMismatch):
        host.refresh_size(info(file), device)
    assert host.connect(info(other)) == taken
    host.disconnect(info(other), taken)


def test_a_file_is_recognised_by_what_it_is_not_by_its_name(host, file, tmp_path):
    device = host.connect(info(file))
    link = tmp_path / "same.img"
    link.hardlink_to(file)
    assert host.connect(info(link)).path == device.path
    host.disconnect(info(link), None)
    assert loop.find(str(file)) is None


def test_a_file_that_was_removed_is_let_go(host, file):
    device = host.connect(info(file))
    file.unlink()
    host.disconnect(info(file), device)
    assert [each for each in loop.bound() if each.backing.startswith(str(file))] == []


def test_a_device_that_is_open_stays_and_does_not_go_by_itself(host, file):
    device = host.connect(info(file))
    with Path(device.path).open("rb"), pytest.raises(InUse, match="still open"):
        host.disconnect(info(file), device)
    shown = loop.at(device.path)
    assert shown is not None
    assert Path(f"/sys/block/{Path(device.path).name}/loop/autoclear").read_text().strip() == "0"
    host.disconnect(info(file), device)


def test_a_device_that_was_about_to_go_by_itself_is_kept(host, file):
    device = host.connect(info(file))
    with Path(device.path).open("rb"):
        # Somebody else's `losetup -d`: it takes effect when the last one closes the device.
        subprocess.run(["losetup", "-d", device.path], check=True)
        assert host.connect(info(file)) == device
    assert loop.find(str(file)) is not None
    host.disconnect(info(file), device)


@pytest.mark.alone  # a namespace of mounts keeps what others unmount
def test_a_device_is_known_from_any_mount_namespace(host, tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    file = made(tmp_path / "volumes.img")
    # As a container that was replaced: it had the folder elsewhere, and its namespace is gone.
    script = f"mount --bind {tmp_path} {inside} && losetup -f --show --direct-io=on {inside}/volumes.img"
    argv = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
    path = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
    device = host.connect(info(file))
    assert device.path == path
    assert Path(f"/sys/block/{Path(path).name}/loop/backing_file").read_text().strip() != str(file)
    assert host.refresh_size(info(file), device) == 16 * MIB
    host.disconnect({}, device)
    assert loop.find(str(file)) is None


@by_name
def test_a_device_that_was_left_read_only_is_writable_for_the_next_file(host, file, tmp_path):
    other = made(tmp_path / "other.img")
    for _ in range(32):
        device = host.connect(info(file))
        subprocess.run(["blockdev", "--setro", device.path], check=True)
        host.disconnect(info(file), device)
        taken = host.connect(info(other))
        if taken.path == device.path:
            break
        # Another process was faster with the free device.
        host.disconnect(info(other), taken)
    assert taken.path == device.path
    with Path(taken.path).open("r+b") as opened:
        opened.write(b"x" * 512)
    host.disconnect(info(other), taken)


def test_a_device_that_is_mounted_stays(host, file, tmp_path):
    device = host.connect(info(file))
    subprocess.run(["mkfs.ext4", "-q", device.path], check=True)
    (tmp_path / "m").mkdir()
    subprocess.run(["mount", device.path, tmp_path / "m"], check=True)
    with pytest.raises(InUse):
        host.disconnect(info(file), device)
    subprocess.run(["umount", tmp_path / "m"], check=True)
    host.disconnect(info(file), device)


def test_a_grown_file_is_seen_after_refresh(host, file):
    device = host.connect(info(file))
    os.truncate(file, 32 * MIB)
    assert host.refresh_size(info(file), device) == 32 * MIB
    assert host.refresh_size({}, device) == 32 * MIB
    host.disconnect(info(file), device)


def test_a_read_only_connection_cannot_be_written(host, file):
    device = host.connect(info(file, access_mode="ro"))
    with pytest.raises(OSError, match=r"denied|permitted|Read-only"), Path(device.path).open("r+b") as opened:
        opened.write(b"x")
    with pytest.raises(InUse, match="read-only"):
        host.connect(info(file))
    host.disconnect(info(file), device)


@pytest.mark.parametrize(
    ("head", "word"),
    [(b"QFI\xfb", "qcow2"), (b"KDMV", "vmdk"), (b"vhdxfile", "vhdx"), (b"QED\x00", "qed"), (b"conectix", "vpc")],
)
def test_an_image_of_another_format_is_refused(host, file, head, word):
    with file.open("r+b") as opened:
        opened.write(head)
    undeclared = {"driver_volume_type": "local", "data": {"device_path": str(file)}}
    with pytest.raises(InvalidRequest, match=word):
        host.connect(undeclared)
    # What the driver declares raw is raw, whatever a user wrote to it.
    host.disconnect(info(file), host.connect(info(file)))


def test_what_is_declared_as_something_else_is_refused(host, file):
    with pytest.raises(InvalidRequest, match="qcow2"):
        host.connect(info(file, format="qcow2"))


def test_what_cannot_be_connected_is_refused_in_words(host, tmp_path):
    for connection, error, word in (
        ({}, InvalidRequest, "driver_volume_type"),
        ({"driver_volume_type": "floppy", "data": {}}, InvalidRequest, "floppy"),
        ({"driver_volume_type": "local", "data": {}}, InvalidRequest, "device_path"),
        (info(tmp_path / "absent"), BackendUnavailable, "not on this node"),
        (info(tmp_path), InvalidRequest, "neither"),
    ):
        with pytest.raises(error, match=word):
            host.connect(connection)


def test_thirty_two_volumes_are_connected_side_by_side(host, tmp_path):
    devices: dict[int, Device] = {}

    def connect(number: int) -> None:
        devices[number] = host.connect(info(made(tmp_path / f"{number}.img", 1)))

    threads = [threading.Thread(target=connect, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len({device.path for device in devices.values()}) == 32
    for number, device in devices.items():
        host.disconnect(info(tmp_path / f"{number}.img"), device)


def test_one_file_connected_from_many_threads_has_one_device(host, file):
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(host.connect(info(file)).path)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(found) == 16
    assert len(set(found)) == 1
    host.disconnect(info(file), None)


def test_the_machine_is_described(host):
    described = host.connector_properties()
    assert {"host", "ip", "os_type", "platform", "multipath"} <= set(described)


@pytest.mark.parametrize("where", ["before", "after"])
def test_the_failing_host_fails_when_told_to(tmp_path, file, where):
    host = FailingHost(BrickHost(tmp_path / "state"))

    def refuse():
        raise InUse("told to")

    getattr(host, where)["connect"] = refuse
    with pytest.raises(InUse, match="told to"):
        host.connect(info(file))
    assert (loop.find(str(file)) is None) == (where == "before")
    host.disconnect(info(file), None)
