"""What went wrong for programs with a database of their own: on real servers it does not."""

import pytest

from cinderblock.compat import cinderlib
from tests.contract.stores import database_of

METADATA = {"team": "canary-of-metadata"}


class Database:
    """An empty database of a server, and all of its rows."""

    def __init__(self, server, url):
        self.persistence = {"storage": "db", "connection": url}
        self._server = server
        self._name = database_of(url)

    def rows_with(self, text):
        """Return the tables that have the text somewhere in a row."""
        where = f"WHERE table_schema IN ('public', '{self._name}')"
        tables = self._server.run(f"SELECT table_name FROM information_schema.tables {where}", self._name)  # noqa: S608 -- our own words
        return {
            str(table)
            for (table,) in tables
            for row in self._server.run(f"SELECT * FROM {table}", self._name)  # noqa: S608 -- a name of the database's
            if text in str(row)
        }


@pytest.fixture(params=["postgresql", "mariadb"])
def database(request):
    server = request.getfixturevalue(request.param)
    with server.database() as url:
        yield Database(server, url)


def test_a_volume_with_both_kinds_of_metadata_is_deleted_and_leaves_no_row(lab, database):
    lab.set_up(database.persistence)
    volume = lab.backend("SharedDriver").create_volume(
        1, metadata=METADATA, extra_specs={"a": "b"}, qos_specs={"c": "d"}
    )
    assert volume.admin_metadata == {"format": "raw"}
    volume.create_snapshot("before").delete()
    for text in (volume.id, METADATA["team"]):
        assert database.rows_with(text) == {"cinderblock_volume"}
    volume.delete()
    assert database.rows_with(volume.id) == database.rows_with(METADATA["team"]) == set()


def test_a_second_back_end_of_a_name_is_the_first_one_or_is_refused_and_nothing_is_recorded_twice(lab, database):
    lab.set_up(database.persistence)
    first = lab.backend()
    volume = first.create_volume(1, name="data")
    assert lab.backend() is first
    with pytest.raises(ValueError, match="another configuration"):
        lab.backend(local_files_path=str(lab.folder / "elsewhere"))
    assert [each.id for each in first.volumes] == [volume.id]
    assert not (lab.folder / "elsewhere").exists()
    # A later process finds it once, through the one back end of that name.
    lab.set_up(database.persistence)
    again = lab.backend()
    assert cinderlib.Backend.backends == {"files": again}
    assert [each.id for each in again.volumes] == [volume.id]
    again.volumes[0].delete()
    assert lab.files() == []
    assert database.rows_with(volume.id) == set()
