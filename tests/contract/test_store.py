"""What every store promises, held against each of them."""

from dataclasses import replace

import pytest

from persistence.errors import RecordChanged, RecordExists, StoreUnavailable
from persistence.keys import MAX_KEY_LENGTH
from persistence.records import Status
from tests.contract.stores import connection, every_id, key_value, node, snapshot, volume

#: In the order of their UTF-8 bytes, which is not the order of any language.
AWKWARD_IDS = ("!", "A", "B", "a", "a ", "a-", "a/b", "aa", "b", "ä", "中", "😀")


@pytest.mark.parametrize(
    ("table", "record"),
    [
        ("volumes", volume()),
        ("volumes", volume(source=None, source_cinder_id="", provider_auth="")),
        ("snapshots", snapshot()),
        ("connections", connection()),
        ("connections", connection(connection_info={})),
        ("nodes", node()),
        ("key_values", key_value(value="v")),
    ],
)
def test_a_record_comes_back_whole(store, table, record):
    stored = getattr(store, table).insert(record)
    assert replace(stored, revision="") == record
    assert stored.revision
    assert getattr(store, table).get(record.id) == stored
    assert getattr(store, table).page() == [stored]


def test_an_unknown_id_is_none(store):
    for record_id in ("", "nothing", "x" * 5000, "\0", "\ud800"):
        assert store.volumes.get(record_id) is None


def test_an_id_is_taken_once(store):
    first = store.volumes.insert(volume())
    with pytest.raises(RecordExists, match="v1"):
        store.volumes.insert(volume(size_gib=9))
    assert store.volumes.get("v1") == first


def test_the_tables_do_not_share_ids(store):
    store.volumes.insert(volume("same"))
    store.snapshots.insert(snapshot("same"))
    store.volumes.delete(store.volumes.get("same"))
    assert store.snapshots.get("same") is not None


def test_a_change_gets_a_new_revision(store):
    first = store.volumes.insert(volume())
    second = store.volumes.replace(replace(first, status=Status.AVAILABLE))
    assert second == replace(first, status=Status.AVAILABLE, revision=second.revision)
    assert second.revision != first.revision
    assert store.volumes.get("v1") == second


def test_a_late_change_is_refused_and_changes_nothing(store):
    first = store.volumes.insert(volume())
    second = store.volumes.replace(replace(first, size_gib=4))
    for stale in (first, volume()):
        with pytest.raises(RecordChanged, match="v1"):
            store.volumes.replace(replace(stale, size_gib=5))
    assert store.volumes.get("v1") == second


def test_a_change_of_what_is_gone_is_refused(store):
    first = store.volumes.insert(volume())
    store.volumes.delete(first)
    with pytest.raises(RecordChanged):
        store.volumes.replace(first)
    assert store.volumes.get("v1") is None


def test_a_record_made_again_is_not_the_one_that_was_read_before(store):
    before = store.volumes.insert(volume())
    store.volumes.delete(before)
    again = store.volumes.insert(volume())
    with pytest.raises(RecordChanged):
        store.volumes.replace(before)
    with pytest.raises(RecordChanged):
        store.volumes.delete(before)
    assert store.volumes.get("v1") == again


def test_a_late_delete_is_refused(store):
    first = store.volumes.insert(volume())
    second = store.volumes.replace(first)
    with pytest.raises(RecordChanged, match="v1"):
        store.volumes.delete(first)
    assert store.volumes.get("v1") == second


def test_deleting_leaves_nothing_and_may_be_repeated(store):
    stored = store.volumes.insert(volume(metadata={"a": "b"}, admin_metadata={"c": "d"}))
    store.volumes.delete(stored)
    store.volumes.delete(stored)
    assert store.volumes.get("v1") is None
    assert store.volumes.page() == []
    for field in stored.INDEXED:
        assert store.volumes.page(where={field: getattr(stored, field)}) == []


def test_specs_outlive_an_unrelated_change(store):
    stored = store.volumes.insert(volume(extra_specs={"a": "1"}, qos_specs={"b": "2"}))
    store.volumes.replace(replace(stored, size_gib=7))
    assert store.volumes.get("v1").extra_specs == {"a": "1"}
    assert store.volumes.get("v1").qos_specs == {"b": "2"}


@pytest.mark.parametrize("limit", [1, 2, 5, 12, 100])
def test_pages_follow_the_bytes_of_the_ids(store, limit):
    assert sorted(AWKWARD_IDS, key=str.encode) == list(AWKWARD_IDS)
    for record_id in reversed(AWKWARD_IDS):
        store.key_values.insert(key_value(record_id))
        store.volumes.insert(volume(record_id))
    assert every_id(store.key_values, limit=limit) == list(AWKWARD_IDS)
    assert every_id(store.volumes, limit=limit, where={"backend": "lvm"}) == list(AWKWARD_IDS)
    assert [record.id for record in store.key_values.page(after="aZ", limit=2)] == ["aa", "b"]


def test_a_page_is_what_all_of_its_conditions_meet(store):
    for number in range(6):
        store.snapshots.insert(snapshot(f"s{number}", backend="ab"[number % 2], volume_id=f"v{number % 3}"))
    assert every_id(store.snapshots, where={"backend": "a"}) == ["s0", "s2", "s4"]
    assert every_id(store.snapshots, where={"backend": "b", "volume_id": "v0"}) == ["s3"]
    assert every_id(store.snapshots, where={"backend": "A"}) == []
    assert every_id(store.snapshots, where={"backend": "a "}) == []
    assert every_id(store.snapshots, where={"name": "x" * 5000}) == []
    assert [record.id for record in store.snapshots.page(after="s0", limit=1, where={"backend": "a"})] == ["s2"]


