"""What the journal, the mounts and the kernel's names of devices say when they do not agree."""

import json
import subprocess
from pathlib import Path

import pytest

from cinderblock.brick import loop
from cinderblock.errors import BackendUnavailable, DeviceMismatch, InUse
from csi.node import blocks
from tests.node.conftest import block, leftovers, mount

ONE, OTHER = "6001405" + "a" * 25, "6001405" + "b" * 25


def incarnated(lab, incarnation):
    info = {"driver_volume_type": "local", "data": {"device_path": str(lab.file("vol")), "format": "raw"}}
    text = json.dumps({"connection_info": info, "readonly": False, "wwn": "", "incarnation": incarnation})
    return {"connection": lab.sealer.seal_text(text, purpose="publish_context/vol")}


@pytest.mark.alone  # a namespace of mounts keeps what others unmount
@pytest.mark.parametrize("capability", [mount(), block()], ids=["mount", "block"])
def test_a_driver_that_was_replaced_knows_the_devices_that_the_old_one_made_in_its_namespace(lab, capability):
    lab.volume()
    inside = lab.folder / "inside"
    inside.mkdir()
    script = f"mount --bind {lab.folder}/volumes {inside} && losetup -f --direct-io=on {inside}/vol.img"
    subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", script], check=True)
    lab.stage(capability=capability)
    target = lab.publish(capability=capability)
    lab.restarted()
    ran = len(lab.runner.ran)
    lab.stage(capability=capability)
    lab.publish(capability=capability)
    assert lab.runner.ran[ran:] == []
    assert lab.stats(target)
    lab.unpublish()
    lab.unstage()
    assert lab.loop() is None


@pytest.mark.alone  # nobody else may get the device in between
def test_a_device_that_goes_to_another_volume_while_it_is_staged_is_not_formatted(lab):
    lab.volume()
    lab.volume("other")

    def swap():
        del lab.host.after["connect"]
        made = lab.loop()
        loop.detach(made)
        subprocess.run(["losetup", made.path, lab.file("other")], check=True)

    lab.host.after["connect"] = swap
    with pytest.raises(BackendUnavailable, match="taken away"):
        lab.stage()
    assert lab.file("other").stat().st_blocks == 0
    loop.detach(lab.loop("other"))
    lab.stage()
    lab.unstage()


def test_detaching_by_hand_takes_nothing_away_from_a_mounted_volume(lab):
    lab.volume()
    lab.stage()
    target = lab.publish()
    device = lab.loop().path
    subprocess.run(["losetup", "-d", device], check=True)
    lab.stage()
    lab.publish()
    (Path(target) / "data").write_text("here")
    lab.unpublish()
    lab.unstage()
    lab.stage()
    assert (Path(lab.staging("vol")) / "data").read_text() == "here"
    lab.unstage()


def test_a_later_volume_of_the_same_name_may_be_another_unit(lab):
    lab.volume()
    lab.host.identity = ONE
    lab.stage(context=incarnated(lab, "first"))
    lab.unstage()
    lab.host.identity = OTHER
    with pytest.raises(DeviceMismatch, match="first staged here"):
        lab.stage(context=incarnated(lab, "first"))
    lab.stage(context=incarnated(lab, "second"))
    lab.unstage()
    lab.host.identity = ONE
    with pytest.raises(DeviceMismatch, match="first staged here"):
        lab.stage(context=incarnated(lab, "second"))
    assert leftovers(lab.folder) == []


def test_the_drivers_word_counts_more_than_what_was_remembered(lab):
    lab.volume()
    lab.host.identity = ONE
    lab.stage()
    lab.unstage()
    lab.host.identity = OTHER
    lab.stage(context=lab.context("vol", wwn=f"naa.{OTHER}"))
    lab.unstage()


