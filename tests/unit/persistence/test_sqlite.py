"""The SQLite file: how it is made, and what is said when it cannot be used."""

import os
import sqlite3
import stat
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from persistence.errors import StoreUnavailable, StoreUnusable
from persistence.records import Status
from persistence.sql import open_store
from persistence.sql.sqlite import engine_on
from persistence.sql.sqlite.lock import FileLock
from tests.contract.stores import every_id, key_value, sqlite_url, volume


def test_only_the_owner_can_read_any_of_the_files(tmp_path):
    before = os.umask(0)
    try:
        with closing(open_store(sqlite_url(tmp_path))) as store:
            store.volumes.insert(volume())
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("store.db", "store.db-lock", "store.db-shm", "store.db-wal"), 0o600)


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path):
    open_store(sqlite_url(tmp_path)).close()
    (tmp_path / "store.db").chmod(0o644)
    open_store(sqlite_url(tmp_path)).close()
    assert stat.S_IMODE((tmp_path / "store.db").stat().st_mode) == 0o600


def test_a_relative_path_stays_where_it_was_meant(tmp_path):
    before = Path.cwd()
    try:
        os.chdir(tmp_path)
        store = open_store("sqlite:///store.db")
    finally:
        os.chdir(before)
    with closing(store):
        store.volumes.insert(volume())
    assert (tmp_path / "store.db").stat().st_size > 0


def test_every_connection_syncs_every_commit(tmp_path):
    engine = engine_on(tmp_path / "store.db", busy_timeout_s=1)
    with engine.connect() as one, engine.connect() as other:
        for connection in (one, other):
            # 2 is FULL.
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:////tmp/x.db?mode=ro", "names no file"),
        ("sqlite://host/x.db", "names no file"),
        ("oracle://user:hunter2@host/db", "no store works with oracle:// URLs"),
        ("/var/lib/x.db", "is no URL; sqlite:///PATH is wanted"),
        ("", "is no URL"),
    ],
)
def test_a_url_that_names_no_store_is_refused(url, said):
    with pytest.raises(StoreUnusable, match=said) as caught:
        open_store(url)
    assert "hunter2" not in str(caught.value)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StoreUnusable, match=f"its folder {tmp_path}/missing does not exist"):
        open_store(f"sqlite:///{tmp_path}/missing/store.db")


def test_a_folder_is_no_store(tmp_path):
    with pytest.raises(StoreUnusable, match="is a folder"):
        open_store(f"sqlite:///{tmp_path}")


def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "store.db"
    path.write_bytes(b"Dear diary, " * 1000)
    with pytest.raises(StoreUnusable, match=r"store\.db cannot be used: file is not a database"):
        open_store(sqlite_url(tmp_path))
    assert path.read_bytes() == b"Dear diary, " * 1000


def test_another_programs_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE volumes (id TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreUnusable, match=r"holds another program's tables \(volumes, …\)"):
        open_store(sqlite_url(tmp_path))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE cinderblock_version SET version_num = '9999'",
            "schema '9999', this version .* knows up to '0001': run",
        ),
        ("DELETE FROM cinderblock_version", "has 0 schema versions instead of one"),
        ("DROP TABLE cinderblock_node", "lacks the tables cinderblock_node; restore it"),
    ],
)
def test_a_schema_that_is_not_ours_is_refused_in_words(tmp_path, statement, said):
    open_store(sqlite_url(tmp_path)).close()
    with closing(sqlite3.connect(tmp_path / "store.db")) as database, database:
        database.execute(statement)
    with pytest.raises(StoreUnusable, match=said):
        open_store(sqlite_url(tmp_path))


def test_a_table_that_is_gone_while_in_use_is_told(tmp_path):
    with closing(open_store(sqlite_url(tmp_path))) as store:
        with closing(sqlite3.connect(tmp_path / "store.db")) as database, database:
            database.execute("DROP TABLE cinderblock_node")
        with pytest.raises(StoreUnusable, match="no such table: cinderblock_node; restore it"):
            store.nodes.page()


