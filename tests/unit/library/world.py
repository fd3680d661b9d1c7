"""One store and one array, and the processes that share them."""

import copy
import threading
from collections import defaultdict
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any

from cinderblock.backend import Backend, BackendOptions, Backends
from cinderblock.driver import Abilities
from cinderblock.errors import BackendUnavailable, OperationPending
from cinderblock.grouped import GROUP_ID, every_group
from cinderblock.leases import Leases, Tenure
from cinderblock.library import Library
from cinderblock.units import GIB
from cinderblock.wanted import SizeRange, WantedConnection, WantedSnapshot, WantedVolume
from persistence.errors import PersistenceError
from persistence.memory import MemoryStore
from persistence.records import Source, SourceKind, Status
from tests.fakes.driver import Disk, FakeDriver
from tests.fakes.mortal import Life

#: After these, whoever asked asks again; every other error says that nothing was made.
ASK_AGAIN = (OperationPending, BackendUnavailable, PersistenceError)

INDEPENDENT = Abilities(
    snapshots_depend=False, multiattach=True, manage=True, manage_snapshots=True, retype=True, revert=True
)
DEPENDENT = replace(INDEPENDENT, snapshots_depend=True)


class Shared:
    """The array as one process has it: closing its driver takes it from nobody else."""

    def __init__(self, driver):
        self._driver = driver
        self.closed = False

    def __getattr__(self, name):
        if self.closed:
            raise BackendUnavailable("this process has closed its driver")
        return getattr(self._driver, name)

    def close(self):
        self.closed = True


class World:
    def __init__(self, *, store=None, abilities=INDEPENDENT, doubles=True, chap=True):
        self.store = store or MemoryStore()
        self.driver = FakeDriver(abilities=abilities, doubles=doubles, chap=chap)
        #: Set for each process by its name when it has lost its lease, and would end.
        self.lost = defaultdict(threading.Event)
        self._leases = {}
        self._libraries = []

    def process(self, owner="a", *, life=None, store=None, workers=8, more=(), ttl_s=30.0, whole=False):
        """Start a process of this name.

        `life` counts what it does, `more` are drivers of other back ends by name. Only a `whole` one does by itself,
        on threads of its own, what it finds to do: elsewhere that would be seen at any moment.
        """
        life = life or Life()
        store = store or self.store
        drivers = {
            name: life.around("driver", Shared(driver)) for name, driver in {"fake": self.driver, **dict(more)}.items()
        }
        backends = [
            Backend(BackendOptions(name=name, host=f"cinderblock@{name}", workers=workers), partial(_given, driver))
            for name, driver in drivers.items()
        ]
        leases = Leases(store.key_values, owner, tenure=Tenure(ttl_s=ttl_s), on_lost=self.lost[owner].set)
        library = Library(life.store(store), Backends(backends), leases, close=lambda: None)
        self._leases[owner] = leases
        self._libraries.append(library)
        if whole:
            library.start()
            return library
        leases.start()
        for backend in backends:
            backend.start()
        return library

    def kill(self, owner):
        """End a process as kill -9 does."""
        self._leases[owner].close(withdraw=False)

    def outlive(self, owner):
        """Let the lease of a killed process run out."""
        beat = self.store.key_values.get(f"lease/{owner}")
        if beat is not None:
            self.store.key_values.delete(beat)

    def close(self):
        for library in self._libraries:
            library.close()

    def picture(self):
        """Return everything that there is, for `restore`; no process may run."""
        tables = [table.page(limit=1000) for table in self._tables()]
        array = self.driver
        return tables, copy.deepcopy((array.volumes, array.snapshots, array.origins, array.groups.there, array.foreign))

    def restore(self, picture):
        """Bring an empty world into the state of a picture."""
        tables, disks = picture
        for table, records in zip(self._tables(), tables, strict=True):
            for record in records:
                table.insert(record)
        array = self.driver
        array.volumes, array.snapshots, array.origins, array.groups.there, array.foreign = copy.deepcopy(disks)

    def _tables(self):
        store = self.store
        return store.volumes, store.snapshots, store.connections, store.key_values

    def add_foreign(self, *names, size_gib=2):
        """Give the array something that nobody made through us; its content is its name."""
        for name in names:
            self.driver.foreign[name] = Disk(size_gib=size_gib, data={0: name.encode()})

    def content(self, name="v", length=8):
        """Return how a volume begins."""
        return self.driver.read(self.volume(name).cinder_id, 0, length).rstrip(b"\0").decode()

    def write(self, text, name="v"):
        self.driver.write(self.volume(name).cinder_id, 0, text.encode())

    # --- what is there

    def volume(self, name="v"):
        return self.store.volumes.get(name)

    def volumes(self):
        return self.store.volumes.page(limit=1000)

    def snapshots(self):
        return self.store.snapshots.page(limit=1000)

    def connections(self):
        return self.store.connections.page(limit=1000)

    def groups(self):
        prefix = "group-snapshot/"
        ids = [one.id for one in self.store.key_values.page(limit=1000)]
        return [found.removeprefix(prefix) for found in ids if found.startswith(prefix)]

    def disagreements(self, *, at_rest=True):
        """Say what records and array do not agree about, and what is not at rest; empty when all is well."""
        volumes, snapshots, connections = self.volumes(), self.snapshots(), self.connections()
        array = self.driver
        found = list(array.violations)
        found += [f"lost on the array: {cinder_id}" for cinder_id in array.lost]
        kept = {volume.cinder_id: volume.size_gib for volume in volumes}
        real = {cinder_id: disk.size_gib for cinder_id, disk in array.volumes.items()}
        if kept != real:
            found.append(f"volumes: recorded {kept}, real {real}")
        if {snapshot.cinder_id for snapshot in snapshots} != set(array.snapshots):
            found.append(f"snapshots: recorded {snapshots}, real {set(array.snapshots)}")
        groups = [group.consistency for group in every_group(self.store.key_values)]
        if {group.cinder_id for group in groups if group} != set(array.groups.there):
            found.append(f"groups: recorded {groups}, real {array.groups.there}")
        if array.abilities().snapshots_depend:
            lone = [one for one, origin in array.origins.items() if origin not in array.volumes]
            found += [f"snapshot of nothing: {one}" for one in lone]
        exported = {
            (connection.volume_cinder_id, connection.cinder_id)
            for connection in connections
            if connection.status is Status.AVAILABLE
        }
        exports = {(cinder_id, export) for cinder_id, disk in array.volumes.items() for export in disk.exports}
        if exported != exports:
            found.append(f"exports: recorded {exported}, real {exports}")
        if at_rest:
            for record in (*volumes, *snapshots, *connections):
                if not self._rests(record):
                    found.append(f"not at rest: {record}")
            found += [f"left in a group: {volume}" for volume in volumes if volume.driver_data.get(GROUP_ID)]
            found += [f"not empty: {group}" for group in array.groups.there.values() if group.volumes]
            needed = {snapshot.volume_cinder_id for snapshot in snapshots}
            tombstones = [volume for volume in volumes if volume.status is Status.TOMBSTONE]
            found += [f"needless: {volume}" for volume in tombstones if volume.cinder_id not in needed]
            found += [f"left over: {len(one.leftovers)}" for one in self._libraries if len(one.leftovers)]
        return found

    def _rests(self, record):
        """Tell whether nobody works on the record; what a dead process has let go of only by dying is free as well."""
        stranger = Leases(self.store.key_values, "stranger", on_lost=lambda: None)
        return record.status in (Status.AVAILABLE, Status.TOMBSTONE) and stranger.may_take(record.owner)


