"""Databases of the tests' own, from the machine's packages: private, in a temporary folder, on a Unix socket.

Each is a process of a user other than root, and dies with the process of the tests. What they write is
not synced: it outlives the death of a server, which is tested, not that of the machine.
"""

import contextlib
import itertools
import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from persistence.sql.schema import TABLES
from tests.waiting import eventually

#: How long a server may take to come up, or to notice that it was killed.
_LONG_S = 30.0
_OUT_OF_PATH = ("/usr/sbin", *(str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)))


S = TypeVar("S", bound="Server")


def program(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join((os.environ["PATH"], *_OUT_OF_PATH)))
    assert found, f"{name} is missing: tests/lab/packages.sh postgresql mariadb-server installs it"
    return found


class Server:
    """A server that is made, started, killed, frozen and removed.

    Args:
        folder: for what it writes; one of its own by default.
    """

    #: The name of the extra, and of the scheme of URLs.
    kind: str
    #: Who it runs as when root starts it.
    user: str

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix=f"cinderblock-{self.kind}-"))
        self.data = self.folder / "data"
        self._as_user = ["setpriv", "--pdeathsig", "KILL"]
        if os.geteuid() == 0:
            shutil.chown(self.folder, self.user, self.user)
            self._as_user += [f"--reuid={self.user}", f"--regid={self.user}", "--init-groups"]
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count()
        self._kept = ""

    def start(self, *more: str) -> None:
        """Start it, with these arguments more, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*self._as_user, "--", *self.command(), *more], stdout=log, stderr=log)
        eventually(self._is_up, timeout_s=_LONG_S)

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it in order; one that has ended is not an error."""
        if self.is_running:
            self._running().send_signal(self.ending)
            self._running().wait(timeout=_LONG_S)

    def kill(self) -> None:
        """End all of its processes at once."""
        process = self._running()
        frozen = self.freeze()
        ends = [os.pidfd_open(pid) for pid in frozen]
        for end in ends:
            signal.pidfd_send_signal(end, signal.SIGKILL)
        # The next one does not start as long as one of them holds what they shared.
        for end in ends:
            assert select.select([end], [], [], _LONG_S)[0]
            os.close(end)
        process.wait(timeout=_LONG_S)

    def freeze(self) -> list[int]:
        """Have all of its processes stand still; return their ids."""
        pid = self._running().pid
        os.kill(pid, signal.SIGSTOP)
        eventually(lambda: Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "T")
        # Who stands still neither begets nor buries, so these are all, and stay.
        pids = self._pids()
        for other in pids[1:]:
            os.kill(other, signal.SIGSTOP)
        return pids

    def thaw(self) -> None:
        """Have all of its processes go on."""
        for pid in self._pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def install(self) -> None:
        """Prepare it for stores, once it is up."""

    @contextmanager
    def database(self) -> Iterator[str]:
        """Give the URL of an empty database."""
        name = self._created()
        try:
            yield self.url(name)
        finally:
            self.run(self.dropping(name))

    def run(self, statement: str, database: str = "") -> list[tuple[object, ...]]:
        """Run a statement as the server's master; return its rows, if it has any."""
        with closing(self.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def emptied(self) -> str:
        """Return the URL of a database that is used over and over, no record in it."""
        if not self._kept:
            self._kept = self._created()
        name = self._kept
        where = f"WHERE table_schema IN ('public', '{name}')"
        made = self.run(f"SELECT table_name FROM information_schema.tables {where}", name)  # noqa: S608 -- our own words
        for table in TABLES.values():
            if (table.name,) in made:
                self.run(f"DELETE FROM {table.name}", name)  # noqa: S608 -- our own words
        return self.url(name)

    def remove(self) -> None:
        """Kill it, and remove all that it has written."""
        if self.is_running:
            self.kill()
        shutil.rmtree(self.folder)

    def _created(self) -> str:
        name = f"store{next(self._numbers)}"
        for statement in self.creating(name):
            self.run(statement)
        return name

    def _running(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, f"{self.kind} was not started"
        return self._process

    def _pids(self) -> list[int]:
        """The server's process and its children, which have no children."""
        pid = self._running().pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return [pid, *map(int, children.split())]

    def _is_up(self) -> bool:
        assert self._running().poll() is None, (self.folder / "log").read_text()[-2000:]
        return subprocess.run(self.asking(), check=False, capture_output=True).returncode == 0

    # What each kind of server has its own way of.

    ending = signal.SIGTERM
    #: Selects the sessions of the user of the URLs.
    sessions: str
    #: What has that user's statements refused that change anything, and allowed again.
    read_only: tuple[str, ...]
    writable: tuple[str, ...]

    @property
    def socket(self) -> Path:
        """Where clients find the server."""
        raise NotImplementedError

    def make(self) -> None:
        raise NotImplementedError

    def command(self) -> list[str]:
        raise NotImplementedError

    def asking(self) -> list[str]:
        """Return the program that succeeds when the server answers."""
        raise NotImplementedError

    def url(self, database: str) -> str:
        raise NotImplementedError

    def creating(self, database: str) -> list[str]:
        """Return what makes an empty database that belongs to the user of the URLs, who has no more than that."""
        raise NotImplementedError

    def dropping(self, database: str) -> str:
        raise NotImplementedError

    def connect(self, database: str) -> Any:
        """Return a connection of the driver's own, as the server's master, that commits every statement."""
        raise NotImplementedError

    def dump(self, database: str) -> str:
        """Return all that is in a database, as its own tool tells it."""
        raise NotImplementedError

    def _output(self, *command: str) -> str:
        return subprocess.run([*self._as_user, "--", *command], check=True, capture_output=True, text=True).stdout


@contextmanager
def running(make: Callable[[], S]) -> Iterator[S]:
    """A server that is removed in the end."""
    server = make()
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.remove()
