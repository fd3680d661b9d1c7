"""An object's fields by Cinder's names, as attributes: what programs reach as `_ovo`."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cinderblock.cinderlib.kept import Fields
from persistence.records import Json

_TIMES = frozenset(
    {
        "attach_time",
        "created_at",
        "deleted_at",
        "detach_time",
        "launched_at",
        "scheduled_at",
        "terminated_at",
        "updated_at",
    }
)
#: Fields that are objects with fields of their own.
_INNER = frozenset({"volume_type", "qos_specs"})


class Ovo:
    """Fields, which a program may read and set; what it sets is stored by its object's `save`."""

    #: What Cinder's objects have, and nothing is ever in here.
    cluster = consistencygroup = group = cgsnapshot = group_snapshot = None

    if TYPE_CHECKING:  # fields are found where all attributes are

        def __getattr__(self, name: str) -> Any: ...

    def __init__(self, fields: Fields) -> None:
        self.show(fields)

    def __repr__(self) -> str:
        return f"<Ovo {vars(self).get('id')}>"

    def __iter__(self) -> Iterator[str]:
        return iter(vars(self))

    @property
    def glance_metadata(self) -> dict[str, str]:
        """What Glance would have said of the image that a volume was made from: nothing."""
        return {}

    def show(self, fields: Fields) -> None:
        """Have these fields, whatever was set before."""
        vars(self).update({name: _shown(name, value) for name, value in fields.items()})

    def plain(self) -> dict[str, Json]:
        """Return the fields as JSON has them."""
        return {name: _plain(value) for name, value in vars(self).items()}

    def obj_attr_is_set(self, name: str) -> bool:
        """Tell whether there is the field."""
        return name in vars(self)

    def obj_reset_changes(self, fields: object = None) -> None:
        """Do nothing: changes are found when they are stored."""


def _shown(name: str, value: Json) -> Any:
    if name in _INNER and isinstance(value, Mapping):
        return Ovo(value)
    if name in _TIMES and isinstance(value, str):
        return dt.datetime.fromisoformat(value)
    return value


def _plain(value: Any) -> Json:
    if isinstance(value, Ovo):
        return value.plain()
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    found: Json = value
    return found
