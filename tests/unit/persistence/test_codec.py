import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.codec import FORMAT, decode, encode
from persistence.errors import StoreUnusable
from persistence.keys import KINDS
from persistence.records import KeyValueRecord, VolumeRecord
from tests.contract.stores import connection, key_value, node, snapshot, volume

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def again(record):
    return decode(type(record), encode(record), record_id=record.id, revision="r")


@given(st.dictionaries(st.text(), JSON, max_size=4), st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_any_json_of_a_driver_comes_back(data, text, seconds):
    record = volume(driver_data=data, description=text, created_at=seconds, metadata={text: text}, revision="r")
    assert again(record) == record


def test_tuples_and_mappings_of_a_driver_become_lists_and_dicts():
    record = again(volume(driver_data={"a": (1, (2, 3))}))
    assert record.driver_data == {"a": [1, [2, 3]]}


def test_a_document_is_ascii_and_has_a_format_and_no_revision():
    document = encode(volume(description="😀", revision="r"))
    assert document.isascii()
    assert json.loads(document)["format"] == FORMAT
    assert "revision" not in json.loads(document)


@pytest.mark.parametrize("record", [volume(), snapshot(), connection(), node(), key_value()])
def test_fields_that_are_absent_get_their_defaults(record):
    needed = {
        "volume": ("cinder_id", "name", "backend", "host", "size_gib", "status"),
        "snapshot": ("cinder_id", "name", "backend", "volume_id", "volume_cinder_id", "size_gib", "status"),
        "connection": ("cinder_id", "backend", "volume_id", "volume_cinder_id", "node_id", "status"),
        "node": (),
        "key_value": (),
    }[KINDS[type(record)]]
    content = json.loads(encode(record))
    least = {name: content[name] for name in ("format", "id", *needed)}
    kept = {name: getattr(record, name) for name in ("id", *needed)}
    assert decode(type(record), json.dumps(least), record_id=record.id, revision="r") == type(record)(
        **kept, revision="r"
    )
    for name in needed:
        cut = json.dumps({key: value for key, value in least.items() if key != name})
        with pytest.raises(StoreUnusable, match=f"lacks {name}"):
            decode(type(record), cut, record_id=record.id, revision="r")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ('{"format": 3, "id": "k1"}', "written in format 3, this version of Cinderblock reads up to 2: run the newer"),
        ('{"format": 1, "id": "k2"}', "the stored document is of 'k2'"),
        ('{"format": 1, "id": "k1", "value": 7}', "value is int, str wanted"),
        ('{"format": 1, "id": "k1", "colour": "red"}', "does not know: colour"),
        ('{"format": 1, "id": "k1", "created_at": NaN}', "NaN is no JSON number"),
        ('{"format": true, "id": "k1"}', "no format version"),
        ('{"format": 0, "id": "k1"}', "no format version"),
        ('{"id": "k1"}', "no format version"),
        ("[]", "no JSON object"),
        ('{"format": 1, "id"', "no JSON"),
        ("", "no JSON"),
    ],
)
def test_a_document_that_is_not_ours_is_refused_in_words(document, said):
    with pytest.raises(StoreUnusable, match=said) as caught:
        decode(KeyValueRecord, document, record_id="k1", revision="r")
    assert "key_value 'k1'" in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("status", "lost", "status is 'lost', one of creating, "),
        ("access", "mount", "access is str, a list wanted"),
        ("access", [1], "access is int, str wanted"),
        ("source", [], "source is list, a mapping wanted"),
        ("source", {"kind": "snapshot"}, "source lacks id"),
        ("metadata", {"a": None}, "metadata is NoneType, str wanted"),
        ("multiattach", 1, "multiattach is int, bool wanted"),
    ],
)
def test_a_damaged_field_is_named(field, value, said):
    content = {**json.loads(encode(volume())), field: value}
    with pytest.raises(StoreUnusable, match=said):
        decode(VolumeRecord, json.dumps(content), record_id="v1", revision="r")


def test_a_whole_number_of_seconds_is_a_float():
    record = again(volume(created_at=1700000000))
    assert isinstance(record.created_at, float)
    assert math.isclose(record.created_at, 1.7e9)
