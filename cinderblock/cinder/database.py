"""What drivers ask of Cinder's database, answered from our store.

Drivers, and the objects that they are given, hold the module `cinder.db.api`,
so there is nothing to inject: each of its functions is replaced, by name, by a
door that leads to the database of the open runtime. A function that is not
answered refuses by its name rather than to reach for a database.
"""

import types as python
from collections.abc import Callable
from typing import Any

from cinder import exception
from cinder.db import api

from cinderblock.cinder.answers.groups import GroupAnswers
from cinderblock.cinder.answers.others import AttachmentAnswers, InitiatorAnswers, TypeAnswers
from cinderblock.cinder.answers.snapshots import SnapshotAnswers
from cinderblock.cinder.answers.stored import Stored
from cinderblock.cinder.answers.volumes import VolumeAnswers
from cinderblock.cinder.rows import Row, Types
from persistence.port import Store

#: Functions that never touch a database.
_KEPT = frozenset({"get_model_for_versioned_object", "is_orm_value"})


class UnansweredCall(exception.CinderException):
    """A driver asked the database something that Cinderblock does not answer."""

    message = "the driver called cinder.db.api.%(function)s, which is not answered without Cinder's own database"


class NoDatabase(exception.CinderException):
    """A driver is used after its runtime was closed."""

    message = "the driver called cinder.db.api.%(function)s after the runtime that it belongs to was closed"


class Database:
    """The answers over one store; what a driver writes is in the store when its call returns."""

    def __init__(self, store: Store) -> None:
        self.stored = Stored(store)
        self.types = Types()
        self.volumes = VolumeAnswers(self.stored, self.types)
        self.snapshots = SnapshotAnswers(self.stored, self.volumes)
        self.groups = GroupAnswers(self.stored, self.types)
        self._attachments = AttachmentAnswers(self.stored)
        self._types = TypeAnswers(self.types)
        self._initiators = InitiatorAnswers(self.stored)

    def answer(self, function: str) -> Callable[..., Any]:
        """Return the method that answers a function of `cinder.db.api`.

        Raises:
            UnansweredCall: there is none.
        """
        parts = (self.volumes, self.snapshots, self.groups, self._attachments, self._types, self._initiators)
        for part in (self, *parts):
            method = getattr(part, function, None)
            if method is not None and callable(method):
                return method  # type: ignore[no-any-return]  # found by name, as Cinder calls it
        raise UnansweredCall(function=function)

    def get_by_id(self, context: Any, model: Any, object_id: str, *_: Any, **__: Any) -> Row:
        """Answer for any kind of object, by Cinder's class for it."""
        answers: dict[str, Callable[[Any, str], Row]] = {
            "Volume": self.volumes.volume_get,
            "Snapshot": self.snapshots.snapshot_get,
            "Group": self.groups.group_get,
            "GroupSnapshot": self.groups.group_snapshot_get,
            "GroupType": self.groups.group_type_get,
            "VolumeAttachment": self._attachments.volume_attachment_get,
            "VolumeType": self._types.volume_type_get,
            "QualityOfServiceSpecs": self._types.qos_specs_get,
        }
        if model.__name__ not in answers:
            raise UnansweredCall(function=f"get_by_id for {model.__name__}")
        return answers[model.__name__](context, object_id)

    def resource_exists(self, context: Any, model: Any, resource_id: str) -> bool:
        """Tell whether an object of any kind is there."""
        try:
            self.get_by_id(context, model, resource_id)
        except exception.NotFound:
            return False
        return True

    def dispose_engine(self) -> None:
        """Do nothing: there is no engine."""


class _Installed:
    """The database that the doors lead to; one in a process, as `cinder.db.api` is."""

    database: Database | None = None


def install(database: Database | None) -> None:
    """Let every function of `cinder.db.api` lead to this database; None to none at all."""
    _Installed.database = database
    for name, function in list(vars(api).items()):
        is_theirs = isinstance(function, python.FunctionType) and function.__module__ == api.__name__
        if is_theirs and name not in _KEPT:
            setattr(api, name, _door(name))


def _door(name: str) -> Callable[..., Any]:
    def door(*args: Any, **kwargs: Any) -> Any:
        database = _Installed.database
        if database is None:
            raise NoDatabase(function=name)
        return database.answer(name)(*args, **kwargs)

    door.__name__ = door.__qualname__ = name
    return door
