"""`cinderblock store import-cinderlib`: what it stores, what it says, and what it never does."""

import hashlib
import sqlite3
from contextlib import closing

import pytest

from csi import cli
from persistence.records import KeyValueRecord
from persistence.seal import new_key_file
from persistence.sql import open_store
from tests.unit.cinderlib.data import CANARIES, write_database
from tests.unit.cinderlib.machine import Old


@pytest.fixture
def old(tmp_path):
    return Old(tmp_path)


def test_nothing_of_cinderlib_s_is_written_and_nothing_is_readable(old):
    before = hashlib.sha256(old.database.read_bytes()).hexdigest()
    assert old.take_over()[0] == 0
    assert hashlib.sha256(old.database.read_bytes()).hexdigest() == before
    stored = b"".join(path.read_bytes() for path in (old.folder / "state").glob("cinderblock.db*"))
    assert b"192.0.2.1:3260" in stored
    assert not any(canary.encode() in stored for canary in CANARIES)


def test_a_dry_run_says_the_same_and_makes_nothing(old):
    before = sorted(old.folder.rglob("*"))
    code, told, _ = old.take_over("--dry-run")
    assert sorted(old.folder.rglob("*")) == before
    assert (code, told["outcome"]) == (0, "nothing is stored yet; all of it would be taken over")
    code, done, _ = old.take_over()
    assert (code, {**done, "outcome": told["outcome"]}) == (0, told)
    code, told, _ = old.take_over("--dry-run")
    assert (code, told["outcome"]) == (0, "was taken over before; everything is there, as it was")


def test_a_second_time_it_says_that_all_is_there_and_later_what_has_gone(old):
    code, told, _ = old.take_over()
    assert old.take_over()[:2] == (0, {**told, "outcome": "was taken over before; everything is there, as it was"})
    gone = told["volumes"][old.volume("plain")]
    with closing(sqlite3.connect(old.folder / "state/cinderblock.db")) as database:
        database.execute("DELETE FROM cinderblock_volume WHERE id = ?", [gone])
        database.commit()
        code, told, _ = old.take_over()
        assert (code, told["outcome"]) == (
            1,
            "was taken over before; since then 1 of 30 records changed or went; all stays so",
        )
        assert database.execute("SELECT count(*) FROM cinderblock_volume").fetchone() == (16,)


def test_a_back_end_that_is_missing_stops_it_before_anything_is_stored(old):
    config = old.folder / "half.conf"
    config.write_text(old.config.read_text().replace("fast, files", "files"))
    code, told, _ = old.take_over(config=config)
    assert (code, told["outcome"]) == (1, "nothing was taken over")
    assert ["section [fast]" in problem for problem in told["problems"]] == [True]
    assert not (old.folder / "state/cinderblock.db").exists()


def test_what_is_stored_already_and_differs_is_never_overwritten(old):
    assert old.take_over()[0] == 0
    store = old.folder / "state/cinderblock.db"
    with closing(sqlite3.connect(store)) as database:
        database.execute("DELETE FROM cinderblock_key_value WHERE id LIKE 'import/%' OR id = '/empty'")
        database.execute(
            'UPDATE cinderblock_key_value SET document = replace(document, \'"value":""\', \'"value":"mine"\')'
        )
        database.commit()
    code, told, _ = old.take_over()
    assert (code, told["outcome"]) == (1, "nothing was taken over, because of what is stored already")
    assert told["problems"] == ["key 'nothing' is stored already, and differs"]
    with closing(sqlite3.connect(store)) as database:
        assert database.execute("SELECT count(*) FROM cinderblock_key_value").fetchone() == (2,)


def test_a_store_beside_another_cinderlib_s_database_is_refused(old, tmp_path):
    (tmp_path / "other").mkdir()
    other = write_database(tmp_path / "other", "UPDATE volume_types SET id = 'other' WHERE name = '__DEFAULT__'")
    code, _, words = old.take_over("--store", other)
    assert (code, "beside what another cinderlib wrote" in words) == (1, True)


def test_what_cannot_be_read_again_as_it_was_is_no_success(old):
    store = old.folder / "lossy.db"
    open_store(f"sqlite:///{store}").close()
    with closing(sqlite3.connect(store)) as database:
        database.execute(
            "CREATE TRIGGER lossy AFTER INSERT ON cinderblock_connection "
            "BEGIN DELETE FROM cinderblock_connection WHERE id = NEW.id; END"
        )
    code, _, words = old.take_over("--store", f"sqlite:///{store}")
    assert (code, "cannot be read again as it was: connection" in words) == (1, True)


def test_it_is_told_in_words_what_becomes_of_what(old, capsys):
    places = ["--state-dir", str(old.folder / "state"), "--config", str(old.config)]
    assert cli.main(["store", "import-cinderlib", old.url, *places]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "back end fast: 8 volumes, 2 snapshots, 4 connections",
        "back end files: 9 volumes, 4 snapshots, 0 connections",
        "3 keys of programs",
    ]
    assert sum(line.startswith("note: ") for line in lines) == 12
    assert lines[-1] == "30 records were stored, and read again to compare"


def test_a_dry_run_on_a_store_of_ours_stores_nothing(old):
    store, key = f"sqlite:///{old.folder}/store.db", old.folder / "key"
    new_key_file(key)
    open_store(store).close()
    code, told, _ = old.take_over("--dry-run", "--store", store, "--key-file", key)
    assert (code, told["outcome"]) == (0, "30 records would be stored")
    with closing(open_store(store)) as opened:
        assert (list(opened.volumes.page()), list(opened.key_values.page())) == ([], [])


def test_a_dry_run_on_a_store_needs_the_store_s_key(old):
    assert old.take_over()[0] == 0
    (old.folder / "state/key").rename(old.folder / "key")
    code, _, words = old.take_over("--dry-run")
    assert (code, "name it with --key-file" in words) == (1, True)
    assert old.take_over("--dry-run", "--key-file", old.folder / "key")[0] == 0


def test_a_source_that_is_not_there_is_said_in_words(tmp_path, capsys):
    assert cli.main(["store", "import-cinderlib", f"sqlite:///{tmp_path}/none.db", "--state-dir", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"cinderblock: there is no database {tmp_path}/none.db\n"


def test_what_is_half_of_a_copy_takes_nothing_over(old, tmp_path):
    store = f"sqlite:///{tmp_path}/half.db"
    with closing(open_store(store)) as opened:
        opened.key_values.insert(KeyValueRecord(id="copy/unfinished", value="another store"))
    code, _, words = old.take_over("--store", store)
    assert (code, "an unfinished copy of another store" in words) == (1, True)
