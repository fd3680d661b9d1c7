"""A database that has no room any more: told at once, nothing that was answered is lost, and it goes on with room."""

import os
import pwd
import subprocess
from contextlib import closing, contextmanager

import pytest

from persistence.errors import StoreUnavailable
from persistence.opening import open_store
from tests.contract.stores import every_id, key_value
from tests.lab.databases import MariaDB, PostgreSQL
from tests.waiting import eventually

#: Not more than fits into a record of any store, and not to be compressed.
_LARGE = os.urandom(30_000).hex()
#: What a server needs for itself and a little, in MiB.
_ENOUGH_MIB = {"postgresql": 64, "mariadb": 180}
#: What is left of it when the disk is nearly full.
_LEFT = 2 << 20


@contextmanager
def on_a_disk_of_its_own(make):
    """A server whose files are on a disk that has hardly more room than they need."""
    server = make()
    owner = pwd.getpwnam(server.user)
    options = f"size={_ENOUGH_MIB[server.kind]}m,mode=0700,uid={owner.pw_uid},gid={owner.pw_gid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", server.folder], check=True)
    try:
        server.make()
        server.start()
        yield server
    finally:
        if server.is_running:
            server.kill()
        subprocess.run(["umount", server.folder], check=True)
        server.remove()


@contextmanager
def nearly_full(folder):
    """Another file has all but a little of the disk."""
    disk = os.statvfs(folder)
    balloon = folder / "balloon"
    with balloon.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - _LEFT)
    yield
    balloon.unlink()


def filled(store):
    """Store as much as there is room for; return the ids of what was stored, and what was said then."""
    stored = []
    for number in range(1000):
        try:
            stored.append(store.key_values.insert(key_value(f"{number:04}", _LARGE)).id)
        except StoreUnavailable as error:
            return stored, str(error)
    raise AssertionError("there was room for all")


@pytest.mark.parametrize("make", [PostgreSQL, MariaDB])
def test_what_was_stored_before_the_disk_was_full_is_there_and_the_rest_can_be_stored_later(make):
    with on_a_disk_of_its_own(make) as server, closing(open_store(server.emptied())) as store:
        with nearly_full(server.folder):
            stored, said = filled(store)
            assert " does not answer now: " in said
        assert stored
        # Some servers end themselves; whoever has made room starts them again.
        if not server.is_running:
            server.start()
        assert eventually(lambda: found(store)) == stored
        store.key_values.insert(key_value("new", _LARGE))
        assert every_id(store.key_values) == [*stored, "new"]


def found(store):
    """Return the ids of all that is stored; None while the server recovers."""
    try:
        return every_id(store.key_values)
    except StoreUnavailable:
        return None


def test_what_was_stored_before_a_cluster_was_full_is_there_and_can_be_deleted(kubernetes):
    with closing(open_store(kubernetes.url(kubernetes.namespace()))) as store:
        with little_room(kubernetes.etcd):
            stored, said = filled(store)
            assert said.endswith(
                "does not answer now: etcdserver: mvcc: database space exceeded; "
                "compact and defragment the cluster's etcd, or give it more"
            )
            assert every_id(store.key_values) == stored
            (last,) = store.key_values.page(after=stored[-2])
            store.key_values.delete(last)
            stored.remove(last.id)
            assert every_id(store.key_values) == stored
        eventually(lambda: inserted(store, "new"))
        assert every_id(store.key_values) == [*stored, "new"]


@contextmanager
def little_room(etcd):
    """The etcd takes hardly more than it has."""
    has = (etcd.data / "member" / "snap" / "db").stat().st_size
    etcd.kill()
    etcd.start(f"--quota-backend-bytes={has + _LEFT}")
    try:
        yield
    finally:
        etcd.kill()
        etcd.start()
        for alarm in etcd.ask("maintenance/alarm", {"action": "GET"}).get("alarms", []):
            etcd.ask("maintenance/alarm", {"action": "DEACTIVATE", **alarm})


def inserted(store, record_id):
    """Store a record, unless the server has no time for it."""
    try:
        return store.key_values.insert(key_value(record_id))
    except StoreUnavailable:
        return None
