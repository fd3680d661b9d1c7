import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.errors import StoreUnusable
from persistence.seal import Sealer, new_key_file
from tests.contract.stores import SEALER


def line(byte: bytes) -> bytes:
    return base64.b64encode(byte * 32) + b"\n"


@given(st.text())
def test_any_text_opens_again(text):
    assert SEALER.open_text(SEALER.seal_text(text, purpose="p"), purpose="p") == text


def test_the_same_text_is_never_sealed_the_same():
    assert SEALER.seal_text("a", purpose="p") != SEALER.seal_text("a", purpose="p")


def test_text_opens_for_its_own_purpose_only():
    sealed = SEALER.seal_text("secret", purpose="publish_context/v1")
    with pytest.raises(StoreUnusable, match="'publish_context/v2' does not open"):
        SEALER.open_text(sealed, purpose="publish_context/v2")


def test_what_was_changed_does_not_open():
    sealed = SEALER.seal_text("secret", purpose="p")
    key_id, _, content = sealed.partition(".")
    flipped = "A" if content[20] != "A" else "B"
    for damaged in (
        f"{key_id}.{content[:20]}{flipped}{content[21:]}",
        sealed[:-8],
        f"{key_id}.",
        f"{key_id}.AAAA",
        f"{key_id}.ä",
    ):
        with pytest.raises(StoreUnusable, match="does not open"):
            SEALER.open_text(damaged, purpose="p")
    for foreign in ("", "plain text", "." + content):
        with pytest.raises(StoreUnusable, match="was sealed with key"):
            SEALER.open_text(foreign, purpose="p")


def test_what_was_stored_by_the_first_version_opens():
    sealed = (
        "dde99952.pK7zkgZ4A39cc94EKxCII3G1-nuXwz_39zt0rg0g1JK25FukJoA"
        "HfjxPAAhIkJalMdNjEkTU8zozvXoh9jB7l0TtjiNIVsnmnNPe4sI="
    )
    assert Sealer([bytes(range(32))]).open_text(sealed, purpose="a test") == '{"auth_password": "a secret"}'


def test_a_large_connection_fits_into_a_publish_context():
    paths = [{"portal": f"10.0.{n}.1:3260", "iqn": f"iqn.2010-10.org.openstack:volume-{n:036}"} for n in range(32)]
    info = {"driver_volume_type": "iscsi", "data": {"paths": paths, "auth_password": "p" * 16}}
    plain = json.dumps({"connection_info": info, "readonly": False, "wwn": ""})
    sealed = SEALER.seal_text(plain, purpose="publish_context/v1")
    assert len(plain) > 3000
    assert len(sealed) < 1500
    assert sealed.isascii()


def test_a_new_key_file_is_private_and_seals(tmp_path):
    path = tmp_path / "key"
    new_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    sealed = Sealer.from_file(path).seal_text("secret", purpose="p")
    assert Sealer.from_file(path).open_text(sealed, purpose="p") == "secret"


def test_a_key_file_is_never_overwritten(tmp_path):
    path = tmp_path / "key"

    def make(_number):
        try:
            new_key_file(path)
        except FileExistsError:
            return None
        return path.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        made = [content for content in pool.map(make, range(8)) if content]
    assert made == [path.read_bytes()]
    assert list(tmp_path.iterdir()) == [path]


def test_the_first_key_seals_and_all_open(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(line(b"a"))
    old = Sealer.from_file(path).seal_text("secret", purpose="p")
    path.write_bytes(b"# changed in spring\n\n" + line(b"b") + line(b"a").strip() + b"  # the old one\n")
    both = Sealer.from_file(path)
    assert both.open_text(old, purpose="p") == "secret"
    new = both.seal_text("secret", purpose="p")
    with pytest.raises(StoreUnusable, match="add the old key on a line below"):
        Sealer([b"a" * 32]).open_text(new, purpose="p")
    assert Sealer([b"b" * 32]).open_text(new, purpose="p") == "secret"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no key; `openssl rand -base64 32` makes one"),
        (b"# nothing\n", "holds no key"),
        (line(b"a") + b"c2hvcnQtc2VjcmV0\n", "line 2 is not 32 bytes in base64"),
        (b"short-secret!\n", "line 1 is not 32 bytes in base64"),
        (b"\xff\xfe\n", "line 1 is not"),
    ],
)
def test_a_key_file_with_no_key_is_refused_and_not_quoted(tmp_path, content, said):
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(StoreUnusable, match=said) as caught:
        Sealer.from_file(path)
    assert str(path) in str(caught.value)
    assert "c2hvcnQ" not in str(caught.value)


def test_a_key_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(StoreUnusable, match="key cannot be read: No such file"):
        Sealer.from_file(tmp_path / "key")


def test_a_ring_is_made_of_whole_keys():
    for keys in ([], [b"short"], [b"a" * 32, b""]):
        with pytest.raises(ValueError, match="at least one key of 32 bytes"):
            Sealer(keys)
