"""A machine as cinderlib left it: its database, and the files that its volumes and snapshots were."""

import io
import json
import os
import sqlite3
from contextlib import closing, redirect_stderr, redirect_stdout

from cinderblock.units import GIB
from csi import cli
from tests.unit.cinderlib.data import HOSTS, write_database

#: How much of a volume is written and compared, at its beginning and at its end.
PIECE = 2**20


class Old:
    """Two back ends of files with random content, and a configuration that has them."""

    def __init__(self, folder):
        self.folder = folder
        self.url = write_database(folder)
        self.database = folder / "cinderlib.db"
        self.config = folder / "cinder.conf"
        sections = [
            f"[{name}]\nvolume_driver = cinderblock.cinder.local_files.LocalFilesDriver\n"
            f"local_files_path = {folder / name}\n"
            for name in HOSTS
        ]
        self.config.write_text(f"[DEFAULT]\nenabled_backends = {', '.join(HOSTS)}\n" + "".join(sections))
        self.content = {}
        for row in self.rows("SELECT id, _name_id, display_name, size, host FROM volumes WHERE NOT deleted"):
            name = f"volume-{row['_name_id'] or row['id']}"
            self.content[row["display_name"]] = self.lay(row["host"].split("@")[1].split("#")[0], name, row["size"])
        for row in self.rows("SELECT id, progress, volume_size FROM snapshots WHERE NOT deleted"):
            self.content[row["id"]] = self.lay(row["progress"], f"snapshot-{row['id']}", row["volume_size"])

    def rows(self, query, *values):
        with closing(sqlite3.connect(self.database)) as database:
            database.row_factory = sqlite3.Row
            return database.execute(query, values).fetchall()

    def lay(self, backend, name, size_gib):
        """Make a file as the old driver had it; return what is at its beginning and at its end."""
        (self.folder / backend).mkdir(mode=0o700, exist_ok=True)
        pieces = os.urandom(PIECE), os.urandom(PIECE)
        with (self.folder / backend / name).open("wb") as file:
            file.write(pieces[0])
            file.seek(size_gib * GIB - PIECE)
            file.write(pieces[1])
        return pieces

    def file(self, name):
        (row,) = self.rows("SELECT id, _name_id, host FROM volumes WHERE display_name = ? AND NOT deleted", name)
        return self.folder / row["host"].split("@")[1].split("#")[0] / f"volume-{row['_name_id'] or row['id']}"

    def volume(self, name):
        (row,) = self.rows("SELECT id FROM volumes WHERE display_name = ? AND NOT deleted", name)
        return row["id"]

    def snapshot(self, name):
        (row,) = self.rows("SELECT id FROM snapshots WHERE display_name = ? AND NOT deleted", name)
        return row["id"]

    def take_over(self, *arguments, config=None):
        """Run the command; return its exit code, what it told, and what it said of errors."""
        places = ("--state-dir", self.folder / "state", "--config", config or self.config)
        told, said = io.StringIO(), io.StringIO()
        with redirect_stdout(told), redirect_stderr(said):
            code = cli.main(["store", "import-cinderlib", self.url, "--json", *map(str, (*places, *arguments))])
        return code, json.loads(told.getvalue() or "{}"), said.getvalue()
