"""Finding objects, and what a handle does when its object is gone, or another has its id by now."""

import datetime as dt

import pytest

import cinderblock


def test_a_volume_tells_what_it_is(lab):
    before = dt.datetime.now(dt.UTC)
    volume = lab.backend().create_volume(1, name="data", description="for the test", metadata={"a": "b"})
    assert (volume.name, volume.description, volume.size_gib) == ("data", "for the test", 1)
    assert (volume.status, volume.backend, volume.pool) == (cinderblock.Status.AVAILABLE, "files", "files")
    assert before <= volume.created_at <= dt.datetime.now(dt.UTC)
    assert repr(volume) == f"<Volume {volume.id} 'data' 1 GiB available>"
    with pytest.raises(TypeError):
        volume.metadata["a"] = "c"
    assert lab.open().volume(volume.id).metadata == {"a": "b"}
    snapshot = volume.create_snapshot("before", description="for it", metadata={"c": "d"})
    assert (snapshot.name, snapshot.description, snapshot.metadata) == ("before", "for it", {"c": "d"})


def test_objects_are_found_by_id_by_name_and_by_where_they_are(lab):
    storage = lab.open()
    one, two = (
        lab.backend("SharedDriver", storage=storage, name=name, local_files_path=lab.folder / name)
        for name in ("one", "two")
    )
    a, b, c = one.create_volume(1, name="a"), one.create_volume(1, name="b"), two.create_volume(1, name="a")
    assert storage.volume(a.id) == a
    assert set(storage.volumes()) == {a, b, c}
    assert set(storage.volumes(name="a")) == {a, c}
    assert storage.volumes(name="a", backend="two") == two.volumes() == [c]
    assert one.volumes(name="b") == [b]
    assert one.volumes(name="c") == []
    snapshot = a.create_snapshot("s")
    assert [storage.snapshot(snapshot.id), *storage.snapshots(name="s"), *a.snapshots()] == [snapshot] * 3
    assert (storage.snapshots(backend="two"), b.snapshots()) == ([], [])
    connection = a.connect({"host": "h", "initiator": "iqn"})
    assert [storage.connection(connection.id), *storage.connections(host="h")] == [connection] * 2
    assert (storage.connections(host="i"), storage.connections(backend="two"), b.connections()) == ([], [], [])


def test_what_is_not_there_is_said_so(lab):
    storage = lab.open()
    for find in (storage.volume, storage.snapshot, storage.connection):
        with pytest.raises(cinderblock.NotFound, match="'x'"):
            find("x")


def test_what_is_gone_is_deleted_again_with_success_and_everything_else_says_that_it_is_gone(lab):
    volume = lab.backend("SharedDriver").create_volume(1)
    snapshot = volume.create_snapshot()
    snapshot.delete()
    volume.delete()
    volume.delete()
    snapshot.delete()
    verbs = [
        volume.reload,
        volume.clone,
        volume.create_snapshot,
        volume.to_json,
        snapshot.reload,
        snapshot.create_volume,
        lambda: volume.extend(2),
        lambda: volume.set_metadata({"a": "b"}),
        lambda: volume.retype(extra_specs={"a": "b"}),
        lambda: volume.revert(snapshot),
        lambda: volume.manage_snapshot({"source-name": "x"}),
        lambda: volume.connect({"host": "h", "initiator": "iqn"}),
    ]
    for verb in verbs:
        with pytest.raises(cinderblock.NotFound):
            verb()


def test_a_handle_never_does_anything_to_another_volume_that_has_its_id_by_now(lab):
    backend = lab.backend()
    old = backend.create_volume(1, id="v")
    old.delete()
    new = backend.create_volume(3, id="v")
    old.delete()
    with pytest.raises(cinderblock.NotFound):
        old.extend(4)
    assert old != new
    assert new.reload().size_gib == 3


def test_the_same_id_asked_for_again_is_the_same_volume(lab):
    backend = lab.backend()
    volume = backend.create_volume(1, id="v", name="data", extra_specs={"a": "b"})
    assert backend.create_volume(1, id="v", name="data", extra_specs={"a": "b"}) == volume
    wished = {"size_gib": 1, "id": "v", "name": "data", "extra_specs": {"a": "b"}}
    for name, value in (("size_gib", 2), ("name", "other"), ("extra_specs", {}), ("qos_specs", {"c": "d"})):
        with pytest.raises(cinderblock.AlreadyExists):
            backend.create_volume(**{**wished, name: value})
    snapshot = volume.create_snapshot("s", id="s")
    assert volume.create_snapshot("s", id="s") == snapshot
    with pytest.raises(cinderblock.AlreadyExists):
        volume.create_snapshot("t", id="s")
    assert len(lab.files()) == 2


def test_a_volume_of_a_back_end_that_is_not_open_says_so(lab):
    with lab.open() as storage:
        volume = lab.backend(storage=storage).create_volume(1)
    found = lab.open().volume(volume.id)
    for verb in (found.delete, found.create_snapshot, lambda: found.extend(2)):
        with pytest.raises(cinderblock.BackendUnavailable, match="'files' is not open; open it with its options first"):
            verb()
    assert found.size_gib == 1


def test_a_back_end_tells_its_pools_and_all_that_it_says_of_itself(lab):
    backend = lab.backend("PoolsDriver")
    assert [(pool.name, pool.total_gib) for pool in backend.pools()] == [("small", 50), ("large", 90)]
    stats = backend.stats()
    assert (stats["vendor_name"], len(stats["pools"])) == ("Cinderblock", 2)
