"""Ids as names of objects, values as labels, and records as objects: in order, and without loss."""

import re
from dataclasses import dataclass, fields, replace
from string import ascii_lowercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.crd.manifests import definition
from persistence.errors import StoreUnusable
from persistence.keys import KINDS, MAX_KEY_LENGTH
from persistence.objects.content import Held, held_by, read, vacant, write
from persistence.objects.fields import forms_of, schema_of
from persistence.objects.kinds import OBJECTS
from persistence.objects.naming import HEAD_LENGTH, given_back, head_of, is_cut, kept, label_value, name_of
from tests.contract.stores import connection, key_value, node, snapshot, volume

#: What Kubernetes allows (RFC 1123), in names and in the values of labels.
NAME = re.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?")
LABEL = re.compile("([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
#: Characters at the edges of the code's ranges among others.
EDGES = "\x01 -./09:@AZ_`ayz{\x7f\x80ÿ中😀"
IDS = st.text(st.sampled_from(EDGES) | st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@given(IDS, IDS)
def test_names_are_in_the_order_of_the_ids(one, other):
    first, second = sorted((one, other), key=str.encode)
    assert head_of(name_of(first)) <= head_of(name_of(second))
    if not (is_cut(name_of(first)) and is_cut(name_of(second))):
        assert name_of(first) <= name_of(second)
    assert (name_of(first) == name_of(second)) == (first == second)


@given(IDS)
def test_a_name_is_one_that_kubernetes_allows(record_id):
    assert NAME.fullmatch(name_of(record_id[:MAX_KEY_LENGTH]))
    assert len(name_of(record_id)) <= 253


def test_a_name_of_letters_and_digits_can_be_read():
    plain = (digits + ascii_lowercase).replace("z", "")
    assert name_of(plain) == f"0{plain}"
    assert name_of("6f1d0c1e-6a7b") == "06f1d0c1e-2d6a7b"


def test_the_longest_ids_have_names_of_their_own():
    longest = ["😀" * (MAX_KEY_LENGTH - 1) + last for last in "ab"]
    names = [name_of(record_id) for record_id in longest]
    assert names[0] != names[1]
    assert head_of(names[0]) == head_of(names[1]) == names[0][:HEAD_LENGTH]
    assert all(len(name) <= 253 for name in names)


@given(st.text())
def test_a_value_is_a_label_that_kubernetes_allows(value):
    label = label_value(value.encode(errors="replace").decode())
    assert LABEL.fullmatch(label)
    assert label


@pytest.mark.parametrize("value", ["lvm", "pvc-6f1d.0", "A_b"])
def test_a_value_that_can_be_a_label_is_one_as_it_is(value):
    assert label_value(value) == value


@given(st.text(st.characters() | st.sampled_from("\x1a\ud800\udfff")))
def test_text_is_kept_without_what_a_cluster_replaces(text):
    assert kept(text).encode().decode() == kept(text)
    assert given_back(kept(text)) == text


EXAMPLES = [
    volume(),
    volume(source=None, wanted_specs=None),
    snapshot(),
    connection(),
    node(),
    key_value(value="\ud800"),
]


@pytest.mark.parametrize("record", EXAMPLES, ids=lambda record: KINDS[type(record)])
def test_a_record_is_an_object_and_back(record):
    going = write(record)
    content = going.object(Held(mark="m", version="7", late=True))
    found = read(type(record), content)
    assert found is not None
    assert replace(found, revision="") == record
    assert held_by(content) == Held(mark=going.mark, version="7", late=True)
    assert Held.of(going.stored(content).revision) == held_by(content)
    assert read(type(record), vacant(record, held_by(content))) is None
    assert held_by(vacant(record, held_by(content))).mark == ""


@pytest.mark.parametrize("record", EXAMPLES, ids=lambda record: KINDS[type(record)])
def test_every_field_has_a_schema_and_no_schema_allows_what_it_does_not_name(record):
    schema = definition(type(record))["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert set(write(record).spec) <= set(schema["properties"]["spec"]["properties"])
    assert len(schema["properties"]["spec"]["properties"]) == len(fields(record)) + 1

    def walk(part):
        assert "x-kubernetes-preserve-unknown-fields" not in part
        assert part["type"] in ("object", "array", "string", "integer", "number", "boolean")
        for inner in [*part.get("properties", {}).values(), *(part[key] for key in ("items",) if key in part)]:
            walk(inner)

    walk(schema["properties"]["spec"])


@dataclass
class _WithBytes:
    content: bytes


def test_what_a_record_cannot_have_yet_is_told_when_its_schema_is_made():
    with pytest.raises(TypeError, match="which no object can have yet"):
        schema_of(_WithBytes)
    assert forms_of(type(volume())).keys() >= {"id", "name"}


def test_an_object_that_is_damaged_or_of_another_record_is_told():
    content = write(volume()).object(Held(mark="m", version="7", late=False))
    renamed = {**content, "metadata": {**content["metadata"], "name": "0v2"}}
    with pytest.raises(StoreUnusable, match="volume object 0v2 holds the record 'v1'"):
        read(type(volume()), renamed)
    broken = {**content, "spec": {**content["spec"], "driverData": {"a": "no JSON"}}}
    with pytest.raises(StoreUnusable, match="volume '0v1': its field driverData is damaged"):
        read(type(volume()), broken)
    newer = {**content, "spec": {**content["spec"], "format": 99}}
    with pytest.raises(StoreUnusable, match="was written in format 99"):
        read(type(volume()), newer)
    unknown = {**content, "spec": {**content["spec"], "shape": "round"}}
    with pytest.raises(StoreUnusable, match="fields that this version does not know: shape"):
        read(type(volume()), unknown)


def test_every_kind_of_record_has_a_kind_of_object():
    assert OBJECTS.keys() == KINDS.keys()
    shorts = [kind.short for kind in OBJECTS.values()]
    assert len(set(shorts)) == len(shorts)