SEVERAL = [(["v0", "v1"], 5), (["v0"], 3), (["v1", "v-none", "x" * 5000, "\0"], 2), (["x" * 5000], 0), ([], 0)]


@pytest.mark.parametrize(("volume_ids", "found"), SEVERAL, ids=["all", "one", "some", "unstorable", "none"])
def test_of_several_wanted_values_one_is_enough(store, volume_ids, found):
    for number in range(5):
        store.snapshots.insert(snapshot(f"s{number}", backend="ab"[number % 2], volume_id=f"v{number % 2}"))
    where = {"volume_id": frozenset(volume_ids)}
    wanted = [f"s{number}" for number in range(5) if f"v{number % 2}" in volume_ids]
    assert len(wanted) == found
    assert every_id(store.snapshots, where=where) == wanted
    assert every_id(store.snapshots, where={**where, "backend": "a"}) == [one for one in wanted if one in "s0 s2 s4"]


def test_conditions_see_a_change_of_what_they_ask_for(store):
    stored = store.volumes.insert(volume(name="before"))
    store.volumes.replace(replace(stored, name="after"))
    assert store.volumes.page(where={"name": "before"}) == []
    assert every_id(store.volumes, where={"name": "after"}) == ["v1"]


def test_a_page_that_cannot_be_is_refused(store):
    with pytest.raises(ValueError, match="not by size_gib"):
        store.volumes.page(where={"size_gib": "3"})
    with pytest.raises(ValueError, match="by nothing, not by value"):
        store.key_values.page(where={"value": "x"})
    with pytest.raises(ValueError, match="1 is the least"):
        store.volumes.page(limit=0)
    with pytest.raises(ValueError, match="after an id that"):
        store.volumes.page(after="\ud800")


@pytest.mark.parametrize("text", ["😀" * 16384, "\0\x01\x7f\u2028", '"\\', "é\u0301", "\ud800", " x ", "sealed:no"])
def test_any_text_is_kept_as_it_is(store, text):
    record = volume(description=text, metadata={text: text}, driver_data={"a": [text]}, provider_auth=text)
    store.volumes.insert(record)
    assert replace(store.volumes.get("v1"), revision="") == record
    store.connections.insert(connection(connection_info={"sealed": text, text: {text: [text]}}))
    assert store.connections.get("c1").connection_info == {"sealed": text, text: {text: [text]}}


def test_the_longest_ids_and_names_are_kept(store):
    longest = "😀" * MAX_KEY_LENGTH
    store.volumes.insert(volume(longest, name=longest, cinder_id=longest))
    assert every_id(store.volumes, where={"name": longest, "cinder_id": longest}) == [longest]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": ""}, "id is empty"),
        ({"id": "x" * (MAX_KEY_LENGTH + 1)}, "257 characters, 256 are the most"),
        ({"name": "x" * (MAX_KEY_LENGTH + 1)}, "name has 257 characters"),
        ({"name": "a\0b"}, "name holds a NUL"),
        ({"backend": "\udfff"}, "half of a surrogate"),
        ({"size_gib": "3"}, "size_gib is str, int wanted"),
        ({"size_gib": True}, "size_gib is bool, int wanted"),
        ({"created_at": float("nan")}, "created_at is nan"),
        ({"driver_data": {"a": [float("inf")]}}, r"driver_data\['a'\]\[0\] is inf"),
        ({"driver_data": {"a": {1, 2}}}, "is set"),
        ({"driver_data": {1: 2}}, "a key that is int"),
        ({"metadata": {"a": 1}}, "metadata is int, str wanted"),
        ({"status": "lost"}, "status is 'lost', one of creating"),
        ({"provider_auth": None}, "provider_auth is"),
        ({"provider_auth": {"a": "b"}}, "provider_auth is dict, str wanted"),
    ],
)
def test_what_cannot_be_stored_is_refused_and_not_there(store, changes, said):
    with pytest.raises(ValueError, match=said):
        store.volumes.insert(volume(**changes))
    assert store.volumes.page() == []


@pytest.mark.parametrize("info", [{"a": float("nan")}, {"a": object()}, {1: "a"}, "text"])
def test_a_secret_that_cannot_be_stored_is_refused(store, info):
    with pytest.raises(ValueError, match="connection 'c1': connection_info"):
        store.connections.insert(connection(connection_info=info))
    assert store.connections.page() == []


def test_a_stored_record_does_not_follow_the_callers_mapping(store):
    mine = {"a": ["b"]}
    stored = store.volumes.insert(volume(driver_data=mine))
    mine["a"].append("c")
    stored.driver_data["a"].append("d")
    assert store.volumes.get("v1").driver_data == {"a": ["b"]}


def test_a_closed_store_refuses_every_verb(store):
    stored = store.key_values.insert(key_value())
    store.close()
    store.close()
    for verb in (
        lambda: store.key_values.get("k1"),
        lambda: store.key_values.insert(key_value("k2")),
        lambda: store.key_values.replace(stored),
        lambda: store.key_values.delete(stored),
        store.key_values.page,
    ):
        with pytest.raises(StoreUnavailable, match="closed"):
            verb()
