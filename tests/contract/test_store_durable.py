"""What a store on disk promises beyond its verbs: re-opening, several processes, crashes, secrets."""

import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from persistence.errors import StoreUnusable
from persistence.seal import Sealer, sealed
from persistence.sql import open_store
from tests.contract.stores import (
    DURABLE,
    FILES,
    SEALER,
    connection,
    every_id,
    key_value,
    node,
    prepared,
    snapshot,
    sqlite_url,
    volume,
)

ROOT = Path(__file__).parents[2]
CANARY = "canary-6f1d-for-your-eyes-only"

#: Adds one to a counter, `argv[3]` times, however many others do the same.
COUNTING = """
import sys
from dataclasses import replace
from pathlib import Path
from persistence.errors import RecordChanged
from tests.contract.stores import DURABLE

store = DURABLE[sys.argv[1]](Path(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[3])):
    while True:
        seen = store.key_values.get("counter")
        try:
            store.key_values.replace(replace(seen, value=str(int(seen.value) + 1)))
            break
        except RecordChanged:
            pass
store.close()
"""

#: Inserts, changes and deletes for ever, and says what it has an answer for.
WRITING = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.contract.stores import DURABLE, volume

store = DURABLE[sys.argv[1]](Path(sys.argv[2]))
number = int(sys.argv[3])
while True:
    number += 1
    stored = store.volumes.insert(volume(f"{number:08}", description="x" * 8000))
    print("inserted", stored.id, flush=True)
    stored = store.volumes.replace(replace(stored, size_gib=77))
    print("replaced", stored.id, flush=True)
    if number % 3 == 0:
        store.volumes.delete(stored)
        print("deleted", stored.id, flush=True)
"""


def started(script, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(params=DURABLE)
def kind(request, tmp_path):
    with prepared(request.param, tmp_path, request):
        yield request.param


@pytest.fixture
def open_again(kind, tmp_path):
    """A function that opens the store; all that it opened is closed in the end."""
    opened = []

    def open_one():
        opened.append(DURABLE[kind](tmp_path))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


def test_what_was_stored_is_there_again_when_it_is_opened_anew(open_again):
    store = open_again()
    records = {
        "volumes": store.volumes.insert(volume()),
        "snapshots": store.snapshots.insert(snapshot()),
        "connections": store.connections.insert(connection()),
        "nodes": store.nodes.insert(node()),
        "key_values": store.key_values.insert(key_value(value="v")),
    }
    store.close()
    again = open_again()
    for table, record in records.items():
        assert getattr(again, table).page() == [record]
    assert again.volumes.replace(replace(records["volumes"], size_gib=9)).size_gib == 9


def test_two_stores_on_one_file_see_each_other(open_again):
    one, other = open_again(), open_again()
    stored = one.volumes.insert(volume())
    assert other.volumes.get("v1") == stored
    other.volumes.delete(stored)
    assert one.volumes.get("v1") is None
    one.close()
    assert other.volumes.insert(volume()).revision


def test_no_change_of_any_process_is_lost(kind, tmp_path, open_again):
    open_again().key_values.insert(key_value("counter", "0"))
    processes = [started(COUNTING, kind, str(tmp_path), "25") for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        with process:
            assert process.wait(timeout=60) == 0
    assert open_again().key_values.get("counter").value == "100"


def test_several_processes_may_make_the_store_at_once(kind, tmp_path, open_again):
    processes = [started(COUNTING, kind, str(tmp_path), "0") for _ in range(4)]
    for process in processes:
        with process:
            assert process.communicate("go\n", timeout=60)[0] == "ready\n"
            assert process.returncode == 0
    assert open_again().key_values.page() == []


def test_what_was_answered_outlives_a_killed_process(kind, tmp_path, open_again):
    dice = random.Random(20260401)
    last = 0
    for _ in range(4):
        process = started(WRITING, kind, str(tmp_path), str(last))
        said = [process.stdout.readline() for _ in range(dice.randrange(20, 200))]
        # Somewhere in the middle of whatever it does now.
        process.send_signal(signal.SIGKILL)
        with process:
            said += process.stdout.read().splitlines(keepends=True)
        store = open_again()
        answered = dict(reversed(line.split()) for line in said if line.endswith("\n"))
        for record_id, verb in answered.items():
            found = store.volumes.get(record_id)
            if verb == "deleted":
                assert found is None
            elif record_id != max(answered):
                assert found.size_gib == 77
            # The last one may have gone on unheard, but not back.
            elif verb == "replaced":
                assert found is None or found.size_gib == 77
            else:
                assert found.size_gib in (3, 77)
        # Each of them is whole: one that was half written would not decode.
        last = int(max(every_id(store.volumes), default="0"))
        store.close()
        if kind in FILES:
            with closing(sqlite3.connect(tmp_path / "store.db")) as database:
                assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def files_content(folder: Path) -> bytes:
    """Every byte of every file; only when no store of this process is open on them."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_no_secret_is_on_the_disk_when_sealed_and_it_is_when_not(tmp_path):
    for kind, open_one in FILES.items():
        folder = tmp_path / kind
        folder.mkdir()
        # Read by a process of its own, while the write-ahead log is still there.
        store = open_one(folder)
        stored = store.volumes.insert(volume(provider_auth=CANARY))
        store.volumes.replace(replace(stored, provider_auth=CANARY + "2"))
        store.snapshots.insert(snapshot(provider_auth=CANARY))
        store.connections.insert(connection(connection_info={"data": {"auth_password": CANARY}, CANARY: [CANARY]}))
        assert "store.db-wal" in {path.name for path in folder.iterdir()}
        found = [subprocess.run(["grep", "-rqa", CANARY, str(folder)], check=False).returncode == 0]
        assert [record.provider_auth for record in store.volumes.page()] == [CANARY + "2"]
        store.close()
        found.append(CANARY.encode() in files_content(folder))
        assert found == ([False, False] if kind.startswith("sealed") else [True, True])


