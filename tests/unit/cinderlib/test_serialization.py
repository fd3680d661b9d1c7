"""Cinderlib's JSON: all of it comes back, its secrets only to those who may have them, and what is changed is told."""

import json
from dataclasses import replace

import pytest

from cinderblock.cinderlib.documents import BackendDocument, ConnectionDocument, SnapshotDocument, VolumeDocument
from cinderblock.cinderlib.secrets import Secrets
from cinderblock.cinderlib.serialization import read, read_all, write
from cinderblock.errors import InvalidRequest
from persistence.errors import StoreUnusable
from persistence.records import Status, VolumeRecord
from persistence.seal import Sealer
from tests.contract.stores import SEALER, connection, snapshot, volume
from tests.unit.cinderlib.data import CANARIES, DATA, DOCUMENTS, document

DATA_KEY = "versioned_object.data"


def written(documents, cover):
    return [write(one, cover=cover) for one in documents]


def loaded(content, sealer=None):
    return read(content, sealer=sealer)


def as_list(content):
    return content if isinstance(content, list) else [content]


def fields(content):
    return content["ovo"][DATA_KEY]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_everything_that_cinderlib_wrote_is_written_again(name):
    assert written(read_all((DATA / name).read_text()), Secrets.CLEAR) == as_list(document(name))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_sealed_shows_no_secret_and_opens_with_the_key(name):
    sealed = json.dumps(written(read_all(document(name)), SEALER))
    assert not any(canary in sealed for canary in CANARIES)
    assert written(read_all(sealed, sealer=SEALER), Secrets.CLEAR) == as_list(document(name))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_nobody_gets_a_secret_who_does_not_ask(name):
    content = json.dumps([write(one) for one in read_all(document(name))])
    assert not any(canary in content for canary in CANARIES)


def test_the_canaries_are_in_the_data():
    assert all(any(canary in (DATA / name).read_text() for name in DOCUMENTS) for canary in CANARIES)


def test_what_was_written_without_its_secrets_is_not_loaded():
    with pytest.raises(InvalidRequest, match="written without its secrets"):
        read(write(loaded(document("connection.json"))))


def test_a_document_that_has_no_secrets_needs_no_key():
    whole = document("volume-named.json")
    assert write(read(whole)) == whole


def test_sealed_secrets_need_the_key_that_sealed_them():
    sealed = write(loaded(document("connection.json")), cover=SEALER)
    with pytest.raises(InvalidRequest, match="without the key"):
        read(sealed)
    with pytest.raises(StoreUnusable, match="the key file holds"):
        read(sealed, sealer=Sealer([b"x" * 32]))


def test_a_sealed_secret_opens_in_its_own_place_only():
    sealed = write(loaded(document("connection.json")), cover=SEALER)
    fields(sealed)["id"] = "of-another"
    with pytest.raises(StoreUnusable, match="sealed for another place"):
        read(sealed, sealer=SEALER)


def test_a_volume_is_read_with_what_it_has():
    (used,) = [one for one in volumes("all-dumps.json") if one.record.name == "used"]
    assert used.backend == {"volume_backend_name": "fast"}
    assert used.record.host == "old-machine@fast#bronze"
    assert used.record.provider_auth.startswith("CHAP user-")
    assert {one.node_id for one in used.connections} == {"node-7-id", "node-7", "node-8"}
    assert {one.backend for one in used.connections} == {"fast"}
    assert {one.volume_id for one in used.connections} == {used.record.id}
    assert used.snapshots == ()


def test_a_volume_is_read_with_its_snapshots_and_specs():
    found = {one.record.name: one for one in volumes("memory-dump.json")}
    (before,) = found["plain"].snapshots
    assert (before.name, before.backend, before.volume_id) == ("before", "fast", found["plain"].record.id)
    special = found["special"].record
    assert dict(special.extra_specs) == {"thin": "true", "compression": "<is> False"}
    assert dict(special.qos_specs) == {"maxIOPS": "1000", "minIOPS": "100"}
    assert dict(special.admin_metadata) == {"readonly": "False"}


def test_every_class_becomes_its_document():
    kinds = {
        "volume.json": VolumeDocument,
        "snapshot.json": SnapshotDocument,
        "connection.json": ConnectionDocument,
        "backend-jsons.json": BackendDocument,
    }
    assert {name: type(loaded(document(name))) for name in kinds} == kinds
    assert loaded(document("snapshot.json")).volume.record.name == "plain"
    assert loaded(document("connection.json")).volume.record.name == "used"
    assert loaded(document("connection-simple.json")).volume is None
    assert loaded(document("volume-simple.json")).connections is None


def test_states_are_read_as_our_verbs_go_on_from_them():
    found = {one.record.name: one.record.status for one in volumes("all-dumps.json")}
    assert {name: found[name] for name in ("broken", "stiff", "stuck", "parent", "half-gone")} == {
        "broken": Status.CREATING,
        "stiff": Status.AVAILABLE,
        "stuck": Status.AVAILABLE,
        "parent": Status.TOMBSTONE,
        "half-gone": Status.DELETING,
    }


