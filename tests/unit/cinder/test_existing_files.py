"""Which files of the folder can be taken over as volumes, and what becomes of them."""

import os

import pytest

from cinderblock.errors import BackendUnavailable, InvalidRequest
from cinderblock.units import GIB, in_bytes
from tests.contract.drivers import stored_snapshot
from tests.unit.cinder.test_local_files import LOCAL


@pytest.fixture
def folder(lab):
    lab.driver, _ = lab.start(LOCAL)
    return lab.folder / "array"


def add(folder, name="disk.img", content=b"content", size_bytes=GIB):
    file = folder / name
    file.write_bytes(content)
    os.truncate(file, size_bytes)
    return file


def beginning(file, length):
    with file.open("rb") as stream:
        return stream.read(length)


@pytest.mark.parametrize(
    ("size_bytes", "size_gib"), [(0, 1), (1, 1), (in_bytes(1), 1), (in_bytes(1) + 1, 2), (in_bytes(3), 3)]
)
def test_a_file_becomes_a_volume_of_whole_gib_for_root_only(lab, folder, size_bytes, size_gib):
    add(folder, size_bytes=size_bytes).chmod(0o644)
    volume = lab.volume(size_gib=size_gib)
    assert lab.driver.size_gib_of(volume, {"source-name": "disk.img"}) == size_gib
    lab.driver.manage(volume, {"source-name": "disk.img"})
    (file,) = folder.iterdir()
    assert file.name == f"volume-{volume.cinder_id}"
    assert file.stat().st_size == in_bytes(size_gib)
    assert file.stat().st_mode & 0o777 == 0o600
    assert beginning(file, 7) == b"content"[:size_bytes].ljust(7, b"\0")


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "../cinder.conf", "/etc/passwd", "nul\0", "absent"])
def test_only_files_of_the_folder_have_a_name(lab, folder, name):
    (folder / ".hidden").write_bytes(b"half a copy")
    with pytest.raises(InvalidRequest, match=r"source-name must be|no such file"):
        lab.driver.size_gib_of(lab.volume(), {"source-name": name})


def make(folder, kind):
    if kind == "qcow2 image":
        add(folder, content=b"QFI\xfb and more")
    elif kind == "link":
        (folder / "disk.img").symlink_to(add(folder.parent, "elsewhere"))
    elif kind == "folder":
        (folder / "disk.img").mkdir()
    elif kind == "2 names":
        os.link(add(folder), folder / "twin")


@pytest.mark.parametrize("kind", ["qcow2 image", "link", "folder", "2 names"])
def test_what_would_be_no_volume_is_refused_in_words_listed_and_left_alone(lab, folder, kind):
    make(folder, kind)
    before = sorted(file.name for file in folder.iterdir())
    for act in (lab.driver.size_gib_of, lab.driver.manage):
        with pytest.raises(InvalidRequest, match=kind):
            act(lab.volume(), {"source-name": "disk.img"})
    listed = {one.reference["source-name"]: one.in_the_way for one in lab.driver.manageable_volumes([])}
    assert kind in listed["disk.img"]
    assert sorted(file.name for file in folder.iterdir()) == before


def test_what_is_ours_is_listed_as_such(lab, folder):
    volume = lab.volume()
    lab.driver.create(volume)
    snapshot = stored_snapshot(lab.store, volume)
    lab.driver.create_snapshot(snapshot)
    add(folder)
    listed = {one.reference["source-name"]: one.in_the_way for one in lab.driver.manageable_volumes([volume])}
    assert listed == {
        "disk.img": "",
        f"volume-{volume.cinder_id}": "it is managed already",
        f"snapshot-{snapshot.cinder_id}": "it is managed already",
    }


def test_a_name_that_is_taken_is_not_given_again(lab, folder):
    volume = lab.volume()
    lab.driver.create(volume)
    add(folder)
    with pytest.raises(Exception, match="exists"):
        lab.driver.manage(volume, {"source-name": "disk.img"})
    assert (folder / "disk.img").exists()


def test_a_revert_that_fails_leaves_the_volume_as_it_was(lab, folder):
    volume = lab.volume()
    lab.driver.create(volume)
    snapshot = stored_snapshot(lab.store, volume)
    file = add(folder, f"volume-{volume.cinder_id}", b"new data")
    with pytest.raises(BackendUnavailable, match=snapshot.cinder_id):
        lab.driver.revert(volume, snapshot, again=False)
    assert beginning(file, 8) == b"new data"
    assert list(folder.iterdir()) == [file]
