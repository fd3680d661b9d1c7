"""What volumes, snapshots and connections of cinderlib's interface share."""

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from cinderblock.cinderlib import serialization
from cinderblock.cinderlib.documents import Document
from cinderblock.cinderlib.secrets import Cover, Secrets
from cinderblock.compat.cinderlib.ovo import Ovo
from cinderblock.compat.cinderlib.process import current
from persistence.codec import decode, encode
from persistence.records import ConnectionRecord, Json, Record, SnapshotRecord, VolumeRecord

if TYPE_CHECKING:
    from cinderblock.compat.cinderlib.backend import Backend
    from cinderblock.compat.cinderlib.connection import Connection
    from cinderblock.compat.cinderlib.snapshot import Snapshot
    from cinderblock.compat.cinderlib.volume import Volume

Kept = VolumeRecord | SnapshotRecord | ConnectionRecord

R = TypeVar("R", bound=Record)

#: Where cinderlib put what is not Cinder's.
_DATA = "cinderlib.data"

DEFAULT_PROJECT_ID = "cinderlib"
DEFAULT_USER_ID = "cinderlib"
GIB = 1024**3


class KeyValue:
    """A small fact of the program's own."""

    def __init__(self, key: str | None = None, value: str | None = None) -> None:
        self.key = key
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyValue) and (self.key, self.value) == (other.key, other.value)

    def __hash__(self) -> int:
        return hash((self.key, self.value))

    def __repr__(self) -> str:
        return f"<KeyValue {self.key!r}>"


class Object:
    """A view of a record: what it says was so when it was last looked at, or changed through it.

    Of one record there is one object in a process. What comes from JSON is not stored before something is done with
    it, or `save` is called; then it is `loose`. An object that was handed to a persistence plugin stands for itself:
    it is `apart`.
    """

    #: How a program's own back ends are reached; set where they are defined.
    backend_class: ClassVar[type["Backend"]]
    volume_class: ClassVar[type["Volume"]]
    snapshot_class: ClassVar[type["Snapshot"]]
    connection_class: ClassVar[type["Connection"]]
    _record: Any = None
    _document: Document | None = None
    _apart = False
    #: The volume that it was loaded with, or is to be of.
    _parent: Any = None

    _ovo: Ovo
    backend: "Backend | str"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__} has no {name}")
        return getattr(self._ovo, name)

    def __repr__(self) -> str:
        backend = self.backend if isinstance(self.backend, str) else self.backend.id
        return f"<{type(self).__name__} {self._ovo.id} on back end {backend}>"

    @classmethod
    def of(cls, record: Kept, *, document: Document | None = None) -> Self:
        """Return the object of a record."""
        with current().lock:
            objects, key = current().objects, (cls.__name__, record.cinder_id)
            found = objects.get(key)
            if not isinstance(found, cls) or found.is_deleted():
                found = cls._empty(record)
            found._document = document  # noqa: SLF001 - its own class
            found.show(record)
            objects[key] = found
            return found

    @classmethod
    def apart(cls, record: Kept) -> Self:
        """Return an object of a record that stands for itself, and looks nothing up."""
        found = cls._empty(record)
        found._apart = True  # noqa: SLF001 - its own class
        found.show(record)
        return found

    @classmethod
    def _empty(cls, record: Kept) -> Self:
        found = cls.__new__(cls)
        found._ovo = Ovo({})  # noqa: SLF001 - its own class
        found.backend = cls.backend_class.named(record.backend)
        return found

    @classmethod
    def load(cls, json_src: Json, save: bool = False) -> Any:
        """Return the object of what `json` or `dump` gave; stored with all that belongs to it when it is to be."""
        from cinderblock.compat.cinderlib.serialization import load  # noqa: PLC0415 - it loads back ends, too

        return load(json_src, save)

    @property
    def stored(self) -> Any:
        """The record that it was last seen with; None before it was made."""
        return self._record

    @property
    def is_loose(self) -> bool:
        """Whether it was loaded, and nothing of it is stored yet."""
        return self._document is not None

    @property
    def json(self) -> dict[str, Json]:
        """The object with what belongs to it, as what JSON has; secrets are sealed."""
        return self.to_json(simplified=False)

    @property
    def jsons(self) -> str:
        """The same, as text."""
        return self.to_jsons(simplified=False)

    @property
    def dump(self) -> dict[str, Json]:
        """The same as `json`: nothing that belongs to an object is left to be looked up later."""
        return self.json

    @property
    def dumps(self) -> str:
        """The same, as text."""
        return self.jsons

    def to_json(self, simplified: bool = True) -> dict[str, Json]:
        """Return the object, without what belongs to it where that is asked for."""
        if not self._apart:
            return serialization.write(self.document(simplified=simplified), cover=cover())
        # What a plugin keeps was sealed before, and is more than an object tells.
        written = serialization.write(self.document(simplified=True), cover=Secrets.CLEAR)
        return with_record(written, self._record)

    def to_jsons(self, simplified: bool = True) -> str:
        """Return the same, as text."""
        return json.dumps(self.to_json(simplified), separators=(",", ":"))

    def to_dict(self) -> dict[str, Json]:
        """Return the fields alone, as what JSON has."""
        return self._ovo.plain()

    def document(self, *, simplified: bool) -> Document:
        """Return what is written of it."""
        raise NotImplementedError

    def show(self, record: Any) -> None:
        """Have what a record says."""
        raise NotImplementedError

    def is_deleted(self) -> bool:
        """Tell whether it was deleted through this object."""
        return bool(vars(self._ovo).get("deleted"))

    def backend_name(self) -> str:
        """Return the name of its back end, which need not be open."""
        return self.backend if isinstance(self.backend, str) else self.backend.id

    def backend_options(self) -> Mapping[str, Json]:
        """Return what is written of the back end."""
        return {"volume_backend_name": self.backend} if isinstance(self.backend, str) else self.backend.config

    def show_failed(self) -> None:
        """Say of itself that it could not be made."""
        self._ovo.show({"status": "error"})

    def gone(self) -> None:
        """Say of itself that it was deleted."""
        self._document = None
        self._ovo.show({"status": "deleted", "deleted": True})
        vars(self._ovo)["deleted_at"] = dt.datetime.now(dt.UTC)

    @staticmethod
    def new_uuid() -> str:
        """Return an id that nothing has."""
        return str(uuid.uuid4())


def with_record(written: dict[str, Json], record: Kept) -> dict[str, Json]:
    """Return an object's JSON with its record in the place that cinderlib left for data of others."""
    ovo = written["ovo"]
    data = {"record": json.loads(encode(record)), "revision": record.revision}
    return {**written, "ovo": {**(ovo if isinstance(ovo, Mapping) else {}), _DATA: data}}


def record_in(source: Mapping[str, Any], record_type: type[R]) -> R | None:
    """Return the record in an object's JSON; None where there is none.

    Raises:
        StoreUnusable: it cannot be read.
    """
    data = source["ovo"].get(_DATA)
    if not isinstance(data, Mapping) or "record" not in data:
        return None
    text = json.dumps(data["record"])
    return decode(record_type, text, record_id=str(data["record"].get("id")), revision=str(data.get("revision")))


def cover() -> Cover:
    """Return what becomes of secrets in JSON."""
    process = current()
    return Secrets.CLEAR if process.clear_json else process.sealer
