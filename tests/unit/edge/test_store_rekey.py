"""`cinderblock store rekey`: afterwards the new key alone opens all of the store."""

import base64
import signal
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace

import pytest

from cinderblock.engine import every
from cinderblock.rekeying import rekey
from csi import cli
from persistence.errors import RecordChanged, StoreUnusable
from persistence.seal import Sealer, sealed
from persistence.sql import open_store
from tests.contract.stores import connection, sqlite_url, volume

OLD, NEW = b"o" * 32, b"n" * 32
SECRET = "canary-of-a-key-12"


@pytest.fixture
def url(tmp_path):
    return sqlite_url(tmp_path)


@pytest.fixture
def store(url):
    with closing(open_store(url)) as store:
        yield store


def key_file(folder, *keys):
    file = folder / "key"
    file.write_bytes(b"".join(base64.b64encode(key) + b"\n" for key in keys))
    return str(file)


def fill(store, sealer, *, volumes=3):
    """Store secrets that are texts, one that is a mapping, and a record without any."""
    below = sealed(store, sealer)
    for number in range(volumes):
        below.volumes.insert(volume(f"v{number}", provider_auth=SECRET))
    below.volumes.insert(volume("open", provider_auth=""))
    below.connections.insert(connection(connection_info={"data": {"auth_password": SECRET}}))


def secrets(store, sealer):
    opened = sealed(store, sealer)
    texts: list[object] = [each.provider_auth for each in every(opened.volumes) if each.provider_auth]
    data = [each.connection_info["data"] for each in every(opened.connections)]
    return texts + [each["auth_password"] for each in data if isinstance(each, dict)]


def test_the_old_key_can_go(url, store, tmp_path, capsys):
    fill(store, Sealer([OLD]))
    unsealed = store.volumes.get("open")
    arguments = ["store", "rekey", "--store", url, "--key-file", key_file(tmp_path, NEW, OLD)]
    assert cli.main(arguments) == 0
    assert f"4 records were sealed anew; key {Sealer([NEW]).key_id} alone opens" in capsys.readouterr().out
    assert secrets(store, Sealer([NEW])) == [SECRET] * 4
    assert store.volumes.get("open") == unsealed
    before = list(every(store.volumes))
    key_file(tmp_path, NEW)
    assert cli.main(arguments) == 0
    assert "0 records" in capsys.readouterr().out
    assert list(every(store.volumes)) == before
    with pytest.raises(StoreUnusable):
        secrets(store, Sealer([OLD]))


def test_one_that_was_killed_goes_on(url, store, tmp_path):
    fill(store, Sealer([OLD]), volumes=1500)
    arguments = ["store", "rekey", "--store", url, "--key-file", key_file(tmp_path, NEW, OLD)]
    with subprocess.Popen([sys.executable, "-m", "csi.cli", *arguments], stderr=subprocess.PIPE, text=True) as process:
        assert next(iter(process.stderr or ())) == "sealed anew: 500 volumes\n"
        process.kill()
        assert process.wait() == -signal.SIGKILL
    # Whatever was done, both keys together open all of it.
    assert secrets(store, Sealer([NEW, OLD])) == [SECRET] * 1501
    done = sum(Sealer([NEW]).seals(each) for each in every(store.volumes)) - 1
    assert 500 <= done < 1500
    assert cli.main(arguments) == 0
    assert secrets(store, Sealer([NEW])) == [SECRET] * 1501


def test_what_a_process_writes_meanwhile_is_kept(store):
    fill(store, Sealer([OLD]), volumes=20)
    written: dict[str, int] = {}
    ends = threading.Event()

    def write():
        table = sealed(store, Sealer([NEW, OLD])).volumes
        while not ends.is_set() or not written:
            for found in table.page(limit=10):
                try:
                    table.replace(replace(found, size_gib=found.size_gib + 1))
                except RecordChanged:
                    continue
                written[found.id] = found.size_gib + 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        rekey(store, Sealer([NEW, OLD]), progress=lambda _table, _done: None)
    finally:
        ends.set()
        writer.join()
    assert secrets(store, Sealer([NEW])) == [SECRET] * 21
    assert {each.id: each.size_gib for each in every(store.volumes) if each.id in written} == written


def test_a_process_that_goes_on_with_the_old_key_is_found(store):
    fill(store, Sealer([OLD]))
    late = sealed(store, Sealer([OLD])).volumes

    def write_late(table, _done):
        if table == "connections":
            late.insert(volume("late", provider_auth=SECRET))

    with pytest.raises(StoreUnusable, match=r"still seals with an older key \(volumes: 'late', 1 in all\)"):
        rekey(store, Sealer([NEW, OLD]), progress=write_late)


def test_without_the_old_key_nothing_is_changed(url, store, tmp_path, capsys):
    fill(store, Sealer([OLD]))
    before = list(every(store.volumes))
    assert cli.main(["store", "rekey", "--store", url, "--key-file", key_file(tmp_path, NEW)]) == 1
    assert "add the old key on a line below the first" in capsys.readouterr().err
    assert list(every(store.volumes)) == before
