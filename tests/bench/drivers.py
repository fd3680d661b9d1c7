"""Driver processes to measure, on configurations of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from csi.client import Client
from csi.driver_process import DriverProcess
from persistence.seal import new_key_file

#: A back end that does nothing: what is left of a call is Cinderblock's.
IDLE = "volume_driver = tests.fakes.idle.IdleDriver\ndriver_workers = 64"


def files_at(folder: Path) -> str:
    """Return the options of a back end of files in a folder."""
    return f"volume_driver = cinderblock.cinder.local_files.LocalFilesDriver\nlocal_files_path = {folder}"


def configuration(folder: Path, backend: str) -> Path:
    """Write a cinder.conf with one back end; return its path."""
    file = folder / "cinder.conf"
    file.write_text(f"[DEFAULT]\nenabled_backends = bench\n\n[bench]\n{backend}\n", encoding="utf-8")
    return file


def key(folder: Path) -> Path:
    """Return the path of a key file, which is made where it is missing."""
    file = folder / "key"
    if not file.exists():
        new_key_file(file)
    return file


@contextmanager
def serving(folder: Path, backend: str, *, mode: str = "all", key_file: Path | None = None) -> Iterator[DriverProcess]:
    """Have a driver process that was not started yet; it ends with the block.

    Args:
        folder: for the socket, the state and the log; made here.
        backend: the options of its only back end.
        mode: which services.
        key_file: what processes that belong together share.
    """
    folder.mkdir()
    keys = ("--key-file", str(key_file)) if key_file else ()
    process = DriverProcess(folder, mode=mode, config=configuration(folder, backend), arguments=keys)
    try:
        yield process
    finally:
        process.end()


@contextmanager
def served(folder: Path, backend: str) -> Iterator[Client]:
    """Have a client of a running driver, which ends with the block."""
    with serving(folder, backend) as process:
        client = process.start()
        try:
            yield client
        finally:
            client.close()