def test_a_state_is_told_as_it_is_now_and_not_as_it_was():
    (stiff,) = [one for one in volumes("all-dumps.json") if one.record.name == "stiff"]
    assert told(stiff)["status"] == "error"
    grown = told(replace(stiff, record=replace(stiff.record, size_gib=5)))
    assert (grown["status"], grown["size"], grown["previous_status"]) == ("available", 5, None)
    going = told(replace(stiff, record=replace(stiff.record, status=Status.DELETING)))
    assert going["status"] == "deleting"


def test_what_has_changed_is_told_and_the_rest_is_kept():
    plain = loaded(document("volume.json"))
    record = replace(
        plain.record,
        metadata={"owner": "berta"},
        provider_auth="CHAP a b",
        extra_specs={"thin": "false"},
        qos_specs={"maxIOPS": "1", "consumer": "both"},
        driver_data={**plain.record.driver_data, "provider_id": "7"},
    )
    before = fields(document("volume.json"))
    now = told(replace(plain, record=record))
    volume_type = now["volume_type"][DATA_KEY]
    assert (now["metadata"], now["provider_auth"], now["provider_id"]) == ({"owner": "berta"}, "CHAP a b", "7")
    assert (volume_type["id"], volume_type["extra_specs"]) == (record.cinder_id, {"thin": "false"})
    assert volume_type["qos_specs"][DATA_KEY]["specs"] == {"maxIOPS": "1"}
    assert volume_type["qos_specs"][DATA_KEY]["consumer"] == "both"
    changed = {"metadata", "provider_auth", "provider_id", "volume_type", "volume_type_id"}
    assert {name for name in now if now[name] != before[name]} == changed


def test_what_was_made_here_is_told_as_cinderlib_would():
    made = VolumeDocument(
        record=volume(status=Status.AVAILABLE),
        backend={"volume_backend_name": "lvm"},
        snapshots=(snapshot(),),
        connections=(connection(),),
    )
    now = told(made)
    assert (now["id"], now["status"], now["snapshot_id"]) == ("cinder-v1", "in-use", "cinder-s0")
    assert now["volume_type"][DATA_KEY]["qos_specs"][DATA_KEY]["specs"] == {"total_iops": "100"}
    (attachment,) = now["volume_attachment"][DATA_KEY]["objects"]
    assert attachment[DATA_KEY]["connection_info"]["conn"] == dict(connection().connection_info)
    back = loaded(write(made, cover=SEALER), SEALER)
    for name in ("name", "size_gib", "host", "metadata", "provider_auth", "extra_specs", "qos_specs", "created_at"):
        assert getattr(back.record, name) == getattr(made.record, name)
    assert back.connections[0].connection_info["data"] == connection().connection_info["data"]
    assert back.connections[0].connector == connection().connector


def test_a_record_of_nothing_special_is_told_and_read_again():
    plain = VolumeRecord(
        id="v", cinder_id="c", name="n", backend="b", host="h@b", size_gib=1, status=Status.AVAILABLE, created_at=1.5
    )
    content = write(VolumeDocument(record=plain, backend={"volume_backend_name": "b"}))
    assert fields(content)["volume_type"] is None
    assert fields(content)["created_at"] == "1970-01-01T00:00:01.500000Z"
    assert write(read(content)) == content


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{", "is no JSON"),
        ("7", "is int, an object wanted"),
        ({"class": "Volume"}, "without volume_backend_name"),
        ({"class": "Volume", "backend": {"volume_backend_name": 7}}, "without volume_backend_name"),
        ({"class": "Disk", "backend": {"volume_backend_name": "b"}}, "of class 'Disk'"),
        ({"class": "Volume", "backend": {"volume_backend_name": "b"}}, "an object of Cinder's called Volume"),
        ({"class": "Snapshot", "backend": {"volume_backend_name": "b"}, "ovo": {}}, "called Snapshot"),
    ],
)
def test_what_is_no_document_is_refused_in_words(source, words):
    with pytest.raises(InvalidRequest, match=words):
        read_all(source)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("id", None, "id is None, text wanted"),
        ("host", "nowhere", "is no HOST@BACKEND#POOL"),
        ("size", True, "size is True, whole GiB wanted"),
        ("created_at", "yesterday", "created_at is 'yesterday'"),
        ("snapshots", [], "called SnapshotList is wanted"),
        ("volume_type", {"id": "x"}, "called VolumeType is wanted"),
    ],
)
def test_a_field_that_cannot_be_is_named(field, value, words):
    broken = document("volume.json")
    fields(broken)[field] = value
    with pytest.raises(InvalidRequest, match=words):
        read(broken)


def volumes(name):
    return [volume for backend in map(loaded, document(name)) for volume in backend.volumes]


def told(found):
    return fields(write(found, cover=Secrets.CLEAR))
