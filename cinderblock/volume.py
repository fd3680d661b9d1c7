"""Volumes: what can be done with them, over any driver and any store."""

from collections.abc import Mapping, Sequence

from cinderblock.changing import Changing
from cinderblock.creation import Creation
from cinderblock.driver import Manageable, Reference
from cinderblock.engine import Engine, every, fresh_id
from cinderblock.errors import AlreadyExists, InUse, InvalidRequest
from cinderblock.intents import ready
from cinderblock.lookup import Lookup
from cinderblock.outcome import able
from cinderblock.removal import Removal
from cinderblock.wanted import Changes, SizeRange, WantedVolume
from persistence.records import Specs, Status, VolumeRecord


class Volumes(Lookup[VolumeRecord]):
    """Verbs on volumes; each may be repeated until it succeeds.

    Every verb may raise `OperationPending`, `RecordChanged`, `StoreUnavailable`
    and `BackendUnavailable`; each means: ask again.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine.store.volumes, "volume")
        self._engine = engine
        self._creation = Creation(engine)
        self._removal = Removal(engine)
        self._changing = Changing(engine)

    def create(self, wanted: WantedVolume) -> VolumeRecord:
        """Return the wanted volume, making it if it is not there yet.

        A creation that was cut off is undone and begun anew, because vendors'
        creates cannot be repeated.

        Raises:
            AlreadyExists: the name is taken by a volume that differs.
            InvalidRequest: an unknown back end or pool, a source on another back end.
            OutOfRange: no whole GiB in the range.
            OutOfSpace: no room, or no back end where the volume must be reachable.
            NotFound: the source does not exist.
        """
        with self._engine.inflight.hold(wanted.id):
            found = self._table.get(wanted.id)
            if found is not None and ready(found):
                wanted.check_fits(found)
                self._creation.check_source(wanted, found)
                return found
            if found is not None and found.status is Status.MANAGING:
                self._engine.intents.check(found)
                msg = f"{wanted.name!r} is a volume whose taking over was cut off; repeat that, or use another name"
                raise AlreadyExists(msg)
            cinder_id = self._creation.clear(found, wanted) if found else fresh_id(self._table, wanted.cinder_id)
            return self._creation.make(wanted, cinder_id=cinder_id)

    def manage(self, wanted: WantedVolume, reference: Reference) -> VolumeRecord:
        """Return the wanted volume, taking over what its back end has under `reference`, with its content.

        Its size is what the back end says, in whole GiB, rounded up.

        Args:
            wanted: the volume; its size is a range that what is found must be in.
            reference: {"source-name": …} or {"source-id": …}, as the driver wants it.

        Raises:
            AlreadyExists: the name is taken by another volume, or what is there is ours already.
            InvalidRequest: the back end has no such thing, cannot take it over, or has several pools and none is named.
            OutOfRange: it has another size.
            NotFound: an earlier call was cut off, and what it was to take over has gone since.
        """
        with self._engine.inflight.hold(wanted.id):
            found = self._table.get(wanted.id)
            if found is None or not (ready(found) or found.status is Status.MANAGING):
                if found is not None:
                    self._creation.clear(found, wanted)
                return self._creation.manage(wanted, reference)
            if (wanted.backend or found.backend, dict(reference)) != (found.backend, dict(found.reference)):
                was = f"was taken over from {dict(found.reference)}" if found.reference else "was made"
                msg = f"volume {found.name!r} exists on back end {found.backend!r}, where it {was}; use another name"
                raise AlreadyExists(msg)
            return found if ready(found) else self._creation.go_on_managing(found, wanted)

    def manageable(self, backend: str = "") -> Sequence[Manageable]:
        """Return what a back end has that could become a volume, and what is in the way of the rest; may be slow.

        Raises:
            InvalidRequest: no such back end, or its driver cannot tell.
        """
        chosen = self._engine.backends.choose(backend)
        what = f"listing what back end {chosen.name!r} has"
        with chosen.slot() as driver:
            if not driver.abilities().list_manageable:
                raise InvalidRequest(f"the driver of back end {chosen.name!r} cannot list what it has")
            with able(what), self._engine.intents.effect(what):
                return driver.manageable_volumes(list(every(self._table, backend=chosen.name)))

    def unmanage(self, volume_id: str) -> Reference:
        """Forget a volume, which its back end keeps; one that is absent is success.

        Returns:
            Where the back end has it from now on, empty where there was none.

        Raises:
            InUse: it is published, or has snapshots, or nobody knows its content.
            InvalidRequest: the driver cannot let go of it.
        """
        with self._engine.inflight.hold(volume_id):
            found = self._table.get(volume_id)
            if found is None or found.id == found.cinder_id:
                return {}
            if found.status in (Status.CREATING, Status.DELETING):
                msg = f"volume {found.name!r} is {found.status}; delete it, or create it again"
                raise InUse(msg)
            return self._removal.give_back(found)

    def revert(self, volume_id: str, snapshot_id: str) -> VolumeRecord:
        """Give the volume the content of its snapshot again, and keep its size; everything since then is lost.

        When it is cut off nobody knows the content: the volume is not published until the same call is repeated.

        Raises:
            NotFound: there is no such volume, or it has no such snapshot.
            InUse: it is published, or has later snapshots that the back end may lose.
            InvalidRequest: the driver cannot, or the volume had another size then.
        """
        with self._engine.inflight.hold(volume_id, snapshot_id):
            return self._changing.revert(self._changing.settled(self.get(volume_id)), snapshot_id)

    def retype(
        self, volume_id: str, *, extra_specs: Mapping[str, str] | None, qos_specs: Mapping[str, str] | None
    ) -> VolumeRecord:
        """Change what the volume asks of its back end; one that has these specs is left alone.

        Args:
            volume_id: the volume.
            extra_specs: all of them from now on; None leaves those that it has.
            qos_specs: the same.

        Raises:
            NotFound: there is none of this id.
            InvalidRequest: the driver cannot change that; the volume is what it was.
            InUse: its state forbids it.
        """
        with self._engine.inflight.hold(volume_id):
            found = self._at_rest(volume_id)
            extra = found.extra_specs if extra_specs is None else extra_specs
            qos = found.qos_specs if qos_specs is None else qos_specs
            return self._changing.respecify(found, Specs(extra=dict(extra), qos=dict(qos)))

    def modify(self, volume_id: str, changes: Changes) -> VolumeRecord:
        """Change some of the volume's specs and metadata; names that are not given stay as they are.

        The specs first: where the driver refuses them, nothing has changed.

        Raises: what `retype` does.
        """
        with self._engine.inflight.hold(volume_id):
            if changes.of_specs:
                found = self._at_rest(volume_id)
                self._changing.respecify(found, changes.applied_to(found.extra_specs, found.qos_specs))
            return self._changing.describe(self.get(volume_id), changes.metadata)

    def delete(self, volume_id: str) -> None:
        """Remove a volume; one that is absent is success.

        Where the back end needs it for its snapshots it stays as a tombstone,
        and its name is free again at once.

        Raises:
            InUse: it is published, or the back end needs it for something else.
        """
        with self._engine.inflight.hold(volume_id):
            found = self._table.get(volume_id)
            if found is not None and found.id != found.cinder_id:
                self._removal.remove(found)

    def extend(self, volume_id: str, size: SizeRange) -> VolumeRecord:
        """Grow the volume into the range; one that is large enough is left alone.

        Raises:
            NotFound: there is none of this id.
            OutOfRange: no whole GiB in the range, or the back end cannot.
            OutOfSpace: no room.
            InUse: it is published and the back end grows only others.
        """
        with self._engine.inflight.hold(volume_id):
            size_gib = size.choose_gib()
            found = self._at_rest(volume_id)
            if found.size_gib >= size_gib:
                size.choose_gib(found.size_gib)
                return found
            return self._changing.grow(found, size_gib)

    def resume(self, left: VolumeRecord) -> None:
        """Finish a change, or a taking over, that was cut off, if it was not finished since."""
        with self._engine.inflight.hold(left.id):
            found = self._table.get(left.id)
            if found is None or found.cinder_id != left.cinder_id:
                return
            if found.status is Status.MANAGING:
                self._creation.go_on_managing(found)
            elif found.status is Status.REVERTING:
                self._revert_again(found)
            else:
                self._changing.settled(found)

    def set_metadata(self, volume_id: str, metadata: Mapping[str, str]) -> VolumeRecord:
        """Set some of the volume's metadata; names that are not given stay as they are.

        Raises:
            NotFound: there is none of this id.
        """
        with self._engine.inflight.hold(volume_id):
            return self._changing.describe(self.get(volume_id), metadata)

    def _at_rest(self, volume_id: str) -> VolumeRecord:
        """Return a volume whose content is known, and which is not changing any more."""
        found = self.get(volume_id)
        self._engine.intents.check(found)
        self._engine.check_content(found, at_work=False)
        return self._changing.settled(found)

    def _revert_again(self, found: VolumeRecord) -> None:
        for snapshot in self._engine.snapshots_of(found):
            if snapshot.cinder_id == found.wanted_snapshot_cinder_id:
                self._changing.revert(found, snapshot.id)
