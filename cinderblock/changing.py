"""How a volume changes under its own name: it grows, goes back to a snapshot, gets other specs or metadata."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from cinderblock.driver import Driver, Update
from cinderblock.engine import Engine, every
from cinderblock.errors import (
    BackendUnavailable,
    CinderblockError,
    InUse,
    InvalidRequest,
    NotFound,
    OperationPending,
)
from cinderblock.intents import changed, ready
from cinderblock.outcome import able
from persistence.records import SnapshotRecord, Specs, Status, VolumeRecord

#: Cinder's extra spec for volumes of several nodes, which is decided when a volume is made.
_MULTIATTACH = "multiattach"


class Changing:
    """Grows, reverts, retypes and describes volumes; the caller holds the volume's id."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._table = engine.store.volumes

    def revert(self, found: VolumeRecord, snapshot_id: str) -> VolumeRecord:
        """Give a volume the content of one of its snapshots again; what was cut off is done anew.

        Raises:
            NotFound: the volume has no such snapshot.
            InUse: it is published, or on its way to another snapshot, or there are later ones that would be lost.
            InvalidRequest: the driver cannot, or the volume has another size than it had.
        """
        intents, snapshot = self._engine.intents, self._snapshot(found, snapshot_id)
        if found.wanted_snapshot_cinder_id not in ("", snapshot.cinder_id):
            raise InUse(f"volume {found.name!r} is on its way back to another snapshot; repeat that first")
        self._engine.check_unpublished(found)
        what = f"reverting volume {found.name!r} to snapshot {snapshot.name!r}"
        before: dict[str, Any] = {"status": found.status, "wanted_snapshot_cinder_id": found.wanted_snapshot_cinder_id}
        intent = {"status": Status.REVERTING, "wanted_snapshot_cinder_id": snapshot.cinder_id}
        slot = self._engine.backends.get(found.backend).slot()
        with slot as driver, intents.taken(self._table, found, **intent) as held:
            try:
                self._check_revertible(driver, held, self._snapshot(held, snapshot_id))
            except CinderblockError:
                # The driver was not called; what an earlier call may have done is as unknown as before.
                intents.finish(self._table, held, **before)
                raise
            try:
                with intents.effect(what):
                    update = driver.revert(held, snapshot, again=found.status is Status.REVERTING)
            except InUse:
                intents.finish(self._table, held, **before)
                raise
            except NotImplementedError as error:
                self._finish(held, {}, wanted_snapshot_cinder_id="")
                raise InvalidRequest(_cannot(held, "go back to a snapshot", error)) from error
            return self._finish(held, update, wanted_snapshot_cinder_id="")

    def respecify(self, found: VolumeRecord, specs: Specs) -> VolumeRecord:
        """Do what `retype` does, where that changes anything."""
        same = (dict(found.extra_specs), dict(found.qos_specs)) == (dict(specs.extra), dict(specs.qos))
        return found if same else self.retype(found, specs)

    def retype(self, found: VolumeRecord, specs: Specs) -> VolumeRecord:
        """Change what a volume asks of its back end; what was cut off is done anew.

        Raises:
            InvalidRequest: the driver cannot; the volume is what it was.
            InUse: its state forbids it.
        """
        if found.extra_specs.get(_MULTIATTACH) != specs.extra.get(_MULTIATTACH):
            raise InvalidRequest(f"whether volume {found.name!r} is for several nodes cannot be changed any more")
        intents, what = self._engine.intents, f"changing the specs of volume {found.name!r}"
        slot = self._engine.backends.get(found.backend).slot()
        with slot as driver, intents.taken(self._table, found, status=Status.RETYPING, wanted_specs=specs) as held:
            with self._settling(held, found, wanted_specs=None):
                self._engine.check_not_copied(held)
                if not driver.abilities().retype:
                    raise InvalidRequest(_cannot(held, "change specs"))
                with able(what), intents.effect(what):
                    update = driver.retype(held, specs)
            return self._finish(held, update, extra_specs=specs.extra, qos_specs=specs.qos, wanted_specs=None)

    def grow(self, found: VolumeRecord, size_gib: int) -> VolumeRecord:
        """Make a volume larger; what was cut off is done anew.

        Raises:
            OutOfRange, OutOfSpace: the back end cannot.
            InUse: it is published and the back end grows only others.
        """
        intents = self._engine.intents
        with self._engine.backends.get(found.backend).slot() as driver:
            online_extend = driver.abilities().online_extend
            intent = {"status": Status.EXTENDING, "wanted_size_gib": size_gib}
            with intents.taken(self._table, found, **intent) as held:
                with self._settling(held, found, wanted_size_gib=0):
                    self._check_growable(held, online_extend=online_extend)
                    with intents.effect(f"extending volume {held.name!r} to {size_gib} GiB"):
                        update = driver.extend(held, size_gib)
                return self._finish(held, update, size_gib=size_gib, wanted_size_gib=0)

    def describe(self, found: VolumeRecord, metadata: Mapping[str, str]) -> VolumeRecord:
        """Set some of a volume's metadata; what has it already is left alone."""
        self._engine.intents.check(found)
        wanted = replace(found, metadata={**found.metadata, **metadata})
        if wanted == found:
            return found
        with self._engine.backends.get(found.backend).slot() as driver:
            # Recorded last: what is recorded is not told to the driver again.
            with self._engine.intents.effect(f"telling the driver of the metadata of volume {found.name!r}"):
                driver.update_metadata(wanted)
            return self._table.replace(wanted)

    def settled(self, found: VolumeRecord) -> VolumeRecord:
        """Finish what was begun: nobody knows how large a volume is, or of which kind, before that."""
        if found.status is Status.EXTENDING:
            return self.grow(found, found.wanted_size_gib)
        if found.status is Status.RETYPING and found.wanted_specs is not None:
            try:
                return self.retype(found, found.wanted_specs)
            except InvalidRequest:
                # Refused after all, so the volume is what it was; whoever asks now may want something else.
                return self._table.get(found.id) or found
        return found

    @contextmanager
    def _settling(self, held: VolumeRecord, found: VolumeRecord, **nothing_wanted: Any) -> Iterator[None]:  # noqa: ANN401 -- a record's fields
        """End an intent that came to nothing; one whose outcome is not known stays for whoever asks next.

        Args:
            held: the volume with the intent.
            found: the volume before it.
            nothing_wanted: the intent's own field, as it is in a volume of which nothing is wanted.
        """
        try:
            yield
        except BackendUnavailable:
            raise
        except (InUse, OperationPending):
            # Refused, not tried: what an earlier try may have done is still unknown.
            before = {name: getattr(found, name) for name in nothing_wanted}
            self._engine.intents.finish(self._table, held, status=found.status, **before)
            raise
        except (CinderblockError, NotImplementedError):
            self._finish(held, {}, **nothing_wanted)
            raise

    def _finish(self, held: VolumeRecord, update: Update, **changes: Any) -> VolumeRecord:  # noqa: ANN401 -- its fields
        result = {"status": Status.AVAILABLE, **changes}
        return self._engine.intents.finish(self._table, held, lambda stored: {**changed(stored, update), **result})

    def _check_growable(self, held: VolumeRecord, *, online_extend: bool) -> None:
        self._engine.check_not_copied(held)
        if not online_extend and self._engine.connections_of(held):
            msg = (
                f"volume {held.name!r} is published and back end {held.backend!r} "
                "only grows volumes that are not; unpublish it first"
            )
            raise InUse(msg)

    def _snapshot(self, volume: VolumeRecord, snapshot_id: str) -> SnapshotRecord:
        found = self._engine.store.snapshots.get(snapshot_id)
        if found is None or not ready(found) or found.volume_cinder_id != volume.cinder_id:
            raise NotFound(f"volume {volume.name!r} has no snapshot {snapshot_id!r}")
        return found

    def _check_revertible(self, driver: Driver, held: VolumeRecord, snapshot: SnapshotRecord) -> None:
        """Refuse what would not end well, now that the intent on the volume is recorded: see `check_not_copied`."""
        self._engine.check_not_copied(held)
        for copy in every(self._table, source_cinder_id=snapshot.cinder_id):
            self._engine.check_copy(snapshot, copy)
        abilities = driver.abilities()
        if not abilities.revert:
            raise InvalidRequest(_cannot(held, "go back to a snapshot"))
        if snapshot.size_gib != held.size_gib:
            raise InvalidRequest(
                f"volume {held.name!r} has {held.size_gib} GiB, and had {snapshot.size_gib} GiB when snapshot "
                f"{snapshot.name!r} was taken; make a new volume from the snapshot"
            )
        later = [other for other in self._engine.snapshots_of(held) if _may_be_later(other, snapshot)]
        if later and not abilities.revert_past_others:
            names = ", ".join(repr(other.name) for other in later)
            raise InUse(
                f"back end {held.backend!r} may lose later snapshots than {snapshot.name!r}: {names}; delete them"
            )


def _may_be_later(other: SnapshotRecord, snapshot: SnapshotRecord) -> bool:
    """Tell whether `other` may have been taken after `snapshot`; nobody knows when those were that were taken over."""
    if other.id == snapshot.id:
        return False
    return bool(other.reference or snapshot.reference) or other.created_at >= snapshot.created_at


def _cannot(held: VolumeRecord, what: str, error: BaseException | str = "") -> str:
    return f"the driver of back end {held.backend!r} cannot let a volume {what}" + (f": {error}" if error else "")
