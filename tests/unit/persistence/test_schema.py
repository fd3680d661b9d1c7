"""The schema, its migrations, and how they are asked."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.schema import CreateTable

import persistence.sql
from persistence.records import KeyValueRecord, SnapshotRecord
from persistence.sql import open_store
from persistence.sql.schema import TABLES, VERSION_TABLE, VERSIONS, metadata
from tests.contract.stores import sqlite_url

ROOT = Path(__file__).parents[3]


@pytest.fixture
def engine(tmp_path):
    open_store(sqlite_url(tmp_path)).close()
    engine = sa.create_engine(sqlite_url(tmp_path))
    yield engine
    engine.dispose()


def test_the_migrations_make_what_the_code_expects(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_versions_are_those_of_the_migrations():
    config = Config()
    config.set_main_option("script_location", str(Path(persistence.sql.__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == VERSIONS
    assert scripts.get_heads() == [VERSIONS[-1]]


@pytest.fixture
def plan(tmp_path):
    """A function that says how SQLite finds what a page asks for, by the very statement that the store ran."""
    ran: list[tuple[str, tuple[object, ...]]] = []

    def remember(_connection, _cursor, statement, parameters, *_rest):
        ran.append((statement, parameters))

    def explained(table, **page):
        with closing(open_store(sqlite_url(tmp_path))) as store:
            getattr(store, table).page(**page)
        statement, parameters = ran[-1]
        with closing(sqlite3.connect(tmp_path / "store.db")) as database:
            return [row[-1] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]

    sa.event.listen(sa.Engine, "before_cursor_execute", remember)
    yield explained
    sa.event.remove(sa.Engine, "before_cursor_execute", remember)


@pytest.mark.parametrize("field", SnapshotRecord.INDEXED)
def test_a_page_is_found_by_its_index_and_never_sorted(plan, field):
    said = plan("snapshots", after="x", where={field: "x"})
    assert said == [f"SEARCH cinderblock_snapshot USING INDEX ix_cinderblock_snapshot_{field} ({field}=? AND id>?)"]


def test_a_page_of_everything_walks_the_ids(plan):
    said = plan("volumes", after="x")
    assert said == ["SEARCH cinderblock_volume USING INDEX sqlite_autoindex_cinderblock_volume_1 (id>?)"]


def test_one_name_on_a_back_end_is_found_by_the_name(plan):
    said = plan("volumes", where={"backend": "lvm", "name": "x"})
    assert said == ["SEARCH cinderblock_volume USING INDEX ix_cinderblock_volume_name (name=? AND id>?)"]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_the_schema_suits_postgresql_and_mariadb(table):
    on_postgresql = str(CreateTable(table).compile(dialect=postgresql.dialect()))
    assert 'id VARCHAR(256) COLLATE "C" NOT NULL' in on_postgresql
    assert "document TEXT NOT NULL" in on_postgresql
    on_mariadb = str(CreateTable(table).compile(dialect=mysql.dialect()))
    assert "id VARCHAR(256) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL" in on_mariadb
    assert "document LONGTEXT NOT NULL" in on_mariadb
    for index in table.indexes:
        # InnoDB's longest index, in bytes, at four for a character.
        assert sum(column.type.length * 4 for column in index.columns) <= 3072


def test_no_table_is_named_like_one_of_cinder():
    assert all(table.name.startswith("cinderblock_") for table in TABLES.values())
    assert TABLES[KeyValueRecord].name == "cinderblock_key_value"


def modules_of(script, *arguments):
    """Return the modules that a fresh interpreter has loaded after `script`."""
    said = subprocess.run(
        [sys.executable, "-c", f"{script}\nimport sys; print(*sys.modules)", *arguments],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return set(said.stdout.split())


def test_records_and_seals_cost_no_database():
    loaded = modules_of("import persistence.records, persistence.port, persistence.seal, persistence.memory")
    assert "persistence.seal" in loaded
    assert not loaded & {"sqlalchemy", "alembic", "sqlite3", "persistence.sql"}


def test_a_store_that_needs_no_migration_does_not_load_alembic(tmp_path):
    script = "import sys; from persistence.sql import open_store; open_store(sys.argv[1]).close()"
    assert "alembic" in modules_of(script, sqlite_url(tmp_path))
    assert "alembic" not in modules_of(script, sqlite_url(tmp_path))
