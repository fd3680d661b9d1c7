"""Several volumes as they were at one moment, as programs take them."""

import datetime as dt

import pytest

import cinderblock
from persistence.memory import MemoryStore

CONNECTOR = {"host": "one", "initiator": "iqn.2026-01.io.example:one"}


def test_a_group_is_found_restored_from_and_goes_as_a_whole(lab):
    storage = lab.open()
    backend = lab.backend(storage=storage)
    data, log = backend.create_volume(1, id="data"), backend.create_volume(2, id="log")
    before = dt.datetime.now(dt.UTC)
    group = storage.create_group_snapshot([log, data], "nightly")
    assert (group.name, group.volume_ids, group.created_at >= before) == ("nightly", ["data", "log"], True)
    assert [(one.volume_id, one.size_gib) for one in group.snapshots()] == [("data", 1), ("log", 2)]
    assert storage.group_snapshot(group.id) == group
    assert storage.group_snapshots() == [group]
    assert data.snapshots() == group.snapshots()[:1]
    assert group.snapshots()[1].create_volume().size_gib == 2
    with pytest.raises(cinderblock.InvalidRequest, match="belongs to group snapshot"):
        data.snapshots()[0].delete()
    group.delete()
    group.delete()
    assert (storage.group_snapshots(), storage.snapshots(), len(lab.files())) == ([], [], 3)
    for gone in (group.snapshots, lambda: storage.group_snapshot(group.id)):
        with pytest.raises(cinderblock.NotFound, match="no group snapshot"):
            gone()


def test_the_same_id_asked_for_again_is_the_same_group(lab):
    storage = lab.open()
    backend = lab.backend(storage=storage)
    one, two = backend.create_volume(1), backend.create_volume(1)
    group = storage.create_group_snapshot([one], id="g")
    assert group.name == "g"
    assert storage.create_group_snapshot([one], id="g") == group
    with pytest.raises(cinderblock.AlreadyExists, match="use another name"):
        storage.create_group_snapshot([one, two], id="g")
    assert len(storage.snapshots()) == 1


def test_what_can_never_be_is_refused_before_anything_is_done(lab):
    storage = lab.open()
    backend = lab.backend("SharedDriver", storage=storage)
    one, two, gone = (backend.create_volume(1) for _ in range(3))
    gone.delete()
    for volumes in ([], [one, one]):
        with pytest.raises(cinderblock.InvalidRequest, match="each once"):
            storage.create_group_snapshot(volumes)
    with pytest.raises(cinderblock.NotFound):
        storage.create_group_snapshot([one, gone])
    with pytest.raises(cinderblock.InvalidRequest, match="the id"):
        storage.create_group_snapshot([one], id="")
    connection = two.connect(CONNECTOR)
    with pytest.raises(cinderblock.InUse, match="would not belong together"):
        storage.create_group_snapshot([one, two])
    connection.disconnect()
    assert (storage.snapshots(), storage.group_snapshots(), len(lab.files())) == ([], [], 2)


def test_a_group_that_fails_is_taken_back_or_finished_by_the_same_call(lab):
    storage = lab.open()
    backend = lab.backend("FailingDriver", storage=storage)
    volumes = [backend.create_volume(1), backend.create_volume(1)]
    broken = lab.folder / "broken"
    broken.touch()
    with pytest.raises(cinderblock.BackendUnavailable):
        storage.create_group_snapshot(volumes)
    assert (storage.snapshots(), len(lab.files())) == ([], 2)
    with pytest.raises(cinderblock.BackendUnavailable) as caught:
        storage.create_group_snapshot(volumes, id="g")
    assert any("'g'" in note for note in caught.value.__notes__)
    assert storage.group_snapshots() == []
    broken.unlink()
    group = storage.create_group_snapshot(volumes, id="g")
    assert (len(group.snapshots()), len(lab.files())) == (2, 4)


def test_a_handle_never_deletes_another_group_that_has_its_id_by_now(lab):
    storage = lab.open()
    volume = lab.backend(storage=storage).create_volume(1)
    old = storage.create_group_snapshot([volume], id="g")
    old.delete()
    new = storage.create_group_snapshot([volume], id="g")
    assert old != new
    old.delete()
    assert storage.group_snapshots() == [new]


@pytest.mark.parametrize("which", ["all", "one volume"])
def test_what_belongs_to_a_group_can_still_go_after_it_was_kept_as_json(lab, which):
    with lab.open() as storage:
        backend = lab.backend(storage=storage)
        volumes = [backend.create_volume(1, id="one"), backend.create_volume(1, id="two")]
        storage.create_group_snapshot(volumes, id="g")
        kept = storage.to_json() if which == "all" else volumes[0].to_json()
    with lab.open(MemoryStore()) as storage:
        loaded = storage.load_json(kept)
        assert storage.load_json(kept) == loaded
        backend = lab.backend(storage=storage)
        (group,) = storage.group_snapshots()
        group.delete()
        assert (storage.snapshots(), storage.group_snapshots()) == ([], [])
        for volume in loaded:
            volume.delete()
    assert len(lab.files()) == (0 if which == "all" else 2)