def _given(driver):
    return driver


def volume(name="v", *, size_gib=1, snapshot=None, clone=None, **fields):
    source = None
    if snapshot or clone:
        kind = SourceKind.SNAPSHOT if snapshot else SourceKind.VOLUME
        source = Source(kind=kind, id=snapshot or clone, cinder_id="")
    return WantedVolume(id=name, name=name, size=SizeRange(required_bytes=int(size_gib * GIB)), source=source, **fields)


def snapshot(name="s", of="v", **fields):
    return WantedSnapshot(id=name, name=name, volume_id=of, **fields)


def connection(of="v", node="node-1", *, connector=None, **fields):
    return WantedConnection(
        id=f"{of}/{node}", volume_id=of, node_id=node, connector=connector or {"host": node}, **fields
    )


def mend(library):
    """Try again what could not be done when it was due, as the library does every half minute."""
    for lane in ("", *(backend.name for backend in library.backends)):
        library.leftovers.retry(lane)


def in_thread(act):
    """Do it on a thread of its own; return its future."""
    future: Future[Any] = Future()

    def run():
        try:
            future.set_result(act())
        except BaseException as error:  # noqa: BLE001 -- whoever waits for the result has it
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def size(gib, *, limit_gib=0):
    return SizeRange(required_bytes=gib * GIB, limit_bytes=limit_gib * GIB)


def asked_again(act, *, times=8):
    """Do it as a sidecar does: again, as long as the answer is not final."""
    for _ in range(times - 1):
        try:
            return act()
        except ASK_AGAIN:
            continue
    return act()
