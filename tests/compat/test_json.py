"""JSON in and out: what programs keep by themselves, and what cinderlib itself has written."""

import json
from pathlib import Path

import pytest

import cinderblock
from cinderblock.compat import cinderlib

DATA = Path(__file__).resolve().parents[1] / "data" / "cinderlib"
CONNECTOR = {"host": "one", "initiator": "iqn.2026-01.io.example:one"}


@pytest.fixture
def backend(lab):
    lab.set_up(output_all_backend_info=True)
    return lab.backend("SharedDriver")


def again(lab):
    """Begin again, with nothing stored and nothing open."""
    lab.set_up()
    assert cinderlib.Backend.backends == {}


@pytest.mark.parametrize("form", ["json", "jsons", "dump", "dumps"])
def test_a_program_that_keeps_json_needs_nothing_else(lab, backend, form):
    volume = backend.create_volume(1, name="data", metadata={"a": "b"}, qos_specs={"c": "d"})
    snapshot, connection = volume.create_snapshot("first"), volume.connect(CONNECTOR)
    info, kept = connection.conn_info, getattr(volume, form)
    again(lab)
    found = cinderlib.load(kept)
    assert (found.id, found.name, found.metadata, found.status) == (volume.id, "data", {"a": "b"}, "in-use")
    assert [(one.id, one.conn_info) for one in found.connections] == [(connection.id, info)]
    assert [(one.id, one.name) for one in found.snapshots] == [(snapshot.id, "first")]
    assert found.backend.volumes == []
    found.connections[0].disconnect()
    found.snapshots[0].delete()
    found.delete()
    assert (lab.files(), lab.exports(), found.backend.volumes) == ([], [], [])


def test_everything_comes_back_at_once(lab, backend):
    one, two = backend.create_volume(1, name="one"), backend.create_volume(1, name="two")
    snapshot = two.create_snapshot()
    kept = cinderlib.dumps()
    assert json.loads(cinderlib.jsons()) == cinderlib.json() == cinderlib.dump()
    again(lab)
    (found,) = cinderlib.load(kept, save=True)
    assert {volume.id: volume.name for volume in found.volumes} == {one.id: "one", two.id: "two"}
    assert [one.id for one in cinderlib.Volume.get_by_id(two.id).snapshots] == [snapshot.id]


def test_what_is_only_looked_at_is_not_stored_and_what_is_saved_is(lab, backend):
    kept = backend.create_volume(1, name="kept").jsons
    again(lab)
    found = cinderlib.load(kept)
    assert cinderlib.Backend.persistence.get_volumes() == []
    found.save()
    assert cinderlib.Backend.persistence.get_volumes() == [found]


def test_what_is_stored_counts_more_than_an_old_json(lab, backend):
    volume = backend.create_volume(1, name="name")
    old = volume.json
    volume.extend(2)
    assert (cinderlib.load(old) is volume, volume.size) == (True, 2)
    old["ovo"]["versioned_object.data"]["display_name"] = "other"
    assert cinderlib.Volume.load(old, save=True).name == "other"
    assert volume.refresh() is None
    assert (volume.name, volume.size) == ("other", 2)


def test_snapshots_and_connections_come_back_with_their_volume(lab, backend):
    volume = backend.create_volume(1)
    snapshot, connection = volume.create_snapshot("first").jsons, volume.connect(CONNECTOR).jsons
    again(lab)
    found = cinderlib.load(snapshot)
    assert (found.name, found.volume.id) == ("first", volume.id)
    assert cinderlib.Backend.persistence.get_volumes() == []
    cinderlib.Connection.load(connection).disconnect()
    assert lab.exports() == []
    found.create_volume().delete()
    found.delete()
    cinderlib.Volume.get_by_id(volume.id).delete()
    assert lab.files() == []


def test_a_back_end_that_is_not_open_is_refused_or_stays_a_name(lab, backend):
    kept = {**backend.create_volume(1).json, "backend": {"volume_backend_name": "files"}}
    again(lab)
    with pytest.raises(cinderblock.ConfigurationError, match="'files' is not open"):
        cinderlib.load(kept)
    lab.set_up(fail_on_missing_backend=False)
    assert cinderlib.load(kept).backend == "files"


def test_a_volume_without_what_belongs_to_it_is_simple(backend):
    volume = backend.create_volume(1)
    volume.create_snapshot()
    assert "snapshots" in volume.to_json(simplified=False)["ovo"]["versioned_object.data"]
    assert "snapshots" not in volume.to_json()["ovo"]["versioned_object.data"]
    assert json.loads(volume.to_jsons()) == volume.to_json()
    assert (volume.to_dict()["id"], volume.to_dict()["size"]) == (volume.id, 1)


@pytest.mark.parametrize("name", ["all-dumps", "backend-jsons", "volume", "volume-specs", "snapshot", "connection"])
def test_what_cinderlib_itself_has_written_is_loaded_and_written_again(lab, name):
    lab.set_up(secrets_in_json=True)
    content = (DATA / f"{name}.json").read_text()
    backends = {"fast": lab.backend(name="fast"), "files": lab.backend(name="files")}
    loaded = cinderlib.load(content, save=True)
    for one, source in zip(listed(loaded), listed(json.loads(content)), strict=True):
        volumes = {volume.id: volume for volume in backends[source["backend"]["volume_backend_name"]].volumes}
        told = source["volumes"] if source["class"] == "Backend" else [source]
        for object_ in told:
            fields = object_["ovo"]["versioned_object.data"]
            found = volumes.get(fields["id"]) if source["class"] == "Backend" else one
            if found is None:
                # Deleted, and kept for its snapshots.
                assert fields["status"] == "deleted"
                continue
            for field in ("id", "display_name", "size", "provider_location", "attached_host", "user_id", "volume_id"):
                assert fields.get(field) == (found.to_dict().get(field) if field in fields else None)


def listed(content):
    return content if isinstance(content, list) else [content]
