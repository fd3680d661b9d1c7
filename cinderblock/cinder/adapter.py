"""Any of Cinder's drivers as the library's `Driver`.

Around each call stands what Cinder's own service does there and what drivers
therefore count on: an export is removed before its volume, an answer of None
is an empty one, a failed connection takes back its export.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from cinder import exception
from cinder import utils as cinder_utils
from oslo_concurrency import processutils

from cinderblock.cinder import changes, changing, exports, managing, quirks, stats
from cinderblock.cinder.answers.stored import every
from cinderblock.cinder.calls import Caller, Gate
from cinderblock.cinder.database import Database
from cinderblock.cinder.errors import is_absent, translated, words
from cinderblock.cinder.groups import Groups
from cinderblock.cinder.objects import Objects, new_context
from cinderblock.driver import Abilities, Manageable, Pool, Reference, Update
from cinderblock.grouped import ConsistencyGroup
from persistence.records import ConnectionRecord, Json, SnapshotRecord, Specs, VolumeRecord

T = TypeVar("T")

log = logging.getLogger(__name__)


class CinderDriver:
    """A started driver of Cinder; `driver` is the vendor's object, for what this class does not do.

    While a verb runs, the driver may change stored records as well: whoever
    holds a record reads it again before it writes the verb's result.
    """

    def __init__(self, driver: Any, *, name: str, database: Database, caller: Caller) -> None:
        self.driver = driver
        self._name = name
        self._database = database
        self._objects = Objects(database)
        self._groups = Groups(driver, self._objects, database)
        self._caller = Gate(caller, name)
        self._stats: Mapping[str, Any] = dict(driver.capabilities or {})

    def abilities(self) -> Abilities:
        return stats.abilities(self.driver, self._stats)

    def pools(self) -> Sequence[Pool]:
        def ask() -> Sequence[Pool]:
            return stats.pools(self._ask_stats(), backend=self._name, allocated_gib=self._allocated_gib)

        return self._call("asking for the pools", ask)

    def stats(self) -> Mapping[str, Json]:
        return self._call(
            "asking for statistics",
            lambda: {str(key): changes.as_json(item) for key, item in self._ask_stats().items()},
        )

    def create(self, volume: VolumeRecord) -> Update:
        def make() -> Update:
            made = self._new_volume(volume)
            return self._update(made, self.driver.create_volume(made))

        return self._call(f"creating volume '{volume.name}'", make)

    def create_from_snapshot(self, volume: VolumeRecord, snapshot: SnapshotRecord) -> Update:
        def make(sized: VolumeRecord) -> Update:
            made = self._new_volume(sized)
            return self._update(made, self.driver.create_volume_from_snapshot(made, self._objects.snapshot(snapshot)))

        what = f"creating volume '{volume.name}' from snapshot '{snapshot.name}'"
        return self._call(what, lambda: self._grown(volume, snapshot.size_gib, make))

    def clone(self, volume: VolumeRecord, source: VolumeRecord) -> Update:
        def make(sized: VolumeRecord) -> Update:
            made = self._new_volume(sized)
            return self._update(made, self.driver.create_cloned_volume(made, self._volume(quirks.as_copied(source))))

        what = f"creating volume '{volume.name}' from volume '{source.name}'"
        return self._call(what, lambda: self._grown(volume, source.size_gib, make))

    def delete(self, volume: VolumeRecord) -> None:
        def remove() -> None:
            gone = self._volume(volume)
            try:
                self.driver.remove_export(new_context(), gone)
                self.driver.delete_volume(gone)
            except exception.VolumeNotFound as error:
                if not is_absent(error, gone.id, gone.name_id, gone.name):
                    raise
            cinder_utils.clean_volume_file_locks(gone.id, self.driver)

        self._call(f"deleting volume '{volume.name}'", remove)

    def extend(self, volume: VolumeRecord, size_gib: int) -> Update:
        return self._call(f"extending volume '{volume.name}'", lambda: self._extend(volume, size_gib))

    def create_snapshot(self, snapshot: SnapshotRecord) -> Update:
        def take() -> Update:
            self._refuse_online(snapshot)
            taken = self._objects.snapshot(snapshot)
            return self._update(taken, self.driver.create_snapshot(taken))

        return self._call(f"taking snapshot '{snapshot.name}'", take)

    def delete_snapshot(self, snapshot: SnapshotRecord) -> None:
        def remove() -> None:
            self._refuse_online(snapshot)
            gone = self._objects.snapshot(snapshot)
            try:
                self.driver.delete_snapshot(gone)
            except exception.SnapshotNotFound as error:
                if not is_absent(error, gone.id, gone.name):
                    raise
            cinder_utils.clean_snapshot_file_locks(gone.id, self.driver)

        self._call(f"deleting snapshot '{snapshot.name}'", remove)

    def revert(self, volume: VolumeRecord, snapshot: SnapshotRecord, *, again: bool) -> Update:
        def go_back() -> Update:
            reverted = self._volume(volume)
            quirks.revert(self.driver, new_context(), reverted, self._objects.snapshot(snapshot), again=again)
            return self._update(reverted, None)

        return self._call(f"reverting volume '{volume.name}' to snapshot '{snapshot.name}'", go_back)

    def retype(self, volume: VolumeRecord, specs: Specs) -> Update:
        def change() -> Update:
            changed, types = self._volume(volume), self._database.types
            said = changing.retype(self.driver, changed, volume, specs, types=types, stats=self._stats)
            return self._update(changed, said)

        return self._call(f"changing the specs of volume '{volume.name}'", change)

    def reference(self, record: VolumeRecord | SnapshotRecord) -> Reference:
        return managing.reference(self.driver, record)

    def size_gib_of(self, record: VolumeRecord | SnapshotRecord, reference: Reference) -> int:
        what = f"looking for {dict(reference)}"
        return self._call(what, lambda: managing.size_gib(self.driver, self._object(record), reference))

    def manage(self, record: VolumeRecord | SnapshotRecord, reference: Reference) -> Update:
        def take() -> Update:
            managed = self._object(record)
            return self._update(managed, managing.manage(self.driver, managed, reference))

        return self._call(f"taking over {dict(reference)} as '{record.name}'", take)

    def unmanage(self, record: VolumeRecord | SnapshotRecord) -> None:
        self._call(f"letting go of '{record.name}'", lambda: managing.unmanage(self.driver, self._object(record)))

    def manageable_volumes(self, volumes: Sequence[VolumeRecord]) -> Sequence[Manageable]:
        what = "listing what can be taken over"
        return self._call(what, lambda: managing.manageable(self.driver, [*map(self._new_volume, volumes)]))

    def create_group(self, group: ConsistencyGroup) -> None:
        self._call(f"making a group for '{group.name}'", lambda: self._groups.create(group, self._stats))

    def join_group(self, group: ConsistencyGroup, volumes: Sequence[VolumeRecord]) -> Sequence[Update]:
        what = f"taking volumes into the group of '{group.name}'"
        return self._call(what, lambda: self._groups.join(group, volumes))

    def leave_group(self, group: ConsistencyGroup, volumes: Sequence[VolumeRecord]) -> Sequence[Update]:
        what = f"taking volumes out of the group of '{group.name}'"
        return self._call(what, lambda: self._groups.leave(group, volumes))

    def create_group_snapshot(self, group: ConsistencyGroup, snapshots: Sequence[SnapshotRecord]) -> Sequence[Update]:
        return self._call(f"taking group snapshot '{group.name}'", lambda: self._groups.take(group, snapshots))

    def delete_group_snapshot(self, group: ConsistencyGroup, snapshots: Sequence[SnapshotRecord]) -> None:
        self._call(f"deleting group snapshot '{group.name}'", lambda: self._groups.drop(group, snapshots))

    def delete_group(self, group: ConsistencyGroup) -> None:
        self._call(f"deleting the group of '{group.name}'", lambda: self._groups.delete(group))

    def validate_connector(self, connector: Mapping[str, Json]) -> None:
        what = f"checking the connector of host '{connector.get('host', '')}'"
        self._call(what, lambda: self.driver.validate_connector(dict(connector)))

    def connect(self, volume: VolumeRecord, connection: ConnectionRecord) -> tuple[Update, Mapping[str, Json]]:
        def export() -> tuple[Update, Mapping[str, Json]]:
            connector = dict(connection.connector)
            exported = self._volume(volume, connecting=connection.cinder_id)
            update = self._update(exported, self.driver.create_export(new_context(), exported, connector))
            try:
                # Drivers look the export up again, in the database, before they say how to reach it.
                exported.save()
                answer = self.driver.initialize_connection(exported, connector)
                info = exports.connection_info(answer, volume, connection, backend=self._name)
            except Exception:
                if all(one.id == connection.id for one in self._database.stored.connections(volume.cinder_id)):
                    exports.take_back(self.driver, exported)
                raise
            return {**update, **self._update(exported, None)}, info

        return self._call(f"publishing volume '{volume.name}' to node '{connection.node_id}'", export)

    def disconnect(self, volume: VolumeRecord, connection: ConnectionRecord, *, last: bool) -> None:
        def withdraw() -> None:
            exported = self._volume(volume)
            try:
                shared = exports.terminate(self.driver, exported, connection, last=last)
                # True means that another user of the export is left, whom only the driver knows.
                if last and shared is not True:
                    self.driver.remove_export(new_context(), exported)
            except exception.VolumeNotFound as error:
                if not is_absent(error, exported.id, exported.name_id, exported.name):
                    raise

        self._call(f"withdrawing volume '{volume.name}' from node '{connection.node_id}'", withdraw)

    def ensure_export(self, volume: VolumeRecord) -> Update:
        def ensure() -> Update:
            published = self._database.stored.connections(volume.cinder_id)
            exported = self._volume(volume)
            update = self._update(exported, self.driver.ensure_export(new_context(), exported))
            if published:
                # A target that is there may still lack this volume (LIO's ensure_export does not look); making an
                # export again is harmless and keeps its secret.
                connector = dict(published[0].connector)
                made = self.driver.create_export(new_context(), exported, connector)
                update = {**update, **self._update(exported, made)}
            return update

        return self._call(f"exporting volume '{volume.name}' again", ensure)

    def update_metadata(self, volume: VolumeRecord) -> None:
        """Do nothing: Cinder has no such call; drivers read the metadata whenever they are called."""

    def close(self) -> None:
        self._caller.close()

    def let_go(self) -> None:
        """Unmount what a closed driver has mounted for itself, when no call of it is in work any more."""
        if self._caller.deserted and hasattr(self.driver, "unmount_shares"):
            self.driver.unmount_shares()

    def _call(self, what: str, function: Callable[[], T]) -> T:
        with translated(f"{what} on back end '{self._name}'"):
            return self._caller.call(function)

    def _ask_stats(self) -> Mapping[str, Any]:
        self._stats = self.driver.get_volume_stats(refresh=True) or {}
        return self._stats

    def _volume(self, record: VolumeRecord, *, connecting: str = "") -> Any:
        exports.conceal_auth(record.provider_auth)
        return self._objects.volume(record, connecting=connecting)

    def _object(self, record: VolumeRecord | SnapshotRecord) -> Any:
        return self._objects.snapshot(record) if isinstance(record, SnapshotRecord) else self._volume(record)

    def _new_volume(self, record: VolumeRecord) -> Any:
        # Not made yet, so it is published to nobody, and nobody has to be asked.
        return self._objects.volume(record, connections=())

    def _update(self, changed: Any, model_update: Any) -> Update:
        update = changes.update_of(changed, model_update)
        exports.conceal_auth(update.get("provider_auth"))
        return update

    def _refuse_online(self, snapshot: SnapshotRecord) -> None:
        published = self._database.stored.connections(snapshot.volume_cinder_id)
        quirks.refuse_online_snapshot(self.driver, snapshot.volume_cinder_id, published)

    def _grown(self, volume: VolumeRecord, source_gib: int, make: Callable[[VolumeRecord], Update]) -> Update:
        """Make a copy at its source's size and extend it then: some drivers silently leave a larger copy small."""
        if volume.size_gib <= source_gib:
            return make(volume)
        small = replace(volume, size_gib=source_gib)
        update = make(small)
        return {**update, **self._extend(changes.volume(small, update), volume.size_gib)}

    def _extend(self, volume: VolumeRecord, size_gib: int) -> Update:
        extended = self._volume(volume)
        try:
            self.driver.extend_volume(extended, size_gib)
        except processutils.ProcessExecutionError as error:
            if not quirks.finish_extension(self.driver, extended, error):
                raise
        except exception.TargetUpdateFailed as error:
            # The volume has its new size; the target shows it to whoever connects next.
            log.warning("volume %s was extended, but not its target: %s", volume.cinder_id, words(error))
        return self._update(extended, None)

    def _allocated_gib(self, pool: str | None) -> float:
        volumes = every(self._database.stored.store.volumes, backend=self._name)
        return float(sum(one.size_gib for one in volumes if pool is None or one.host.partition("#")[2] == pool))
