"""A node's journal that is damaged, foreign, read-only or on a full disk: what is mounted can still be taken away."""

import base64
import json
import os
import subprocess
from pathlib import Path

import grpc
import pytest

from cinderblock.units import GIB
from csi.client import mounted, raw
from csi.proto import csi_pb2
from tests.ready.driver import DriverProcess
from tests.robustness.witness import backing_files, mounted_below, swept
from tests.system.pods import Pod

pytestmark = pytest.mark.slow

Code = grpc.StatusCode
STATE_MIB = 6


class Driver:
    """A driver whose state folder is a small file system of its own; the volumes are elsewhere."""

    def __init__(self, folder):
        self.folder = folder
        self.state = folder / "state"
        self.state.mkdir(mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={STATE_MIB}m,mode=0700", "none", self.state], check=True)
        config = folder / "cinder.conf"
        config.write_text(
            "[DEFAULT]\nenabled_backends = local\n"
            "[local]\nvolume_driver = cinderblock.cinder.local_files.LocalFilesDriver\n"
            f"local_files_path = {folder}/volumes\n"
        )
        self.process = DriverProcess(folder, config=config)
        self.client = self.process.start()
        self.count = 0

    @property
    def journal(self):
        return self.state / "node/journal"

    def pod(self, capability):
        self.count += 1
        folder = self.folder / f"pod-{self.count}"
        made = self.client.create(f"volume-{self.count}", GIB, capability=capability)
        return Pod(self.client, folder, made.volume_id, capability=capability)

    def entry(self, pod):
        return self.journal / f"{pod.volume_id}.json"

    def stats(self, pod):
        request = csi_pb2.NodeGetVolumeStatsRequest(
            volume_id=pod.volume_id, volume_path=str(pod.target), staging_target_path=str(pod.staging)
        )
        return self.client.node.NodeGetVolumeStats(request).usage[0].total

    def end(self):
        self.client.close()
        self.process.end()
        assert swept(self.folder) == [str(self.state)]


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    driver = Driver(tmp_path_factory.mktemp("journal"))
    yield driver
    driver.end()


def garbage(file):
    file.write_bytes(os.urandom(500))


def truncated(file):
    os.truncate(file, file.stat().st_size // 2)


def empty(file):
    file.write_bytes(b"")


def gone(file):
    file.unlink()


def a_link(file):
    file.rename(file.with_suffix(".moved"))
    file.symlink_to("/etc/passwd")


def another_kind(file):
    file.write_text("[1, 2]")


def other_types(file):
    document = json.loads(file.read_text())
    file.write_text(json.dumps({**document, "targets": {"a": 1}, "access": None, "device": 7}))


def newer(file):
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 2, "more": {"of": "it"}}))


def of_another_volume(file):
    file.write_text(json.dumps({**json.loads(file.read_text()), "volume_id": "another"}))


def sealed_with_another_key(file):
    document = json.loads(file.read_text())
    key_id, _, sealed = document["sealed"].partition(".")
    other = base64.urlsafe_b64encode(os.urandom(len(base64.urlsafe_b64decode(sealed)))).decode()
    file.write_text(json.dumps({**document, "sealed": f"{key_id}.{other}"}))


DAMAGES = [
    garbage,
    truncated,
    empty,
    gone,
    a_link,
    another_kind,
    other_types,
    newer,
    of_another_volume,
    sealed_with_another_key,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("capability", [mounted(), raw()], ids=["mount", "block"])
def test_a_volume_whose_entry_is_lost_is_used_and_taken_away(driver, damage, capability):
    pod = driver.pod(capability).start()
    checksum = pod.write() if capability.HasField("mount") else ""
    damage(driver.entry(pod))
    assert driver.stats(pod) > GIB * 0.9
    pod.stage()
    pod.mount()
    assert not checksum or pod.checksum() == checksum
    damage_again(driver, pod, damage)
    pod.stop()
    assert not pod.target.exists()
    assert not any(str(path).startswith(str(pod.staging)) for path in mounted_below(driver.folder))
    driver.client.delete(pod.volume_id)
    assert backing_files(driver.folder) == []
    clear(driver)


def damage_again(driver, pod, damage):
    """What a stage has mended is broken again, so that the unstage meets it, too."""
    clear(driver, but=driver.entry(pod))
    if driver.entry(pod).is_file() and not driver.entry(pod).is_symlink():
        damage(driver.entry(pod))


def clear(driver, but=None):
    for path in driver.journal.glob("*.*"):
        if path != but:
            path.unlink()


def test_an_entry_that_cannot_be_read_now_is_not_taken_for_lost(driver):
    pod = driver.pod(mounted()).start()
    entry = driver.entry(pod)
    aside = entry.rename(driver.journal.parent / "aside")
    entry.mkdir()
    code, said = failure(lambda: pod.client.unstage(pod.volume_id, pod.staging))
    assert (code, "cannot be read" in said) == (Code.UNAVAILABLE, True)
    entry.rmdir()
    aside.rename(entry)
    pod.stop()
    driver.client.delete(pod.volume_id)


def test_a_read_only_journal_refuses_stages_and_lets_unstages_be_finished_later(driver):
    pod, other = driver.pod(mounted()).start(), driver.pod(mounted())
    other.publish()
    bind = ["mount", "--bind", driver.journal, driver.journal]
    subprocess.run(bind, check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", driver.journal], check=True)
        pod.client.unmount(pod.volume_id, pod.target)
        assert not pod.target.exists()
        for call in (other.stage, lambda: pod.client.unstage(pod.volume_id, pod.staging)):
            code, said = failure(call)
            assert code is Code.UNAVAILABLE
            assert "journal" in said
            assert "Read-only file system" in said
    finally:
        subprocess.run(["umount", driver.journal], check=True)
    other.start()
    for each in (pod, other):
        each.stop()
        driver.client.delete(each.volume_id)
    assert backing_files(driver.folder) == []


def test_on_a_full_disk_nothing_begins_and_everything_can_be_ended(driver):
    pod, waiting = driver.pod(mounted()).start(), driver.pod(mounted())
    checksum = pod.write()
    waiting.publish()
    before = driver.client.volumes()
    filler = driver.state / "filler"
    fill(filler)
    code, said = failure(waiting.stage)
    assert (code, "No space left" in said) == (Code.UNAVAILABLE, True)
    assert pod.checksum() == checksum
    assert driver.client.volumes() == before
    pod.stop()
    assert mounted_below(driver.folder) == [str(driver.state)]
    assert driver.client.ready()
    filler.unlink()
    waiting.start()
    waiting.stop()
    driver.client.delete(waiting.volume_id)


def fill(file: Path):
    with file.open("wb", buffering=0) as stream:
        for size in (65536, 4096, 512):
            try:
                while stream.write(bytes(size)) == size:
                    pass
            except OSError:
                continue


def failure(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), str(caught.value.details())