def test_another_key_does_not_open_and_the_ring_of_both_does(tmp_path):
    old, new = b"o" * 32, b"n" * 32

    def opened(*keys):
        return closing(sealed(open_store(sqlite_url(tmp_path)), Sealer(keys)))

    with opened(old) as store:
        store.volumes.insert(volume())
    with opened(new) as store:
        with pytest.raises(StoreUnusable, match="provider_auth of volume 'v1' was sealed with key"):
            store.volumes.get("v1")
        with pytest.raises(StoreUnusable, match="add the old key"):
            store.volumes.page()
    with opened(new, old) as store:
        store.volumes.replace(store.volumes.get("v1"))
    with opened(new) as store:
        assert store.volumes.get("v1").provider_auth == "CHAP user password"


def test_a_sealed_secret_opens_in_its_own_place_only(tmp_path):
    inner = open_store(sqlite_url(tmp_path))
    with closing(sealed(inner, SEALER)) as store:
        store.volumes.insert(volume())
        (stolen,) = (record.provider_auth for record in inner.volumes.page())
        inner.volumes.insert(volume("v2", provider_auth=stolen))
        inner.snapshots.insert(snapshot("v1", provider_auth=stolen))
        inner.volumes.insert(volume("v3", provider_auth=stolen[:-6] + "AAAAAA"))
        inner.volumes.insert(volume("v4", provider_auth="in clear"))
        for record_id in ("v2", "v3"):
            with pytest.raises(StoreUnusable, match="does not open: it was changed, or sealed for another place"):
                store.volumes.get(record_id)
        with pytest.raises(StoreUnusable, match="does not open"):
            store.snapshots.get("v1")
        with pytest.raises(StoreUnusable, match="is not sealed"):
            store.volumes.get("v4")
