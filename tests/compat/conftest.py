"""A process of a program of cinderlib's: set up for one test, in a folder of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cinderblock.compat import cinderlib
from tests.ready.process import ran

FILES = "cinderblock.cinder.local_files.LocalFilesDriver"
ROOT = Path(__file__).resolve().parents[2]


#: How every command begins.
BEGIN = (
    "cinderlib.setup(file_locks_path=locks, persistence_config=database, disable_logs=False)\n"
    "backend = cinderlib.Backend(**options)\n"
)


class Lab:
    """A folder with a database, the locks and the volumes."""

    def __init__(self, folder):
        self.folder = folder
        self.url = f"sqlite:///{folder}/volumes.db"
        self.database = {"storage": "db", "connection": self.url}

    def set_up(self, persistence=None, **options):
        """Set the process up, anew if it is."""
        cinderlib.close()
        cinderlib.setup(file_locks_path=str(self.folder / "locks"), persistence_config=persistence, **options)

    def options(self, driver=FILES, **options):
        path = driver if "." in driver else f"tests.fakes.programs.{driver}"
        return {"volume_driver": path, "local_files_path": str(self.folder / "files"), **options}

    def backend(self, driver=FILES, *, name="files", **options):
        return cinderlib.Backend(volume_backend_name=name, **self.options(driver, **options))

    def files(self):
        folder = self.folder / "files"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def exports(self):
        return sorted(path.name for path in (self.folder / "exports").iterdir())

    def names(self, **given):
        """Return what a command finds: what it sets up with, and what it is given."""
        return {
            "locks": str(self.folder / "locks"),
            "database": self.database,
            "options": {"volume_backend_name": "files", **self.options()},
            **given,
        }

    def alone(self, script, **given):
        """Return a process of a command that has imported nothing yet."""
        names = f"import json\nglobals().update(json.loads({json.dumps(self.names(**given))!r}))\n"
        head = f"{names}import cinderblock.compat.cinderlib as cinderlib\n"
        return python(["-c", head + BEGIN + script], cwd=self.folder)


@pytest.fixture
def command(lab):
    """Runs a command in a process of its own to its end, which must be a good one, and returns what it printed."""

    def run(script, **given):
        ended = ran("tests.compat.commands:run", [BEGIN + script, lab.names(**given)])
        said = ended.stdout + ended.stderr
        assert ended.returncode == 0, said
        return said.strip()

    return run


def python(arguments, **options):
    """Return a process of this interpreter that finds what this one finds."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.fixture
def lab(tmp_path):
    made = Lab(tmp_path)
    yield made
    cinderlib.close()


@pytest.fixture
def loops(lab):
    """Answer with the loop devices over this test's files, and prove that none is left."""
    yield lambda: bound(lab.folder)
    assert not bound(lab.folder)


def bound(folder):
    listed = subprocess.run(["losetup", "-n", "-O", "NAME,BACK-FILE"], capture_output=True, text=True, check=True)
    return {line.split()[0] for line in listed.stdout.splitlines() if str(folder) in line}
