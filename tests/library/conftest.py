"""A program's world: a folder, a store in it, and back ends over real files."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

import cinderblock
from persistence.memory import MemoryStore

FILES = "cinderblock.cinder.local_files.LocalFilesDriver"
ROOT = Path(__file__).resolve().parents[2]


class Lab:
    """Opens storages over one folder."""

    def __init__(self, folder, stack):
        self.folder = folder
        self.state = folder / "state"
        self.url = f"sqlite:///{folder}/volumes.db"
        self.store = MemoryStore()
        self._stack = stack

    def open(self, store=None, **options):
        """Return a storage over a store in memory that outlives it, or over another one."""
        storage = cinderblock.open(store or self.store, **{"state_dir": self.state, **options})
        return self._stack.enter_context(storage)

    def options(self, driver=FILES, **options):
        """Return the options of a back end; a driver without a dot is one of the tests' own."""
        path = driver if "." in driver else f"tests.fakes.programs.{driver}"
        return {"volume_driver": path, "local_files_path": self.folder / "files", **options}

    def backend(self, driver=FILES, *, storage=None, name="files", **options):
        return (storage or self.open()).backend(name, **self.options(driver, **options))

    def files(self):
        folder = self.folder / "files"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def exports(self):
        return sorted(path.name for path in (self.folder / "exports").iterdir())

    def told(self):
        """Return what a `RetypingDriver` was told."""
        return (self.folder / "told").read_text(encoding="utf-8").splitlines()

    def run(self, script, **given):
        """Start a program in a process of its own; `given` are variables of it."""
        folder = self.folder / "elsewhere"
        folder.mkdir(exist_ok=True)
        options = {name: str(value) for name, value in self.options().items()}
        known = {"state": str(self.state), "url": self.url, "folder": str(self.folder), "options": options, **given}
        head = f"import json\nglobals().update(json.loads({json.dumps(known)!r}))\n"
        return subprocess.Popen(
            [sys.executable, "-c", head + script],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def done(self, script, **given):
        """Run a program to its end and return what it printed; it must succeed."""
        with self.run(script, **given) as process:
            printed, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
        return printed


@pytest.fixture
def lab(tmp_path):
    with ExitStack() as stack:
        yield Lab(tmp_path, stack)


@pytest.fixture
def loops(lab):
    """Answer with the loop devices over this test's files, and prove that none is left."""
    yield lambda: bound(lab.folder)
    assert not bound(lab.folder)


def bound(folder):
    listed = subprocess.run(["losetup", "-n", "-O", "NAME,BACK-FILE"], capture_output=True, text=True, check=True)
    return {line.split()[0] for line in listed.stdout.splitlines() if str(folder) in line}
