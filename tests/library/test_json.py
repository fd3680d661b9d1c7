"""Records as JSON that the program keeps by itself: the way of a program with no store."""

import json

import pytest

import cinderblock
from persistence.memory import MemoryStore
from persistence.seal import new_key_file

CONNECTOR = {"host": "one", "initiator": "iqn.2026-01.io.example:one"}


def key(lab, name="key"):
    file = lab.folder / name
    if not file.exists():
        new_key_file(file)
    return file


def test_a_program_with_no_store_goes_on_from_its_json(lab):
    with lab.open("memory:", key_file=key(lab)) as storage:
        volume = lab.backend("SharedDriver", storage=storage).create_volume(1, name="data", multiattach=True)
        volume.create_snapshot("before")
        volume.connect(CONNECTOR)
        kept = volume.to_json()
    with lab.open("memory:", key_file=key(lab)) as storage:
        (found,) = storage.load_json(kept)
        assert (found, found.name) == (volume, "data")
        lab.backend("SharedDriver", storage=storage)
        (connection,) = found.connections()
        (snapshot,) = found.snapshots()
        assert connection.connection_info["data"]["auth_password"]
        connection.disconnect()
        assert lab.exports() == []
        snapshot.create_volume().delete()
        snapshot.delete()
        found.delete()
    assert lab.files() == []


@pytest.mark.parametrize("whole", [False, True])
def test_an_attachment_goes_with_its_volume_s_json(lab, loops, whole):
    with lab.open("memory:") as storage:
        volume = lab.backend(storage=storage).create_volume(1)
        device = volume.attach().device
        kept = (storage if whole else volume).to_json()
    with lab.open("memory:") as storage:
        (found,) = storage.load_json(kept)
        lab.backend(storage=storage)
        assert [connection.device for connection in found.connections()] == [device]
        found.detach()


def test_a_tombstone_goes_with_everything(lab):
    with lab.open("memory:") as storage:
        backend = lab.backend("DependentDriver", storage=storage)
        volume = backend.create_volume(1)
        volume.create_snapshot("before")
        volume.delete()
        assert (storage.volumes(), len(storage.snapshots()), len(lab.files())) == ([], 1, 2)
        kept = storage.to_json()
    with lab.open("memory:") as storage:
        lab.backend("DependentDriver", storage=storage)
        assert len(storage.load_json(kept)) == 0
        (snapshot,) = storage.snapshots(name="before")
        assert snapshot.create_volume().size_gib == 1
        snapshot.delete()
    assert len(lab.files()) == 1


def test_loading_twice_is_as_once(lab):
    storage = lab.open()
    volume = lab.backend("SharedDriver", storage=storage).create_volume(1)
    volume.connect(CONNECTOR)
    kept = storage.to_json()
    assert storage.load_json(kept) == [volume]
    assert storage.volumes() == [volume]
    assert storage.to_json(secrets=True) == storage.to_json(secrets=True)


def test_something_else_of_the_same_id_is_refused_and_nothing_of_the_text_is_stored(lab):
    with lab.open(MemoryStore()) as storage:
        backend = lab.backend(storage=storage)
        backend.create_volume(1, id="a")
        backend.create_volume(1, id="b")
        kept = storage.to_json()
    storage = lab.open(MemoryStore())
    lab.backend(storage=storage).create_volume(2, id="b")
    with pytest.raises(cinderblock.AlreadyExists, match="another volume 'b'"):
        storage.load_json(kept)
    assert [volume.size_gib for volume in storage.volumes()] == [2]


def test_secrets_that_could_never_be_opened_again_are_not_sealed(lab):
    storage = lab.open("memory:", state_dir=None)
    volume = lab.backend("SharedDriver", storage=storage).create_volume(1)
    assert json.loads(volume.to_json())["records"]
    volume.connect(CONNECTOR)
    with pytest.raises(cinderblock.InvalidRequest, match="key_file"):
        volume.to_json()
    assert volume.to_json(secrets=True)


def test_another_key_does_not_open_what_is_sealed(lab):
    with lab.open(MemoryStore(), key_file=key(lab)) as storage:
        volume = lab.backend("SharedDriver", storage=storage).create_volume(1)
        volume.connect(CONNECTOR)
        kept = volume.to_json()
    for given in (key(lab, "other"), None):
        store, state_dir = (MemoryStore(), lab.state) if given else ("memory:", None)
        with lab.open(store, key_file=given, state_dir=state_dir) as storage:
            with pytest.raises(cinderblock.StoreUnusable, match="key"):
                storage.load_json(kept)
            assert storage.volumes() == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"cinderblock": 2, "secrets": "clear", "records": []}',
        '{"cinderblock": 1, "secrets": "half", "records": []}',
        '{"cinderblock": 1, "secrets": "clear", "records": [{"kind": "tree", "document": {}}]}',
        '{"cinderblock": 1, "secrets": "clear", "records": [{"kind": "volume", "document": "x"}]}',
        '{"cinderblock": 1, "secrets": "clear", "records": [7]}',
    ],
)
def test_what_is_no_such_text_is_refused(lab, text):
    with pytest.raises(cinderblock.InvalidRequest, match="no document"):
        lab.open().load_json(text)


def test_a_record_that_is_not_whole_is_refused(lab):
    storage = lab.open()
    content = json.loads(lab.backend(storage=storage).create_volume(1).to_json())
    del content["records"][0]["document"]["cinder_id"]
    with pytest.raises(cinderblock.InvalidRequest, match="lacks cinder_id"):
        storage.load_json(json.dumps(content))
