"""Databases' servers to measure, which sync what they commit."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.bench import calls
from tests.bench.figures import Figure
from tests.lab.clusters import Kubernetes
from tests.lab.databases import MariaDB, PostgreSQL
from tests.lab.servers import Server

#: The kind -> how it is made, and how it is started, where the tests' own do not sync.
KINDS: Mapping[str, tuple[Callable[[], Server], Sequence[str]]] = {
    "PostgreSQL": (PostgreSQL, ("-c", "fsync=on")),
    "MariaDB": (MariaDB, ("--innodb-flush-method=fsync",)),
    "Kubernetes": (partial(Kubernetes, synced=True), ()),
}


@contextmanager
def synced(kind: str) -> Iterator[Callable[[], str]]:
    """Have a server; what is given makes an empty database of it and returns its URL."""
    make, arguments = KINDS[kind]
    server = make()
    with ExitStack() as stack:
        stack.callback(server.remove)
        server.make()
        server.start(*arguments)
        server.install()
        yield lambda: stack.enter_context(server.database())


def creates(
    folder: Path, *, rounds: int = 500, together: int = 4000, kinds: Iterable[str] = tuple(KINDS)
) -> list[Figure]:
    """Time CreateVolume with the records in each of these kinds of database."""
    found = []
    for kind in kinds:
        (folder / kind).mkdir()
        with synced(kind) as database:
            found += calls.create(
                folder / kind, rounds=rounds, together=together, store=database(), records=f", records in {kind}"
            )
    return found
