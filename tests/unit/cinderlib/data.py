"""What cinderlib wrote, as it lies in tests/data/cinderlib, for tests to take over."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from cinderblock.cinderlib.planning import plan
from persistence.sql.cinderlib import open_cinderlib

DATA = Path(__file__).parents[2] / "data/cinderlib"
DOCUMENTS = sorted(path.name for path in DATA.glob("*.json"))
HOSTS = {"fast": "cinderblock@fast", "files": "cinderblock@files"}
#: What every secret in the data begins with; of a volume, and of a back end.
CANARIES = ("s3cr3t-of-", "array-fast", "array-files")


def write_database(folder, *changes):
    """Make cinderlib's database anew, run the statements on it, and return its URL."""
    path = folder / "cinderlib.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript((DATA / "cinderlib.sql").read_text())
        for statement in changes:
            assert database.execute(statement).rowcount != 0, f"nothing changed: {statement}"
        database.commit()
    return f"sqlite:///{path}"


def document(name):
    return json.loads((DATA / name).read_text())


def planned(url, hosts=HOSTS):
    with open_cinderlib(url) as database:
        return plan(database, hosts, progress=lambda *_: None)


def one(records, name):
    """The only record of this name."""
    (found,) = [record for record in records if record.name == name]
    return found
