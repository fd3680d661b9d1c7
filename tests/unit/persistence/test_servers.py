"""A store on a database's server: its URL, what is said of it, and what it asks of its server."""

import subprocess
import sys
import traceback
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from persistence.errors import StoreUnavailable, StoreUnusable
from persistence.seal import sealed
from persistence.sql import open_store
from persistence.sql.schema import TABLES
from persistence.sql.servers.mariadb import MariaDB
from persistence.sql.servers.postgresql import PostgreSQL
from tests.contract.stores import SEALER, connection, database_of, key_value, snapshot, volume

ROOT = Path(__file__).parents[3]
CANARY = "canary-83c2-for-your-eyes-only"


@pytest.fixture
def url(server):
    return server.emptied()


def shown(caught):
    """Return all that a log may show of an exception, its causes included."""
    return "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://user:hunter2@host", r"postgresql://host/ names no database"),
        ("mariadb://user:hunter2@host/", r"mariadb://host/ names no database"),
        ("mariadb://user:hunter2@host/db?charset=latin1", r"no option charset; known are unix_socket, ssl_ca"),
        ("mysql://host/db?user=me&passwd=hunter2", r"no option passwd, user; known are"),
        ("postgresql://user@host/db?password=hunter2", r"stands before the host: USER:PASSWORD@HOST"),
        ("postgresql://user:un@escaped:hunter2@host/db", r"is no URL; .*special characters as %XX"),
        # A password with a character that should stand as %40.
        ("mariadb://user:un@hunter2@host/db", r"is no URL; .*special characters as %XX"),
        ("postgresql://user:un/escaped@hunter2@/db", r"is no URL; .*special characters as %XX"),
        ("postgresql+pg8000://user:hunter2@host/db", r"no store works with postgresql\+pg8000:// URLs; "),
        ("postgresql://user:hunter2@/db?host=/nowhere", r"^postgresql:///db\?host=%2Fnowhere does not answer now: "),
        ("mysql://user:hunter2@host/db?ssl_ca=/nowhere", r"^mariadb://host/db cannot be connected to: No such file"),
        ("mysql://user:hunter2@a..b/db", r"^mariadb://a..b/db cannot be connected to: "),
        ("mysql://user:hunter2@/db?unix_socket=/nowhere", r"does not answer now: nobody answers on its socket"),
        ("mysql+pymysql://user:hunter2@127.0.0.1:1/db", r"^mariadb://127.0.0.1:1/db does not answer now: "),
    ],
)
def test_a_url_that_leads_nowhere_is_told_without_its_password(url, said):
    with pytest.raises((StoreUnusable, StoreUnavailable), match=said) as caught:
        open_store(url)
    assert "hunter2" not in shown(caught)


def test_a_password_that_is_wrong_is_not_shown(postgresql, mariadb):
    wrong = mariadb.emptied().replace("hunter22", "hunter2")
    with pytest.raises(StoreUnavailable, match="Access denied for user") as caught:
        open_store(wrong)
    assert "hunter2" not in shown(caught)
    with guarded(postgresql) as url:
        wrong = url.replace("store@", "guarded:hunter2@")
        with pytest.raises(StoreUnavailable, match="password authentication failed") as caught:
            open_store(wrong)
        assert "hunter2" not in shown(caught)


@contextmanager
def guarded(postgresql):
    """A database whose owner has to say a password."""
    with postgresql.database() as url:
        postgresql.run("CREATE ROLE guarded LOGIN PASSWORD 'pä中@'")
        postgresql.run(f"ALTER DATABASE {database_of(url)} OWNER TO guarded")
        try:
            yield url
        finally:
            postgresql.run(f"ALTER DATABASE {database_of(url)} OWNER TO postgres")
            postgresql.run("DROP OWNED BY guarded CASCADE", database_of(url))
            postgresql.run("DROP ROLE guarded")


def test_a_password_may_hold_anything(postgresql, mariadb):
    said = quote("pä中@", safe="")
    with guarded(postgresql) as url, closing(open_store(url.replace("store@", f"guarded:{said}@"))) as store:
        assert store.volumes.page() == []
    mariadb.run("CREATE OR REPLACE USER guarded@localhost IDENTIFIED BY 'pä中@'")
    url = mariadb.emptied()
    mariadb.run(f"GRANT ALL ON {database_of(url)}.* TO guarded@localhost")
    with closing(open_store(url.replace("store:hunter22@", f"guarded:{said}@"))) as store:
        assert store.volumes.page() == []


WITHOUT_DRIVERS = """
import sys
sys.modules.update(psycopg=None, pymysql=None)
from persistence.errors import StoreUnusable
from persistence.sql import open_store
open_store(sys.argv[1]).close()
for url in sys.argv[2:]:
    try:
        open_store(url)
    except StoreUnusable as error:
        print(error)
"""


