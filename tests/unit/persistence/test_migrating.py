"""A server's schema: made by one process at a time, finished when it was cut off, refused when it is not ours."""

from contextlib import closing, contextmanager

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from persistence.errors import StoreUnusable
from persistence.sql import open_store
from persistence.sql.schema import TABLES, VERSION_TABLE, VERSIONS, metadata
from tests.contract.stores import database_of, key_value

#: Five tables, their indexes, and Alembic's own table.
STEPS = 1 + len(TABLES) + sum(len(table.indexes) for table in TABLES.values())


@pytest.fixture
def url(server):
    with server.database() as url:
        yield url


def differences(url):
    """Return what the database has and lacks, compared with what the code expects."""
    driver = {"postgresql": "postgresql+psycopg", "mariadb": "mysql+pymysql"}
    made = sa.make_url(url)
    engine = sa.create_engine(made.set(drivername=driver[made.drivername]))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        found = compare_metadata(context, metadata)
    engine.dispose()
    return found


def test_the_migrations_make_what_the_code_expects(url):
    open_store(url).close()
    assert differences(url) == []


class CutOff(BaseException):
    """What the end of the process is to what runs in it."""


@contextmanager
def cut_off(step):
    """Count the steps of migrations, and end the process before one of them, as far as it can tell."""
    done: list[str] = []

    def count(_connection, _cursor, statement, *_rest):
        if statement.lstrip().startswith("CREATE"):
            done.append(statement)
            if len(done) == step:
                raise CutOff

    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    yield done
    sa.event.remove(sa.Engine, "before_cursor_execute", count)


def test_the_steps_are_all_that_there_are(url):
    with cut_off(0) as done:
        open_store(url).close()
    assert len(done) == STEPS


@pytest.mark.parametrize("step", [1, 2, 3, 7, 12, STEPS])
def test_a_migration_that_was_cut_off_is_finished(url, step):
    with cut_off(step), pytest.raises(CutOff):
        open_store(url)
    with closing(open_store(url)) as store:
        stored = store.key_values.insert(key_value())
    assert differences(url) == []
    with closing(open_store(url)) as store:
        assert store.key_values.page() == [stored]


REFUSED = [
    ("UPDATE cinderblock_version SET version_num = '9999'", "schema '9999', this version .* knows up to '0001': run"),
    ("DELETE FROM cinderblock_version", "has 0 schema versions instead of one"),
    ("DROP TABLE cinderblock_node", "lacks the tables cinderblock_node; restore it"),
    ("DROP TABLE cinderblock_version", "holds another program's tables"),
]


@pytest.mark.parametrize(("statement", "said"), REFUSED, ids=["newer", "no version", "a table less", "not ours"])
def test_a_schema_that_is_not_ours_is_refused_in_words(server, url, statement, said):
    with closing(open_store(url)) as store:
        store.key_values.insert(key_value())
    server.run(statement, database_of(url))
    before = server.dump(database_of(url))
    with pytest.raises(StoreUnusable, match=said):
        open_store(url)
    assert server.dump(database_of(url)) == before


def test_another_programs_database_is_refused_and_left_alone(server, url):
    server.run("CREATE TABLE volumes (id INTEGER)", database_of(url))
    with pytest.raises(StoreUnusable, match=r"holds another program's tables \(volumes, …\); name another one"):
        open_store(url)
    assert server.run("SELECT * FROM volumes", database_of(url)) == []


def test_the_latest_version_is_what_is_remembered(server, url):
    open_store(url).close()
    assert server.run(f"SELECT version_num FROM {VERSION_TABLE}", database_of(url)) == [(VERSIONS[-1],)]  # noqa: S608 -- a constant
