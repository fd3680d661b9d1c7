"""What a back end has already, as programs take it over and give it back."""

import pytest

import cinderblock
from cinderblock.units import GIB


def foreign(lab, name="disk", content=b"theirs"):
    """Put something into the back end's folder that nobody made through us; return its reference."""
    file = lab.folder / "files" / name
    file.write_bytes(content)
    with file.open("r+b") as stream:
        stream.truncate(2 * GIB)
    return {"source-name": name}


def content(lab, record, kind="volume"):
    (file,) = (lab.folder / "files").glob(f"{kind}-{record.record.cinder_id}*")
    with file.open("rb") as stream:
        return stream.read(6)


def test_a_volume_is_taken_over_and_given_back_with_its_content(lab):
    backend = lab.backend()
    reference = foreign(lab)
    (found,) = backend.manageable()
    assert isinstance(found, cinderblock.Manageable)
    assert (found.reference, found.size_gib, found.in_the_way) == (reference, 2, "")
    volume = backend.manage(reference, name="data", metadata={"a": "b"}, extra_specs={"c": "d"}, qos_specs={"e": "f"})
    assert (volume.name, volume.size_gib, volume.metadata) == ("data", 2, {"a": "b"})
    assert (volume.extra_specs, volume.qos_specs) == ({"c": "d"}, {"e": "f"})
    assert content(lab, volume) == b"theirs"
    now = volume.unmanage()
    assert (backend.volumes(), lab.files()) == ([], [now["source-name"]])
    assert volume.unmanage() == {}
    assert content(lab, volume) == b"theirs"


def test_a_volume_is_taken_over_once(lab):
    backend = lab.backend()
    reference = foreign(lab)
    volume = backend.manage(reference, id="v")
    assert backend.manage(reference, id="v") == volume
    with pytest.raises(cinderblock.AlreadyExists):
        backend.manage(reference)
    with pytest.raises(cinderblock.AlreadyExists, match="called 'v', 'other' wanted"):
        backend.manage(reference, id="v", name="other")
    with pytest.raises(cinderblock.AlreadyExists):
        backend.create_volume(2, id="v")
    assert (backend.volumes(), len(lab.files())) == ([volume], 1)


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ({}, "says where the driver finds it"),
        (None, "says where the driver finds it"),
        ({"source-name": 7}, "mapping of texts to texts"),
        ({"": "disk"}, "mapping of texts to texts"),
        ({"source-name": "nothing"}, "nothing"),
    ],
)
def test_what_is_not_there_is_not_taken_over(lab, reference, words):
    backend = lab.backend()
    foreign(lab)
    with pytest.raises(cinderblock.InvalidRequest, match=words):
        backend.manage(reference)
    with pytest.raises(cinderblock.InvalidRequest, match=words):
        backend.create_volume(1, id="v").manage_snapshot(reference)
    assert [volume.id for volume in backend.volumes()] == ["v"]
    assert lab.open().snapshots() == []


def test_a_snapshot_is_taken_over_and_given_back_with_its_content(lab):
    volume = lab.backend().create_volume(2)
    snapshot = volume.manage_snapshot(foreign(lab), "before", id="s", description="theirs", metadata={"a": "b"})
    assert (snapshot.name, snapshot.description, snapshot.size_gib) == ("before", "theirs", 2)
    assert (volume.snapshots(), snapshot.metadata) == ([snapshot], {"a": "b"})
    assert content(lab, snapshot.create_volume()) == b"theirs"
    with pytest.raises(cinderblock.InUse, match="has snapshots"):
        volume.unmanage()
    now = snapshot.unmanage()
    assert now["source-name"] in lab.files()
    assert (volume.snapshots(), snapshot.unmanage()) == ([], {})
    assert volume.manage_snapshot(now, "again").size_gib == 2


def test_a_connected_volume_is_not_given_back(lab):
    volume = lab.backend("SharedDriver").create_volume(1)
    volume.connect({"host": "one", "initiator": "iqn.2026-01.io.example:one"})
    with pytest.raises(cinderblock.InUse, match="published to one"):
        volume.unmanage()
    assert volume.reload().status == "available"


def test_a_handle_never_gives_back_another_volume_that_has_its_id_by_now(lab):
    backend = lab.backend()
    old = backend.create_volume(1, id="v")
    taken = old.create_snapshot(id="s")
    taken.delete()
    old.delete()
    new = backend.create_volume(1, id="v")
    kept = new.create_snapshot(id="s")
    assert (old.unmanage(), taken.unmanage()) == ({}, {})
    assert (backend.volumes(), new.snapshots()) == ([new], [kept])


def test_a_failure_that_may_have_begun_says_how_to_go_on(lab):
    with lab.open() as storage:
        backend = lab.backend("LosingDriver", storage=storage)
        with pytest.raises(cinderblock.BackendUnavailable) as caught:
            backend.manage(foreign(lab), name="data")
        (volume,) = backend.volumes()
        assert any(volume.id in note for note in caught.value.__notes__)
    found = lab.backend().manage({"source-name": "disk"}, id=volume.id, name="data")
    assert (found.status, content(lab, found)) == ("available", b"theirs")
