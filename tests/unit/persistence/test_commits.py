"""Writes that wait together are committed together, and each of them ends by itself."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
import sqlalchemy.exc

from persistence.errors import StoreUnavailable
from persistence.sql.sqlite import engine_on
from persistence.sql.sqlite.commits import Commits

KEYS = sa.Table("keys", sa.MetaData(), sa.Column("key", sa.String, primary_key=True), sa.Column("value", sa.String))
INSERT = KEYS.insert()


#: Fits into no file of as many pages as `_limit` allows.
TOO_LARGE = "x" * 2**20


def _limit(connection, _entry):
    connection.execute("PRAGMA max_page_count=64")


class Bench:
    """Commits whose turn is given out by the test, on a real file; what reached the database is written down."""

    def __init__(self, folder, *, wait_s=20.0):
        self.engine = engine_on(folder / "store.db", busy_timeout_s=0.1)
        sa.event.listen(self.engine, "connect", _limit)
        with self.engine.connect() as connection:
            KEYS.create(connection)
        self.said: list[str] = []
        sa.event.listen(self.engine, "before_cursor_execute", self._hear)
        self.turn = threading.Event()
        self.commits = Commits(self.engine.connect, self._taken, wait_s=wait_s)
        self.pool = ThreadPoolExecutor(16)

    def _hear(self, _connection, _cursor, statement, *_rest):
        self.said.append(statement.split()[0])

    @contextmanager
    def _taken(self, timeout_s):
        if not self.turn.wait(timeout_s):
            raise StoreUnavailable("the turn did not come")
        yield

    def begin(self, key, value=""):
        """Start a write, and wait until it waits itself."""
        before = self.commits.waiting
        begun = self.pool.submit(self.commits.run, INSERT, {"key": key, "value": value})
        eventually(lambda: self.commits.waiting > before or begun.done())
        return begun

    def stored(self):
        with self.engine.connect() as connection:
            return sorted(connection.execute(sa.select(KEYS.c.key)).scalars())

    def close(self):
        self.turn.set()
        self.pool.shutdown()
        self.engine.dispose()


def eventually(condition):
    tick = threading.Event()
    for _ in range(4000):
        if condition():
            return
        tick.wait(0.005)
    pytest.fail("it did not happen in 20 s")


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def test_writes_that_wait_together_share_one_commit(bench):
    begun = [bench.begin(key) for key in "abcd"]
    bench.turn.set()
    assert [write.result(20) for write in begun] == [1, 1, 1, 1]
    assert bench.said == ["BEGIN", "INSERT", "INSERT", "INSERT", "INSERT", "COMMIT"]
    assert bench.stored() == ["a", "b", "c", "d"]


def test_a_write_that_comes_alone_commits_itself(bench):
    bench.turn.set()
    assert bench.commits.run(INSERT, {"key": "a", "value": ""}) == 1
    assert bench.said == ["INSERT"]


def test_a_violated_constraint_is_the_affair_of_one_write(bench):
    begun = [bench.begin("a"), bench.begin("a", "again"), bench.begin("b")]
    bench.turn.set()
    assert begun[0].result(20) == begun[2].result(20) == 1
    with pytest.raises(sqlalchemy.exc.IntegrityError):
        begun[1].result(20)
    assert bench.stored() == ["a", "b"]


def test_a_write_that_the_database_cannot_do_takes_no_other_along(bench):
    begun = [bench.begin("a"), bench.begin("b", TOO_LARGE), bench.begin("c"), bench.begin("a", "again")]
    bench.turn.set()
    assert begun[0].result(20) == begun[2].result(20) == 1
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="full"):
        begun[1].result(20)
    with pytest.raises(sqlalchemy.exc.IntegrityError, match="UNIQUE"):
        begun[3].result(20)
    assert bench.stored() == ["a", "c"]


def test_a_lock_of_another_program_is_told_to_all_that_wait(bench):
    begun = [bench.begin(key) for key in "abc"]
    with bench.engine.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        bench.turn.set()
        for write in begun:
            with pytest.raises(sqlalchemy.exc.OperationalError, match="locked"):
                write.result(20)
        other.rollback()
    assert bench.stored() == []
    assert bench.begin("a").result(20) == 1


def test_whoever_waits_too_long_is_refused_and_not_written(tmp_path):
    bench = Bench(tmp_path, wait_s=0.2)
    begun = [bench.begin("a"), bench.begin("b")]
    for write in begun:
        with pytest.raises(StoreUnavailable):
            write.result(20)
    assert bench.commits.waiting == 0
    bench.turn.set()
    assert bench.begin("c").result(20) == 1
    assert bench.stored() == ["c"]
    bench.close()


def test_more_than_fit_into_one_commit_go_into_the_next(bench):
    bench.pool = ThreadPoolExecutor(100)
    begun = [bench.begin(f"{number:03}") for number in range(100)]
    bench.turn.set()
    assert {write.result(20) for write in begun} == {1}
    assert bench.said.count("COMMIT") == 2
    assert len(bench.stored()) == 100


def test_many_writers_lose_nothing(bench):
    bench.turn.set()
    with ThreadPoolExecutor(16) as pool:
        writes = [pool.submit(bench.commits.run, INSERT, {"key": str(n % 300), "value": ""}) for n in range(600)]
    failed = [write for write in writes if isinstance(write.exception(), sqlalchemy.exc.IntegrityError)]
    assert len(failed) == 300
    assert len(bench.stored()) == 300
