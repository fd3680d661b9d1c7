"""The journal: what is written is read again, whatever the volume is called."""

import pytest

from cinderblock.boot import boot_id
from cinderblock.errors import BackendUnavailable
from cinderblock.host import Device
from csi.node.journal import Entry, Journal, State, Target
from csi.node.wanted import Access, Kind
from persistence.seal import Sealer

KEY = bytes(32)


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "journal", Sealer([KEY]))


def entry(volume_id: str = "v") -> Entry:
    return Entry(
        volume_id=volume_id,
        state=State.STAGED,
        staging_path="/staging",
        access=Access(kind=Kind.MOUNT, mode="SINGLE_NODE_WRITER", fs_type="xfs", mount_flags=("noatime",)),
        readonly=False,
        boot_id=boot_id(),
        connection={"driver_volume_type": "iscsi", "data": {"auth_password": "canary", "target_luns": [1, 2]}},
        device=Device(path="/dev/sda", wwn="6001405", brick={"path": "/dev/sda", "type": "block"}),
        targets=(Target(path="/target", readonly=True, mode="SINGLE_NODE_WRITER", done=True),),
    )


@pytest.mark.parametrize("volume_id", ["v", "a/b", "../../etc/passwd", "ü" * 64, "x" * 128, ".", "a b"])
def test_an_entry_is_read_as_it_was_written(journal, tmp_path, volume_id):
    journal.put(entry(volume_id))
    again = Journal(tmp_path / "journal", Sealer([KEY]))
    assert again.get(volume_id) == entry(volume_id)
    assert again.volume_ids() == [volume_id]
    assert [path.parent for path in (tmp_path / "journal").glob("*.json")] == [tmp_path / "journal"]
    again.forget(volume_id)
    again.forget(volume_id)
    assert again.get(volume_id) is None


def test_an_entry_shows_no_secret(journal, tmp_path):
    journal.put(entry())
    assert b"canary" not in (tmp_path / "journal" / "v.json").read_bytes()
    assert "canary" not in repr(journal.get("v"))


def test_without_the_key_only_the_connection_is_lost(journal, tmp_path):
    journal.put(entry())
    found = Journal(tmp_path / "journal", Sealer([b"k" * 32])).get("v")
    assert found is not None
    assert found.connection == {}
    assert found.device is not None
    assert found.device.path == "/dev/sda"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 2, "volume_id": "v"}', '{"format": 1}'])
def test_an_entry_that_is_damaged_counts_as_lost(journal, tmp_path, text):
    (tmp_path / "journal" / "v.json").write_text(text)
    assert journal.get("v") is None


def test_what_a_crash_left_half_written_is_removed(journal, tmp_path):
    (tmp_path / "journal" / ".new-abc").write_text("{")
    Journal(tmp_path / "journal", Sealer([KEY]))
    assert list((tmp_path / "journal").glob(".new-*")) == []


def test_an_identity_outlives_its_stage(journal, tmp_path):
    journal.remember_identity("a/b", "one", "6001405")
    journal.remember_identity("d", "", "6001406")
    assert Journal(tmp_path / "journal", Sealer([KEY])).identity("a/b", "one") == "6001405"
    assert journal.identity("d", "") == "6001406"
    assert journal.identity("c", "") == ""


def test_an_identity_is_not_that_of_a_later_volume_of_the_same_id(journal):
    journal.remember_identity("v", "one", "6001405")
    assert journal.identity("v", "two") == ""
    journal.remember_identity("v", "two", "6001406")
    assert journal.identity("v", "two") == "6001406"


def test_an_entry_that_cannot_be_read_is_not_lost(journal, tmp_path):
    (tmp_path / "journal" / "v.json").mkdir()
    with pytest.raises(BackendUnavailable, match="cannot be read"):
        journal.get("v")


def test_a_folder_that_is_gone_is_said(journal, tmp_path):
    (tmp_path / "journal" / "identities").rmdir()
    (tmp_path / "journal").rmdir()
    with pytest.raises(BackendUnavailable, match="journal"):
        journal.put(entry())
