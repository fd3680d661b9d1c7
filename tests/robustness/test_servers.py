"""A database's server that is killed, frozen, read-only or busy: said in bounded time, and nothing lost or doubled."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest

from persistence.errors import StoreUnavailable
from persistence.sql import open_store
from tests.contract.stores import database_of, key_value, volume
from tests.robustness.failing import AFTER, BEFORE, VERBS, answered, bounded, check_frozen, held

#: How long a statement, or an answer, is waited for.
SOON_S = 0.3


@pytest.fixture
def url(server):
    return server.emptied()


@pytest.fixture
def store(url):
    with closing(open_store(url)) as store:
        yield store


@pytest.fixture
def impatient(url):
    """The same store, with somebody who does not wait long."""
    with closing(open_store(url, busy_timeout_s=SOON_S)) as store:
        yield store


@pytest.mark.parametrize("verb", VERBS)
def test_a_server_that_is_killed_inside_of_a_verb_costs_a_retry_at_most(server, store, verb):
    with ThreadPoolExecutor(1) as pool:
        old = store.key_values.insert(key_value("old"))
        server.freeze()
        begun = pool.submit(VERBS[verb], store.key_values, old)
        server.kill()
        server.start()
        error = begun.exception(timeout=30)
        if error is not None:
            assert isinstance(error, StoreUnavailable)
            assert held(store) in (BEFORE, AFTER[verb])
            if held(store) == BEFORE:
                VERBS[verb](store.key_values, old)
        assert held(store) == AFTER[verb]


def test_a_restart_between_two_calls_is_not_noticed(server, store):
    stored = store.key_values.insert(key_value("old"))
    server.stop()
    server.start()
    assert store.key_values.get("old") == stored
    server.kill()
    server.start()
    store.key_values.replace(replace(stored, value="changed"))
    assert held(store) == AFTER["replace"]


def test_no_server_is_told_at_once_and_found_again(server, store):
    stored = store.key_values.insert(key_value("old"))
    server.stop()
    try:
        for verb in VERBS.values():
            with pytest.raises(StoreUnavailable, match=r"^(postgresql|mariadb)://.* does not answer now: "), bounded():
                verb(store.key_values, stored)
    finally:
        server.start()
    assert held(store) == BEFORE


def test_a_frozen_server_is_told_in_time_and_what_it_does_when_it_wakes_is_settled(server, store, impatient):
    check_frozen(server, store, impatient)


def test_a_server_that_takes_no_writes_is_told_and_written_to_when_it_does_again(server, store):
    store.key_values.insert(key_value("old"))
    try:
        for statement in server.read_only:
            server.run(statement)
        with pytest.raises(StoreUnavailable, match="read-only"), bounded():
            store.key_values.insert(key_value("new", "x"))
        assert held(store) == BEFORE
    finally:
        for statement in server.writable:
            server.run(statement)
    store.key_values.insert(key_value("new", "x"))
    assert held(store) == AFTER["insert"]


def test_a_record_that_another_program_has_locked_is_told_in_time(server, url, store, impatient):
    stored = store.key_values.insert(key_value("old"))
    with closing(server.connect(database_of(url))) as other, other.cursor() as cursor, bounded():
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM cinderblock_key_value FOR UPDATE")
        with pytest.raises(
            StoreUnavailable, match=r"due to (lock|statement) timeout|Lock wait timeout|max_statement_time"
        ):
            impatient.key_values.replace(replace(stored, value="changed"))
        assert answered(impatient) == BEFORE
        cursor.execute("ROLLBACK")
    store.key_values.replace(replace(stored, value="changed"))


GIVES_UP_TWICE = {
    "postgresql": (
        "CREATE SEQUENCE tries",
        "GRANT ALL ON SEQUENCE tries TO store",
        (
            "CREATE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('tries') < 3 THEN "
            "RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END IF; RETURN NEW; END $$"
        ),
        "CREATE TRIGGER give_up BEFORE INSERT ON cinderblock_key_value FOR EACH ROW EXECUTE FUNCTION give_up()",
    ),
    "mariadb": (
        (
            "CREATE TRIGGER give_up BEFORE INSERT ON cinderblock_key_value FOR EACH ROW BEGIN "
            "SET @tries = IFNULL(@tries, 0) + 1; "
            "IF @tries < 3 THEN SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213; END IF; END"
        ),
    ),
}


def test_what_the_server_gave_up_for_another_is_done_again(server):
    with server.database() as url, closing(open_store(url)) as store:
        for statement in GIVES_UP_TWICE[server.kind]:
            server.run(statement, database_of(url))
        store.key_values.insert(key_value("old"))
        assert held(store) == BEFORE


def test_a_crowd_that_finds_no_connection_is_told_so(server, url, store, impatient):
    stored = store.key_values.insert(key_value("old"))
    barrier = threading.Barrier(40)

    def replaced(number):
        barrier.wait(timeout=30)
        try:
            return impatient.key_values.replace(replace(stored, value=str(number)))
        except StoreUnavailable as error:
            return str(error)

    with closing(server.connect(database_of(url))) as other, other.cursor() as cursor, ThreadPoolExecutor(40) as pool:
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM cinderblock_key_value FOR UPDATE")
        with bounded():
            said = list(pool.map(replaced, range(40)))
        cursor.execute("ROLLBACK")
    assert held(store) == BEFORE
    assert any("has all of its connections in use; ask again" in one for one in said)
    assert all("StoreUnavailable" not in one and "://" in one for one in said)


def test_a_record_that_is_too_long_for_the_server_is_told(mariadb):
    mariadb.run("SET GLOBAL max_allowed_packet = 1048576")
    try:
        with closing(open_store(mariadb.emptied())) as store:
            with pytest.raises(StoreUnavailable, match="set its max_allowed_packet higher"):
                store.volumes.insert(volume(description="'" * 600_000))
            assert store.volumes.page() == []
            # What just fits is not refused.
            longest = volume(description="x" * 1_030_000)
            assert replace(store.volumes.insert(longest), revision="") == longest
    finally:
        mariadb.run("SET GLOBAL max_allowed_packet = 16777216")
