"""Back ends over vendors' drivers, started through the real door."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from cinderblock import config
from cinderblock.cinder.loading import Runtime
from persistence.memory import MemoryStore
from tests.contract.drivers import stored_volume


class Lab:
    """Writes a configuration, opens a runtime on it, and starts its back ends."""

    def __init__(self, folder, stack):
        self.folder = folder
        self.store = MemoryStore()
        self._stack = stack

    def configure(self, sections, default="", shared=""):
        """Write one section for each name; a value is a class in tests.fakes, or lines of options."""
        lines = [f"[DEFAULT]\nenabled_backends = {', '.join(sections)}\n{default}\n[backend_defaults]\n{shared}\n"]
        for name, text in sections.items():
            body = text if "=" in text else f"volume_driver = tests.fakes.{text}"
            path = "" if "local_files_path" in body else f"local_files_path = {self.folder / name}"
            lines.append(f"[{name}]\n{body}\n{path}\n")
        file = self.folder / "cinder.conf"
        file.write_text("\n".join(lines), encoding="utf-8")
        return config.read(file, state_dir=self.folder)

    def open(self, configuration):
        runtime = Runtime.open(configuration, state_dir=self.folder, store=self.store)
        self._stack.callback(runtime.close)
        return runtime

    def volume(self, *, size_gib=1, pool="array", **fields):
        """Store a volume of the only back end."""
        return stored_volume(self.store, size_gib=size_gib, backend="array", host=f"cinderblock@array#{pool}", **fields)

    def start(self, text, **options):
        """Return the driver of the only back end, and the vendor's object."""
        configuration = self.configure({"array": text}, **options)
        driver = self.open(configuration).start(configuration.backends[0])
        return driver, driver.driver


@pytest.fixture
def lab(tmp_path):
    with ExitStack() as stack:
        yield Lab(tmp_path, stack)


@pytest.fixture
def memory():
    """A file system whose writes never wait, and that shares no blocks."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)
