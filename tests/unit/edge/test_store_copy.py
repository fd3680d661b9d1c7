"""`cinderblock store copy`, `export` and `import`: every record arrives, or nobody takes what did for all."""

import base64
import json
import re
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

import cinderblock
from cinderblock.copying import TABLES, StoreSource, alive, check_whole, copy
from cinderblock.engine import every
from cinderblock.leases import Leases, Tenure
from csi import cli
from persistence import opening
from persistence.errors import StoreUnusable
from persistence.records import KeyValueRecord
from persistence.seal import new_key_file, sealed
from persistence.sql import open_store
from tests.contract.stores import SEALER, connection, key_value, node, snapshot, sqlite_url, volume

CANARY = "canary-of-a-copy-77"


def fill(store, *, volumes=3):
    """Store some of every kind, with secrets, and one with every kind of character in its id."""
    for number in range(volumes):
        store.volumes.insert(volume(f"v{number}", provider_auth=CANARY))
    store.volumes.insert(volume("ä 😀/V", cinder_id="x"))
    store.snapshots.insert(snapshot())
    store.connections.insert(connection(connection_info={"data": {"auth_password": CANARY}}))
    store.nodes.insert(node())
    store.key_values.insert(key_value("k", "value"))


def content(store, *, without=()):
    """Return all records but the leases, without their revisions."""
    found = [record for table in TABLES for record in every(getattr(store, table))]
    return {
        (type(each).__name__, each.id): {name: getattr(each, name) for name in each.__slots__}
        for each in found
        if not each.id.startswith(("lease/", *without))
    }


@pytest.fixture
def urls(tmp_path, request):
    """Give an URL for each kind of store, nothing in any of them."""
    with ExitStack() as stack:

        def url(kind):
            if kind == "sqlite":
                return sqlite_url(tmp_path)
            return stack.enter_context(request.getfixturevalue(kind).database())

        yield url


@pytest.fixture
def source(tmp_path):
    (tmp_path / "from").mkdir()
    url = sqlite_url(tmp_path / "from")
    with closing(open_store(url)) as store:
        fill(sealed(store, SEALER))
    return url


def read(url):
    with closing(opening.open_store(url)) as store:
        return content(store)


def copied(source, target):
    return cli.main(["store", "copy", source, target])


WAYS = [
    ("sqlite", "postgresql"),
    ("postgresql", "mariadb"),
    ("mariadb", "sqlite"),
    ("sqlite", "kubernetes"),
    ("kubernetes", "sqlite"),
]


@pytest.mark.parametrize(("one", "other"), WAYS)
def test_every_record_arrives_as_it_was_with_its_secrets_sealed(urls, one, other, capsys):
    source, target = urls(one), urls(other)
    with closing(opening.open_store(source)) as store:
        fill(sealed(store, SEALER))
        before = content(store)
    assert copied(source, target) == 0
    assert "8 records are in " in capsys.readouterr().out
    assert read(source) == read(target) == before
    with closing(opening.open_store(target)) as store:
        opened = sealed(store, SEALER)
        assert {each.provider_auth for each in opened.volumes.page(limit=3)} == {CANARY}
        assert all(CANARY not in repr(record) for record in content(store).values())
    # What is full is not copied to once more, and stays as it is.
    assert copied(source, target) == 1
    assert "only an empty one becomes a copy" in capsys.readouterr().err
    assert read(target) == before


def test_a_copy_that_was_killed_is_no_store_until_it_was_repeated(tmp_path, capsys):
    source, target = sqlite_url(tmp_path), f"sqlite:///{tmp_path}/other.db"
    with closing(open_store(source)) as store:
        store.insert_all(volume(f"v{number:05}") for number in range(3000))
        before = content(store)
    command = [sys.executable, "-m", "csi.cli", "store", "copy", source, target]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert next(iter(process.stderr or ())) == "copied volumes: 500 records\n"
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert 0 < len(read(target)) < len(before)
    new_key_file(tmp_path / "key")
    assert cli.main(["volume", "list", "--store", target, "--key-file", str(tmp_path / "key")]) == 1
    assert f"unfinished copy of {source}" in capsys.readouterr().err
    with pytest.raises(StoreUnusable, match="unfinished copy"):
        cinderblock.open(target, state_dir=tmp_path / "state", key_file=tmp_path / "key")
    # Nor does it become one of another store; and what changed meanwhile is copied as it is now.
    (tmp_path / "another").mkdir()
    open_store(sqlite_url(tmp_path / "another")).close()
    assert copied(sqlite_url(tmp_path / "another"), target) == 1
    assert f"unfinished copy of {source}, not of" in capsys.readouterr().err
    with closing(open_store(source)) as store:
        for record in store.volumes.page(limit=3):
            store.volumes.delete(record)
        store.volumes.insert(volume("v00001", name="other"))
        before = content(store)
    assert copied(source, target) == 0
    assert read(target) == before


def test_a_store_that_a_living_process_uses_is_not_copied(source, tmp_path, capsys):
    target = f"sqlite:///{tmp_path}/other.db"
    with closing(open_store(source)) as store:
        leases = Leases(store.key_values, "driver-7", tenure=Tenure(ttl_s=0.6), on_lost=lambda: None)
        leases.start()
        assert copied(source, target) == 1
        leases.close()
    assert f"process driver-7 works with {source}" in capsys.readouterr().err
    assert read(target) == {}
    assert copied(source, target) == 0