def test_an_entry_of_an_earlier_stage_unmounts_nothing_of_others(lab):
    lab.volume()
    lab.stage()
    path = lab.staging("vol")
    subprocess.run(["umount", path], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", path], check=True)
    for call in (lab.stage, lab.unstage):
        with pytest.raises((InUse, BackendUnavailable), match="left alone"):
            call()
    assert lab.shown(path).fs_type == "tmpfs"
    subprocess.run(["umount", path], check=True)
    lab.unstage()


def test_a_stage_over_what_cannot_be_taken_back_is_not_answered_finally(lab):
    lab.volume()
    lab.stage()
    lab.publish()
    subprocess.run(["umount", lab.staging("vol")], check=True)
    with pytest.raises(BackendUnavailable, match="unpublish"):
        lab.stage()
    assert lab.loop() is not None
    lab.unpublish()
    lab.stage()
    lab.unstage()


def test_unstaging_at_another_path_takes_nothing_from_the_right_one(lab):
    lab.volume()
    lab.stage()
    lab.unstage(path=lab.staging("elsewhere"))
    assert lab.is_mounted(lab.staging("vol"))
    lab.volume("other")
    lab.stage("other")
    with pytest.raises(InUse, match="left alone"):
        lab.unstage(path=lab.staging("other"))
    assert lab.is_mounted(lab.staging("other"))
    lab.unstage("other")
    lab.unstage()


@pytest.mark.parametrize("capability", [mount(), mount("btrfs"), block()], ids=["ext4", "btrfs", "block"])
def test_a_lost_journal_is_measured_and_keeps_one_target_one(lab, capability):
    lab.volume()
    lab.stage(capability=capability)
    target = lab.publish(capability=capability)
    usage = lab.stats(target)
    lab.lose_journal()
    # As a kubelet asks: it does not say where the volume is staged.
    assert lab.stats(target).keys() == usage.keys()
    lab.stage(capability=capability)
    with pytest.raises(InUse, match="one target"):
        lab.publish(capability=capability, name="other")
    lab.publish(capability=capability)
    lab.unpublish()
    lab.publish(capability=capability, name="other")
    lab.unpublish(name="other")
    lab.unstage()


def test_a_lost_journal_does_not_end_sharing(lab):
    capability = mount(mode="SINGLE_NODE_MULTI_WRITER")
    lab.volume()
    lab.stage(capability=capability)
    lab.publish(capability=capability, name="a")
    lab.lose_journal()
    lab.publish(capability=capability, name="b")
    lab.publish(capability=capability, name="a")
    for name in ("a", "b"):
        lab.unpublish(name=name)
    lab.unstage()


def test_a_path_of_no_volume_is_not_measured(lab):
    with pytest.raises(Exception, match="not on this node"):
        lab.stats("/")
    with pytest.raises(Exception, match="not on this node"):
        lab.stats(str(lab.folder))


def test_a_file_system_that_shut_down_is_taken_away(lab):
    lab.volume()
    lab.stage(capability=mount("xfs"))
    target = lab.publish(capability=mount("xfs"))
    subprocess.run(["xfs_io", "-x", "-c", "shutdown", target], check=True)
    assert lab.health() != []
    # A kubelet that restarts asks again; what is mounted is what it wants, dead or not.
    lab.stage(capability=mount("xfs"))
    lab.unpublish()
    lab.unstage()
    lab.stage(capability=mount("xfs"))
    assert lab.health() == []
    lab.unstage()


def test_a_backing_file_that_was_removed_stops_no_one_from_leaving(lab):
    for capability in (mount(), block()):
        lab.volume()
        lab.stage(capability=capability)
        target = lab.publish(capability=capability)
        lab.file("vol").unlink()
        assert lab.health() == ["BackingFileMissing"]
        lab.stage(capability=capability)
        lab.publish(capability=capability)
        assert Path(target).exists()
        lab.unpublish()
        lab.unstage()
        assert [each for each in loop.bound() if str(lab.folder) in each.backing] == []


def test_a_volume_that_was_made_again_under_its_name_is_another_one(lab):
    lab.volume()
    lab.stage()
    (Path(lab.staging("vol")) / "data").write_text("old")
    old = lab.loop()
    subprocess.run(["umount", lab.staging("vol")], check=True)
    lab.file("vol").unlink()
    lab.volume()
    lab.stage()
    assert not (Path(lab.staging("vol")) / "data").exists()
    lab.unstage()
    # A new file of another test may have got the number of the old one.
    ours = [each.file_id for each in loop.bound() if each.backing.startswith(str(lab.folder))]
    assert old.file_id not in ours


def test_a_stale_entry_takes_nothing_from_a_file_that_got_the_number_of_the_removed_one(lab):
    lab.volume()
    lab.stage(capability=block())
    (file,) = lab.journal_files()
    entry = json.loads(file.read_text())
    lab.unstage()
    lab.volume("other")
    lab.stage("other", block())
    taken = lab.loop("other")
    # File systems give out inode numbers again, and the kernel names of devices.
    entry["device"].update(path=taken.path, file_id=f"{taken.device}:{taken.inode}:vol.img")
    file.write_text(json.dumps(entry))
    lab.unstage()
    assert lab.loop("other") == taken
    lab.unstage("other")


def test_a_device_is_read_only_for_its_reader_only(lab):
    lab.volume()
    lab.stage(capability=block())
    lab.publish(capability=block(), readonly=True)
    device = lab.loop().path
    assert blocks.is_readonly(device)
    lab.unpublish()
    assert not blocks.is_readonly(device)
    lab.unstage()


def test_a_kubelets_own_bind_and_loop_device_keep_the_volume_until_they_go(lab):
    lab.volume()
    lab.stage(capability=block())
    target = lab.publish(capability=block())
    mapped = lab.folder / "pods" / "map"
    mapped.touch()
    subprocess.run(["mount", "--bind", target, mapped], check=True)
    over = subprocess.run(["losetup", "-f", "--show", mapped], check=True, capture_output=True, text=True)
    lab.unpublish()
    with pytest.raises(InUse, match="unpublish it first"):
        lab.unstage()
    subprocess.run(["losetup", "-d", over.stdout.strip()], check=True)
    subprocess.run(["umount", mapped], check=True)
    lab.unstage()


def test_a_loop_device_over_the_published_device_keeps_it_published(lab):
    lab.volume()
    lab.stage(capability=block())
    target = lab.publish(capability=block())
    over = subprocess.run(["losetup", "-f", "--show", target], check=True, capture_output=True, text=True)
    with pytest.raises(InUse, match="used by a process"):
        lab.unpublish()
    assert lab.is_mounted(target)
    lab.publish(capability=block())
    subprocess.run(["losetup", "-d", over.stdout.strip()], check=True)
    lab.unpublish()
    lab.unstage()


def test_a_loop_device_that_stays_open_keeps_the_volume_staged(lab):
    lab.volume()
    lab.stage(capability=block())
    over = subprocess.run(["losetup", "-f", "--show", lab.loop().path], check=True, capture_output=True, text=True)
    with pytest.raises(InUse, match="still open"):
        lab.unstage()
    subprocess.run(["losetup", "-d", over.stdout.strip()], check=True)
    lab.unstage()