def test_a_file_with_damaged_pages_is_refused_when_it_is_opened(tmp_path):
    with closing(open_store(sqlite_url(tmp_path))) as store:
        for number in range(50):
            store.key_values.insert(key_value(f"k{number}", "x" * 2000))
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as database:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'cinderblock_key_value'"
        ((page,),) = database.execute(query).fetchall()
    content = bytearray(path.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    with pytest.raises(StoreUnusable, match="is damaged"):
        open_store(sqlite_url(tmp_path))


def test_a_store_that_another_program_has_locked_may_answer_later(tmp_path):
    with closing(open_store(sqlite_url(tmp_path), busy_timeout_s=0.1)) as store:
        with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable, match="does not answer now: database is locked"):
                store.volumes.insert(volume())
            assert store.volumes.page() == []
        assert store.volumes.insert(volume()).revision


def test_a_write_that_does_not_get_its_turn_is_refused_in_time(tmp_path):
    with closing(open_store(sqlite_url(tmp_path), busy_timeout_s=0.1)) as store:
        other = FileLock(tmp_path / "store.db-lock")
        with other.held(timeout_s=1):
            with pytest.raises(StoreUnavailable, match=r"others have held .*store.db-lock for more than 0.1 s"):
                store.volumes.insert(volume())
            assert store.volumes.page() == []
        other.close()
        assert store.volumes.insert(volume()).revision


@pytest.fixture
def disk(tmp_path):
    """A function that mounts a small file system and returns its folder."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mounted(size):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
        return folder

    yield mounted
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder):
    """Write until not a byte is left, as a volume's data does."""
    with (folder / "volume").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def test_a_full_disk_is_told_and_what_was_stored_stays(disk):
    folder = disk("4m")
    with closing(open_store(sqlite_url(folder))) as store:
        stored: list[str] = []

        def insert_one():
            stored.append(store.key_values.insert(key_value(f"{len(stored):04}", "x" * 20000)).id)

        with pytest.raises(StoreUnavailable, match=r"disk (is full|I/O error)"):  # noqa: PT012 -- until it raises
            while True:
                insert_one()
        assert every_id(store.key_values) == stored
    with closing(open_store(sqlite_url(folder))) as store:
        assert every_id(store.key_values) == stored


def test_on_a_full_disk_volumes_can_still_be_forgotten(disk):
    folder = disk("8m")
    with closing(open_store(sqlite_url(folder))) as store:
        for number in range(50):
            store.volumes.insert(volume(f"{number:02}", description="x" * 4000))
        fill(folder)
        for record in store.volumes.page(limit=50):
            store.volumes.delete(store.volumes.replace(replace(record, status=Status.DELETING)))
        assert store.volumes.page() == []
        # And so can a new one be tried.
        for _ in range(50):
            store.volumes.delete(store.volumes.insert(volume()))


def test_a_store_opens_on_a_disk_that_is_nearly_full(disk, caplog):
    folder = disk("8m")
    with closing(open_store(sqlite_url(folder))) as store:
        stored = store.volumes.insert(volume())
    fill(folder)
    os.truncate(folder / "volume", (folder / "volume").stat().st_size - 300 * 1024)
    with closing(open_store(sqlite_url(folder))) as store:
        assert "no room is kept in the store" in caplog.text
        store.volumes.delete(stored)
        assert store.volumes.page() == []


def test_a_disk_that_is_full_at_the_first_start_leaves_nothing_half_made(disk):
    folder = disk("64k")
    with pytest.raises(StoreUnavailable, match=r"disk (is full|I/O error)"):
        open_store(sqlite_url(folder))
    subprocess.run(["mount", "-o", "remount,size=4m", str(folder)], check=True)
    with closing(open_store(sqlite_url(folder))) as store:
        assert store.volumes.insert(volume()).revision


def test_closing_lets_the_verbs_in_work_finish(tmp_path):
    store = open_store(sqlite_url(tmp_path))
    begun = threading.Event()

    def work(number):
        done = 0
        try:
            while True:
                store.key_values.insert(key_value(f"{number}-{done:06}"))
                done += 1
                begun.set()
        except StoreUnavailable:
            return done

    with ThreadPoolExecutor(4) as pool:
        working = [pool.submit(work, number) for number in range(4)]
        assert begun.wait(timeout=30)
        store.close()
        done = sum(future.result(timeout=30) for future in working)
    with closing(open_store(sqlite_url(tmp_path))) as again:
        assert len(every_id(again.key_values)) == done
