"""Which volumes may be in a consistency group of their back end.

A volume's record says so in `driver_data`, under Cinder's own name for it:
from before the volume joins until it has left for certain. Many back ends
delete the volumes that are in a group together with it, so a group goes only
when no record says that.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from cinderblock.driver import Driver, Update
from cinderblock.engine import Engine, every
from cinderblock.grouped import GROUP_ID, ConsistencyGroup, consistency_group
from cinderblock.intents import changed
from persistence.records import VolumeRecord


class Memberships:
    """Takes volumes into a group and out of it; whoever calls holds their records."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._table = engine.store.volumes

    def of(self, group: ConsistencyGroup) -> list[VolumeRecord]:
        """Return the volumes that may be in the group, tombstones among them."""
        found = every(self._table, cinder_id=frozenset(group.members))
        return [volume for volume in found if volume.driver_data.get(GROUP_ID) == group.cinder_id]

    def join(self, driver: Driver, group: ConsistencyGroup, held: Sequence[VolumeRecord]) -> list[VolumeRecord]:
        """Take the volumes into the group; return them as they are recorded then."""
        free = [self.settle(driver, volume) for volume in held]
        marked = [self._note(volume, {GROUP_ID: group.cinder_id}) for volume in free]
        with self._engine.intents.effect(f"taking volumes into the group of {group.name!r}"):
            updates = driver.join_group(group, marked)
        return [self._note(volume, update) for volume, update in zip(marked, updates, strict=True)]

    def leave(self, driver: Driver, group: ConsistencyGroup, held: Sequence[VolumeRecord]) -> list[VolumeRecord]:
        """Take the volumes out of the group, where they are in it; return them as they are recorded then."""
        if not held:
            return []
        with self._engine.intents.effect(f"taking volumes out of the group of {group.name!r}"):
            updates = driver.leave_group(group, held)
        return [self._unmark(volume, update) for volume, update in zip(held, updates, strict=True)]

    def settle(self, driver: Driver, held: VolumeRecord) -> VolumeRecord:
        """Take the volume out of the group that it was left in when a group snapshot was cut off."""
        group_id = held.driver_data.get(GROUP_ID)
        if not group_id:
            return held
        group = consistency_group(self._engine.store.key_values, str(group_id))
        return self.leave(driver, group, [held])[0] if group else self._unmark(held, {})

    def _note(self, held: VolumeRecord, update: Update) -> VolumeRecord:
        return self._engine.intents.note(self._table, held, lambda stored: changed(stored, update)) if update else held

    def _unmark(self, held: VolumeRecord, update: Update) -> VolumeRecord:
        def left(stored: VolumeRecord) -> Mapping[str, Any]:
            fields = changed(stored, update)
            fields["driver_data"].pop(GROUP_ID, None)
            return fields

        return self._engine.intents.note(self._table, held, left)
