"""A store on cinderlib's database: never an empty one by mistake; and records that are stored all at once."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from persistence.errors import RecordExists, StoreUnusable
from persistence.records import KeyValueRecord
from persistence.sql import open_store
from persistence.sql.cinderlib import look
from tests.contract.stores import connection, every_id, key_value, snapshot, sqlite_url, volume
from tests.unit.cinderlib.data import write_database

ROOT = Path(__file__).parents[3]


@pytest.fixture
def url(tmp_path):
    return write_database(tmp_path)


def tables(url):
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_what_cinderlib_wrote_is_refused_with_the_way_to_take_it_over(url, tmp_path):
    before = (tmp_path / "cinderlib.db").read_bytes()
    with pytest.raises(StoreUnusable, match=f"`cinderblock store import-cinderlib {url}` takes it over"):
        open_store(url)
    assert (tmp_path / "cinderlib.db").read_bytes() == before


def test_another_program_s_tables_are_refused_as_before(tmp_path):
    url = write_database(tmp_path, "DROP TABLE cinderlib_persistence_key_value")
    for beside_cinderlib in (False, True):
        with pytest.raises(StoreUnusable, match="holds another program's tables"):
            open_store(url, beside_cinderlib=beside_cinderlib)


def test_our_tables_can_stand_beside_cinderlib_s_and_touch_none_of_them(url):
    before = tables(url)
    open_store(url, beside_cinderlib=True).close()
    added = tables(url) - before
    assert added
    assert all(name.startswith("cinderblock_") for name in added)
    assert before <= tables(url)


def test_a_store_beside_cinderlib_s_tables_is_refused_until_they_were_taken_over(url):
    open_store(url, beside_cinderlib=True).close()
    with pytest.raises(StoreUnusable, match="import-cinderlib"):
        open_store(url)
    with closing(open_store(url, beside_cinderlib=True)) as store:
        store.key_values.insert(KeyValueRecord(id="import/cinderlib/of-another"))
    with pytest.raises(StoreUnusable, match="import-cinderlib"):
        open_store(url)
    with closing(open_store(url, beside_cinderlib=True)) as store:
        store.key_values.insert(KeyValueRecord(id=look(url).cinderlib_marker_id))
    open_store(url).close()


EVERYTHING = [volume(), snapshot(), connection(), key_value()]


def test_all_records_are_stored_at_once_and_read_as_any_other(tmp_path):
    with closing(open_store(sqlite_url(tmp_path))) as store:
        store.insert_all(EVERYTHING)
        tables = (store.volumes, store.snapshots, store.connections, store.key_values)
        found = [record for table in tables for record in table.page()]
        assert [replace(record, revision="") for record in found] == EVERYTHING
        (stored,) = store.volumes.page(where={"cinder_id": "cinder-v1"})
        assert store.volumes.replace(stored).revision != stored.revision


@pytest.mark.parametrize("there", [volume("v2"), key_value()])
def test_one_that_is_there_already_keeps_all_of_them_out(tmp_path, there):
    with closing(open_store(sqlite_url(tmp_path))) as store:
        store.insert_all([there])
        with pytest.raises(RecordExists):
            store.insert_all([volume("v0"), *EVERYTHING, volume("v2")])
        assert every_id(store.volumes) == (["v2"] if there.id == "v2" else [])
        assert list(store.snapshots.page()) == []


def test_one_that_cannot_be_stored_keeps_all_of_them_out(tmp_path):
    with closing(open_store(sqlite_url(tmp_path))) as store:
        with pytest.raises(ValueError, match="which databases cannot index"):
            store.insert_all([*EVERYTHING, volume("v2", name="\0")])
        assert list(store.volumes.page()) == []


#: Writes a hundred rows, and dies before it has the next ones to write.
KILLED = """
import os, sys
from persistence.records import VolumeRecord
from persistence.sql.schema import TABLES
from persistence.sql.sqlite import open_database
from persistence.sql.table import row_of
from persistence.sql.urls import sqlite_path
from tests.contract.stores import volume

class Deadly:
    def __bool__(self):
        os.kill(os.getpid(), 9)

insert = TABLES[VolumeRecord].insert()
rows = [row_of(volume(f"v{number}"))[0] for number in range(100)]
open_database(sqlite_path(sys.argv[1]), busy_timeout_s=1).write_all([(insert, rows), (insert, Deadly())])
"""


def test_a_process_that_is_killed_in_the_middle_leaves_none_of_them(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, sqlite_url(tmp_path)], cwd=ROOT, check=False, timeout=60)
    assert done.returncode == -9
    with closing(open_store(sqlite_url(tmp_path))) as store:
        assert list(store.volumes.page()) == []
        store.insert_all([volume("v1")])
