"""Several volumes as they were at one moment, as programs take them."""

import datetime as dt

import pytest

import cinderblock

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
