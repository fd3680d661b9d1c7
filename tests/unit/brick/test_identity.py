"""Whether two names are of one logical unit, and what VPD page 0x83 says."""

import pytest

from cinderblock import wwn
from cinderblock.brick.identity import parse_page_83

NAA = "60014051b2c3d4e5f60718293a4b5c6d"


def designator(kind: int, value: bytes, *, association: int = 0) -> bytes:
    return bytes([1, association << 4 | kind, 0, len(value)]) + value


def page(*designators: bytes) -> bytes:
    body = b"".join(designators)
    return bytes([0, 0x83]) + len(body).to_bytes(2, "big") + body


@pytest.mark.parametrize("other", [NAA, NAA.upper(), "naa." + NAA, "0x" + NAA, "3" + NAA, "60:01:40:51" + NAA[8:]])
def test_one_name_has_many_spellings(other):
    assert wwn.same(NAA, other)
    assert wwn.same(other, NAA)


@pytest.mark.parametrize("other", ["", "6001405", NAA[:-1] + "e", "x" + NAA + "x", NAA[1:]])
def test_names_that_differ_or_prove_nothing_are_not_the_same(other):
    assert not wwn.same(NAA, other)


def test_two_empty_names_prove_nothing():
    assert not wwn.same("", "")


def test_the_logical_units_own_name_is_taken():
    found = parse_page_83(
        page(
            designator(1, b"LIO-ORG volume"),
            designator(3, bytes.fromhex("5000000000000001"), association=1),
            designator(2, bytes.fromhex("0011223344556677")),
            designator(3, bytes.fromhex(NAA)),
        )
    )
    assert found == NAA


def test_an_eui_is_taken_where_there_is_no_naa():
    assert parse_page_83(page(designator(2, bytes.fromhex("0011223344556677")))) == "0011223344556677"


@pytest.mark.parametrize("broken", [b"", b"\x00\x83", page(designator(3, bytes.fromhex(NAA)))[:-4], page()])
def test_a_page_that_is_cut_off_names_nothing(broken):
    assert parse_page_83(broken) == ""
