"""Extra specs and QoS specs of volumes, with those found again that cinderlib lost.

cinderlib gave every volume with specs a type of its own, under the volume's id. A later update set the volume back to
the type without specs, but left its own type where it was. And it renamed the row that heads a volume's QoS specs
after their own rows had been written, which then belong to nothing: what tells whose they are is that they
were written after their head was, and before it was renamed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from persistence.records import Json
from persistence.sql import cinderlib_tables as tables

#: Which side keeps to QoS specs: the back end, when nothing is said.
_CONSUMER = "consumer"
_BACK_END = "back-end"


class Specs:
    """The specs of volumes."""

    def __init__(self, connection: sa.Connection, found: Mapping[str, sa.TableClause]) -> None:
        self._connection = connection
        self._tables = found
        self._qos: Mapping[str, Mapping[str, str]] = {}
        self._lost: frozenset[str] = frozenset()
        if "quality_of_service_specs" in found:
            table = found["quality_of_service_specs"]
            rows = [dict(row) for row in connection.execute(tables.living(table, *table.c)).mappings()]
            self._qos, self._lost = _sets(rows)

    def of(self, volumes: Sequence[Mapping[str, Json]]) -> Mapping[str, dict[str, Json]]:
        """Return `extra_specs` and `qos_specs` for each of the volumes, by its id.

        `qos_specs_lost` is true where it had some and it cannot be told which, `specs_forgotten` where cinderlib
        itself had none left, and they were found again.
        """
        types = self._types({str(volume.get(field)) for volume in volumes for field in ("id", "volume_type_id")})
        # One that has the volume's own id was made for it, whatever type it was set to later.
        chosen = {
            str(volume["id"]): next(
                (types[key] for key in (volume["id"], volume.get("volume_type_id")) if key in types), {}
            )
            for volume in volumes
        }
        extra_specs = self._extra_specs({found["id"] for found in chosen.values() if found})
        told: dict[str, dict[str, Json]] = {}
        for volume in volumes:
            volume_id = str(volume["id"])
            found = chosen[volume_id]
            told[volume_id] = {
                "extra_specs": extra_specs.get(found.get("id", ""), {}),
                **self._qos_of(volume_id, found),
            }
            if found and found["id"] != volume.get("volume_type_id"):
                told[volume_id]["specs_forgotten"] = True
        return told

    def _qos_of(self, volume_id: str, volume_type: Mapping[str, str]) -> dict[str, Json]:
        heads = [head for head in (volume_type.get("qos_specs_id"), volume_id) if head]
        found = next((self._qos[head] for head in heads if head in self._qos), {})
        if not found and not self._lost.isdisjoint(heads):
            return {"qos_specs": {}, "qos_specs_lost": True}
        return {"qos_specs": dict(found)}

    def _types(self, ids: set[str]) -> Mapping[Json, Mapping[str, str]]:
        table = self._tables.get("volume_types")
        if table is None:
            return {}
        statement = tables.living(table, *table.c).where(table.c.id.in_(ids))
        rows = self._connection.execute(statement).mappings()
        return {str(row["id"]): {str(key): str(value) for key, value in row.items() if value} for row in rows}

    def _extra_specs(self, type_ids: set[str]) -> Mapping[str, dict[str, Json]]:
        table = self._tables.get("volume_type_extra_specs")
        found: dict[str, dict[str, Json]] = {}
        if table is None or not type_ids:
            return found
        statement = tables.living(table, table.c.volume_type_id, table.c.key, table.c.value)
        for type_id, key, value in self._connection.execute(statement.where(table.c.volume_type_id.in_(type_ids))):
            found.setdefault(str(type_id), {})[str(key)] = str(value or "")
        return found


def _sets(rows: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Mapping[str, str]], frozenset[str]]:
    """Return the QoS specs by the id of their head, and the heads whose specs cannot be told any more."""
    heads = {str(row["id"]): row for row in rows if row["specs_id"] is None}
    members: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["specs_id"] is not None:
            members.setdefault(str(row["specs_id"]), []).append(row)
    found = {head: _specs(members[head]) for head in heads if head in members}
    empty = [head for head in heads if head not in members]
    strays = [group for head, group in members.items() if head not in heads]
    for head in empty:
        mine = [group for group in strays if _between(heads[head], group)]
        if len(mine) == 1 and sum(_between(heads[other], mine[0]) for other in empty) == 1:
            found[head] = _specs(mine[0])
    return found, frozenset(head for head in empty if head not in found)


def _between(head: Mapping[str, Any], group: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether all of a group was written between the making of a head and its renaming."""
    if head["created_at"] is None or head["updated_at"] is None:
        return False
    return all(row["created_at"] and head["created_at"] <= row["created_at"] <= head["updated_at"] for row in group)


def _specs(group: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    specs = {str(row["key"]): str(row["value"] or "") for row in group}
    if specs.get(_CONSUMER) == _BACK_END:
        del specs[_CONSUMER]
    return specs