def test_who_is_silent_for_long_enough_does_not_live(source):
    told: list[str] = []
    with closing(open_store(source)) as store:
        store.key_values.insert(KeyValueRecord(id="lease/dead", value="run 1"))
        assert alive(store, wait_s=0.2, told=told.append) == []
    assert len(told) == 1


def test_a_process_that_begins_to_use_the_source_meanwhile_is_noticed(source, tmp_path):
    with closing(open_store(source)) as store, closing(open_store(f"sqlite:///{tmp_path}/other.db")) as target:

        def begin(_what, _done):
            if store.key_values.get("lease/late") is None:
                store.key_values.insert(KeyValueRecord(id="lease/late", value="run 1"))

        for number in range(500):
            store.nodes.insert(node(f"n-{number:03}"))
        with pytest.raises(StoreUnusable, match="began to use the store while it was copied"):
            copy(StoreSource(store), target, origin="x", progress=begin)
        with pytest.raises(StoreUnusable, match="unfinished copy of x"):
            check_whole(target)
        assert copy(StoreSource(store), target, origin="x", progress=begin) == 508
        check_whole(target)


def test_what_does_not_arrive_as_it_was_is_no_success(source, tmp_path, capsys):
    target = tmp_path / "lossy.db"
    open_store(f"sqlite:///{target}").close()
    with closing(sqlite3.connect(target)) as database:
        database.execute(
            "CREATE TRIGGER lossy AFTER INSERT ON cinderblock_connection "
            "BEGIN DELETE FROM cinderblock_connection WHERE id = NEW.id; END"
        )
    assert copied(source, f"sqlite:///{target}") == 1
    assert "the copy is not what its source is (connections: 'c1')" in capsys.readouterr().err
    with closing(open_store(f"sqlite:///{target}")) as store:
        assert store.key_values.get("copy/unfinished") is not None


def test_a_store_that_is_not_there_is_not_made(tmp_path, capsys):
    assert copied(f"sqlite:///{tmp_path}/none.db", sqlite_url(tmp_path)) == 1
    assert "there is no store" in capsys.readouterr().err
    assert copied(sqlite_url(tmp_path), sqlite_url(tmp_path)) == 1
    assert list(tmp_path.iterdir()) == []


def test_one_store_is_not_copied_to_itself_whichever_way_leads_there(kubernetes, capsys):
    url = kubernetes.emptied()
    with closing(opening.open_store(url)) as store:
        fill(sealed(store, SEALER))
    before = read(url)
    for target, said in ((url, "the two stores are the same one"), (f"{url}&context=lab", "only an empty one becomes")):
        assert copied(url, target) == 1
        assert said in capsys.readouterr().err
    assert read(url) == before


def test_a_password_is_neither_said_nor_stored(postgresql, source, capsys):
    with postgresql.database() as url:
        target = url.replace("store@", "store:abc@")
        assert copied(source, target) == 0
        assert "abc" not in capsys.readouterr().out
        assert copied(target, sqlite_url(Path(source.removeprefix("sqlite:///")).parent.parent)) == 0
    said = capsys.readouterr()
    assert "abc" not in said.out + said.err


@pytest.fixture
def backup(source, tmp_path):
    file = tmp_path / "backup.jsonl"
    assert cli.main(["store", "export", str(file), "--store", source, "--state-dir", str(tmp_path / "state")]) == 0
    return file


def restored(file, tmp_path):
    places = ["--store", f"sqlite:///{tmp_path}/restored.db", "--state-dir", str(tmp_path / "state")]
    return cli.main(["store", "import", str(file), *places])


def test_a_backup_holds_every_record_and_no_secret_and_is_for_its_owner_only(backup, source, tmp_path):
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    text = backup.read_text(encoding="ascii")
    assert CANARY not in text
    encoded = re.findall(r"[\w-]{40,}", text)
    assert encoded
    assert CANARY.encode() not in b"".join(base64.urlsafe_b64decode(one[: len(one) // 4 * 4]) for one in encoded)
    assert [json.loads(line).get("table", "") for line in text.splitlines()].count("volumes") == 4
    assert restored(backup, tmp_path) == 0
    assert read(f"sqlite:///{tmp_path}/restored.db") == read(source)


def test_a_backup_that_is_there_is_not_overwritten(backup, source, tmp_path, capsys):
    before = backup.read_bytes()
    assert cli.main(["store", "export", str(backup), "--store", source, "--state-dir", str(tmp_path)]) == 1
    assert "File exists" in capsys.readouterr().err
    assert backup.read_bytes() == before


def test_half_of_a_backup_or_a_changed_one_is_refused(backup, tmp_path):
    lines = backup.read_bytes().splitlines(keepends=True)
    broken = [
        b"",
        b"".join(lines[:-1]),
        b"".join(lines[:-1])[:-20],
        b"".join(lines)[:-20],
        b"".join([lines[0], *lines[2:]]),
        b"".join(lines).replace(b'"size_gib":3', b'"size_gib":4', 1),
        b"".join(lines[1:]),
        b"".join([lines[0], lines[2], lines[1], *lines[3:]]),
        b"\xff" + b"".join(lines),
    ]
    for number, each in enumerate(broken):
        file = tmp_path / f"broken-{number}"
        file.write_bytes(each)
        assert restored(file, tmp_path) == 1, number
    assert not (tmp_path / "restored.db").exists()


def test_a_backup_is_restored_to_an_empty_store_only(backup, tmp_path, capsys):
    assert restored(backup, tmp_path) == 0
    assert restored(backup, tmp_path) == 1
    assert "only an empty one" in capsys.readouterr().err
