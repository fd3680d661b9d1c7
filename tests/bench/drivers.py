"""Driver processes to measure, on configurations of their own."""

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from csi.client import Client
from csi.driver_process import DriverProcess
from persistence.seal import new_key_file

#: A back end that does nothing: what is left of a call is Cinderblock's.
IDLE = "volume_driver = tests.fakes.idle.IdleDriver\ndriver_workers = 64"
#: The share of a core that an idle process uses at most, and for how long it is looked at.
_IDLE = 0.05
_LOOK_S = 1.0


def files_at(folder: Path) -> str:
    """Return the options of a back end of files in a folder."""
    return f"volume_driver = cinderblock.cinder.local_files.LocalFilesDriver\nlocal_files_path = {folder}"


def configuration(folder: Path, backend: str, store: str = "") -> Path:
    """Write a cinder.conf with one back end, and where the records are; return its path."""
    file = folder / "cinder.conf"
    kept = f"\n[persistence]\nconnection = {store}\n" if store else ""
    file.write_text(f"[DEFAULT]\nenabled_backends = bench\n\n[bench]\n{backend}\n{kept}", encoding="utf-8")
    return file


def key(folder: Path) -> Path:
    """Return the path of a key file, which is made where it is missing."""
    file = folder / "key"
    if not file.exists():
        new_key_file(file)
    return file


@contextmanager
def serving(
    folder: Path, backend: str, *, mode: str = "all", key_file: Path | None = None, store: str = ""
) -> Iterator[DriverProcess]:
    """Have a driver process that was not started yet; it ends with the block.

    Args:
        folder: for the socket, the state and the log; made here.
        backend: the options of its only back end.
        mode: which services.
        key_file: what processes that belong together share.
        store: the URL of the store; in its state folder by default.
    """
    folder.mkdir()
    keys = ("--key-file", str(key_file)) if key_file else ()
    process = DriverProcess(folder, mode=mode, config=configuration(folder, backend, store), arguments=keys)
    try:
        yield process
    finally:
        process.end()


def settle(process: DriverProcess, *, timeout_s: float = 300.0) -> None:
    """Wait until the process has nothing left to do by itself."""
    ends_at = time.monotonic() + timeout_s
    used_s = math.inf
    while used_s > _IDLE * _LOOK_S:
        if time.monotonic() > ends_at:
            raise RuntimeError(f"the driver is still busy after {timeout_s:g} s")
        before_s = _cpu_s(process.pid)
        time.sleep(_LOOK_S)
        used_s = _cpu_s(process.pid) - before_s


def _cpu_s(pid: int) -> float:
    """Return the processor time that a process has used; its name may hold blanks, and stands in parentheses."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(folder: Path, backend: str) -> Iterator[Client]:
    """Have a client of a running driver, which ends with the block."""
    with serving(folder, backend) as process:
        client = process.start()
        try:
            yield client
        finally:
            client.close()
