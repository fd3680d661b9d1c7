"""Snapshots, as programs of cinderlib have them."""

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cinderblock.cinderlib import reading, writing
from cinderblock.cinderlib.documents import SnapshotDocument, VolumeDocument
from cinderblock.compat.cinderlib import finding, making, saving
from cinderblock.compat.cinderlib.exception import NotFound, SnapshotNotFound, VolumeNotFound, blamed
from cinderblock.compat.cinderlib.object import Object
from cinderblock.compat.cinderlib.ovo import Ovo
from cinderblock.compat.cinderlib.process import current
from cinderblock.storage.snapshot import Snapshot as Stored
from persistence.records import Json, SnapshotRecord

if TYPE_CHECKING:
    from cinderblock.compat.cinderlib.volume import Volume


class Snapshot(Object):
    """A snapshot; a new one is taken by `create`.

    Args:
        volume: what it is of.
        fields: by Cinder's names, and `name` and `description`.
    """

    def __init__(self, volume: "Volume", **fields: Any) -> None:
        fields.pop("backend", None)
        self._ovo = Ovo({})
        self.backend = volume.backend
        self._parent = volume
        self._wishes = making.snapshot(volume.record(), fields)
        self._ovo.show(self._wishes.shown)

    @property
    def name(self) -> str:
        """The name that a program gave."""
        return str(self._ovo.display_name)

    @property
    def description(self) -> str:
        """The description that a program gave."""
        return str(self._ovo.display_description)

    @property
    def name_in_storage(self) -> str:
        """What the array calls it."""
        template = str(current().options.get("snapshot_name_template", "snapshot-%s"))
        return str(template % self._ovo.id)

    @property
    def volume(self) -> "Volume":
        """The volume that it is of.

        Raises:
            VolumeNotFound: it is gone.
        """
        if self._record is None or (self.is_loose and self._parent is not None):
            found: Volume = self._parent
            return found
        if isinstance(self._document, SnapshotDocument) and self._document.volume is not None:
            return self.volume_class.told(self._document.volume)
        return self.volume_class.get_by_id(str(self._ovo.volume_id))

    @classmethod
    def get_by_id(cls, snapshot_id: str) -> "Snapshot":
        """Return the snapshot of this id.

        Raises:
            SnapshotNotFound: there is none.
        """
        for found in finding.snapshots(current().session, snapshot_id=snapshot_id):
            return cls.of(found)
        raise SnapshotNotFound(snapshot_id)

    @classmethod
    def get_by_name(cls, snapshot_name: str) -> "list[Snapshot]":
        """Return the snapshots of this name."""
        return [cls.of(one) for one in finding.snapshots(current().session, name=snapshot_name)]

    @classmethod
    def loaded(cls, record: SnapshotRecord, *, volume: "Volume") -> "Snapshot":
        """Return the snapshot of a volume that was loaded."""
        inner = VolumeDocument(record=volume.record(), backend={})
        found = cls.of(record, document=SnapshotDocument(record=record, backend=volume.backend_options(), volume=inner))
        found._parent = volume  # noqa: SLF001 - its own class
        return found

    def create(self) -> None:
        """Take the snapshot."""
        self.show(making.take(self._wishes, self._parent.needed().record, self))
        with current().lock:
            current().objects["Snapshot", self._record.cinder_id] = self

    def create_volume(self, **new_vol_params: Any) -> "Volume":
        """Return a new volume with the snapshot's content and, where nothing else is given, its volume's fields."""
        source = self._need().record
        fields: dict[str, Any] = {"size": source.size_gib, **new_vol_params, "snapshot_id": self._ovo.id}
        like: Any = self.backend
        with suppress(VolumeNotFound):
            like = self.volume
        return self.volume_class(like, **fields).made_from(source)

    def delete(self) -> None:
        """Remove the snapshot; one that is gone is success."""
        with blamed(self):
            if self._record is not None:
                self._need().delete()
            self.gone()

    def refresh(self) -> None:
        """Look at the snapshot again.

        Raises:
            SnapshotNotFound: it is gone.
        """
        if self.is_loose:
            return
        found = finding.snapshots(current().session, snapshot_id=str(self._ovo.id))
        if not found:
            raise SnapshotNotFound(str(self._ovo.id))
        self.show(found[0])

    def save(self) -> None:
        """Store what the program has set, and what was loaded."""
        if isinstance(self._document, SnapshotDocument) and self._document.volume is not None:
            with suppress(NotFound):
                self.volume.save()
        record = self._record if self.is_loose else self._changed()
        self._document = None
        self.show(saving.store(current().session.store.snapshots, record))

    def show(self, record: SnapshotRecord) -> None:
        self._record = record
        self._ovo.show(writing.snapshot(record))

    def document(self, *, simplified: bool) -> SnapshotDocument:
        record = self._record or reading.snapshot(self._ovo.plain(), backend=self.backend_name())
        if simplified or self._apart:
            return SnapshotDocument(record=record, backend=self.backend_options())
        volume = VolumeDocument(record=self.volume.record(), backend={})
        return SnapshotDocument(record=record, backend=self.backend_options(), volume=volume)

    def _changed(self) -> SnapshotRecord:
        fields: dict[str, Json] = self._ovo.plain()
        record = reading.snapshot({**fields, "metadata": making.texts(fields["metadata"])}, backend=self.backend_name())
        before: SnapshotRecord | None = self._record
        if before is None:
            return replace(record, volume_id=self._parent.record().id)
        return replace(record, id=before.id, driver_data={**before.driver_data, **record.driver_data})

    def _need(self) -> Stored:
        if self.is_loose:
            self.save()
        if self._record is None:
            raise SnapshotNotFound(str(self._ovo.id))
        return Stored(current().session, self._record)


Object.snapshot_class = Snapshot