def test_a_driver_that_is_not_installed_is_named_with_its_extra_and_needed_for_its_own_stores_only(tmp_path):
    urls = ["postgresql://u:hunter2@h/d", "mysql://u:hunter2@h/d", "mariadb+pymysql://u:hunter2@h/d"]
    command = [sys.executable, "-c", WITHOUT_DRIVERS, f"sqlite:///{tmp_path}/store.db", *urls]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    said = "{}://h/d needs the Python package {}; install it with `pip install 'cinderblock[{}]'`\n"
    on_mariadb = said.format("mariadb", "pymysql", "mariadb")
    assert done.stdout == said.format("postgresql", "psycopg", "postgresql") + on_mariadb * 2


def test_every_spelling_of_a_url_leads_to_the_same_store(postgresql, mariadb):
    url = postgresql.emptied()
    with closing(open_store(url)) as store:
        stored = store.key_values.insert(key_value())
        with closing(open_store(url.replace("postgresql:", "postgresql+psycopg:"))) as again:
            assert again.key_values.page() == [stored]
    url = mariadb.emptied()
    with closing(open_store(url)) as store:
        stored = store.key_values.insert(key_value())
        for scheme in ("mariadb+pymysql:", "mysql:", "mysql+pymysql:"):
            with closing(open_store(url.replace("mariadb:", scheme))) as again:
                assert again.key_values.page() == [stored]


def test_a_volume_that_is_deleted_leaves_no_row_anywhere(server, url):
    with closing(sealed(open_store(url), SEALER)) as store:
        stored = store.volumes.insert(volume(metadata={"team": "blue"}, admin_metadata={"readonly": "False"}))
        tables = {name for (name,) in server.run("SELECT table_name FROM information_schema.tables", database_of(url))}
        ours = {name for name in tables if str(name).startswith("cinderblock_")} - {"cinderblock_version"}
        assert ours == {table.name for table in TABLES.values()}
        store.volumes.delete(store.volumes.replace(replace(stored, metadata={"team": "red", "more": "x"})))
    left = [row for name in ours for row in server.run(f"SELECT * FROM {name}", database_of(url))]  # noqa: S608 -- names of ours
    assert left == []


def test_nothing_sealed_is_in_a_dump_in_clear(server, url):
    def fill(store, number):
        with closing(store):
            store.volumes.insert(volume(f"v{number}", provider_auth=CANARY))
            store.snapshots.insert(snapshot(f"s{number}", provider_auth=CANARY))
            store.connections.insert(connection(f"c{number}", connection_info={"data": {CANARY: [CANARY]}}))
        return server.dump(database_of(url))

    dumped = fill(sealed(open_store(url), SEALER), 1)
    assert "pvc-v1" in dumped
    assert CANARY not in dumped
    assert CANARY in fill(open_store(url), 2)


@contextmanager
def session(engine):
    with engine.connect() as connection:
        yield lambda what: connection.exec_driver_sql(f"SELECT {what}").scalar_one()
    engine.dispose()


def test_every_session_of_postgresql_syncs_every_commit(postgresql):
    made = sa.make_url(postgresql.emptied()).set(drivername="postgresql+psycopg")
    try:
        postgresql.run("ALTER ROLE store SET synchronous_commit = off")
        with session(PostgreSQL().engine(made, wait_s=5)) as told:
            assert told("current_setting('synchronous_commit')") == "on"
        postgresql.run("ALTER ROLE store SET synchronous_commit = remote_apply")
        with session(PostgreSQL().engine(made, wait_s=5)) as told:
            assert told("current_setting('synchronous_commit')") == "remote_apply"
    finally:
        postgresql.run("ALTER ROLE store RESET synchronous_commit")


def test_every_session_of_mariadb_refuses_what_does_not_fit(mariadb):
    mariadb.run("SET GLOBAL sql_mode = ''")
    try:
        made = sa.make_url(mariadb.emptied()).set(drivername="mysql+pymysql")
        with session(MariaDB().engine(made, wait_s=5)) as told:
            assert "STRICT_ALL_TABLES" in told("@@sql_mode")
            assert (told("@@autocommit"), told("@@default_storage_engine")) == (1, "InnoDB")
    finally:
        mariadb.run("SET GLOBAL sql_mode = DEFAULT")


def test_a_server_that_forgets_is_told_in_the_log(postgresql, mariadb, caplog):
    open_store(postgresql.emptied()).close()
    assert "its fsync is off" in caplog.text
    mariadb.run("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
    try:
        open_store(mariadb.emptied()).close()
    finally:
        mariadb.run("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    assert "its innodb_flush_log_at_trx_commit is not 1" in caplog.text


def test_a_database_that_is_not_in_unicode_is_refused(postgresql):
    postgresql.run(
        "CREATE DATABASE old OWNER store ENCODING SQL_ASCII LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"
    )
    try:
        with pytest.raises(StoreUnusable, match="has the encoding SQL_ASCII, UTF8 wanted"):
            open_store(postgresql.url("old"))
    finally:
        postgresql.run(postgresql.dropping("old"))


def test_a_table_that_is_gone_while_in_use_is_told(server):
    with server.database() as url, closing(open_store(url)) as store:
        server.run("DROP TABLE cinderblock_node", database_of(url))
        with pytest.raises(StoreUnusable, match=r"cannot be used: .*cinderblock_node.*; restore it"):
            store.nodes.page()
