"""Cinder's consistent groups: what its volume service does around a driver's calls for them.

What a driver answers is a word for the group and one for each of its volumes
or snapshots; a failure may be in any of them, instead of an exception.
"""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from cinder import exception
from cinder import utils as cinder_utils
from cinder.objects import fields

from cinderblock.cinder import changes, stats
from cinderblock.cinder.database import Database
from cinderblock.cinder.errors import is_absent, words
from cinderblock.cinder.objects import Objects, new_context
from cinderblock.concealment import masked
from cinderblock.driver import Update
from cinderblock.errors import BackendUnavailable
from cinderblock.grouped import GROUP_ID, ConsistencyGroup
from persistence.records import SnapshotRecord, VolumeRecord

log = logging.getLogger(__name__)

_FAILED = frozenset({"error", "error_deleting"})
#: How a driver without an exception of its own says so: SolidFire.
_NO_SNAPSHOT = re.compile(r"failed to find group snapshot", re.IGNORECASE)


class Groups:
    """The consistent groups of one driver; see the port for what each verb promises."""

    def __init__(self, driver: Any, objects: Objects, database: Database) -> None:
        self._driver = driver
        self._objects = objects
        self._database = database

    def create(self, group: ConsistencyGroup, said: Mapping[str, Any]) -> None:
        """Make an empty group; `said` is what the driver said of its back end."""
        for member in group.members:
            pool = self._database.stored.volume(member).host.partition("#")[2]
            if not stats.takes_groups(said, pool):
                raise NotImplementedError(f"the volumes of pool '{pool}' cannot be in a group")
        made = self._objects.group(group, fields.GroupStatus.CREATING)
        _check(self._driver.create_group(new_context(), made))

    def join(self, group: ConsistencyGroup, volumes: Sequence[VolumeRecord]) -> Sequence[Update]:
        """Take volumes into a group."""
        return self._change(group, joining=volumes)

    def leave(self, group: ConsistencyGroup, volumes: Sequence[VolumeRecord]) -> Sequence[Update]:
        """Take volumes out of a group; when this returns, none of them is in it for certain."""
        try:
            return self._change(group, leaving=volumes)
        except NotImplementedError:
            # A driver that does not take volumes out never took one in.
            return [{} for _ in volumes]
        except Exception as error:  # noqa: BLE001 - whatever it is, each volume is tried for itself
            log.info("the volumes leave the group %s one by one: %s", group.cinder_id, masked(words(error)))
            return [self._leave_alone(group, volume) for volume in volumes]

    def take(self, group: ConsistencyGroup, snapshots: Sequence[SnapshotRecord]) -> Sequence[Update]:
        """Take the snapshots of a group."""
        made = [self._objects.snapshot(snapshot) for snapshot in snapshots]
        group_snapshot = self._objects.group_snapshot(group, fields.GroupSnapshotStatus.CREATING)
        said, updates = _answers(self._driver.create_group_snapshot(new_context(), group_snapshot, made), 2)
        return _updates(said, updates, made)

    def drop(self, group: ConsistencyGroup, snapshots: Sequence[SnapshotRecord]) -> None:
        """Remove the snapshots of a group; those that are absent are success."""
        gone = [self._objects.snapshot(snapshot) for snapshot in snapshots]
        group_snapshot = self._objects.group_snapshot(group, fields.GroupSnapshotStatus.DELETING)
        try:
            said, updates = _answers(self._driver.delete_group_snapshot(new_context(), group_snapshot, gone), 2)
            _updates(said, updates, gone)
        except NotImplementedError:
            self._drop_one_by_one(gone)
        except exception.CinderException as error:
            if not isinstance(error, exception.GroupSnapshotNotFound) and not _NO_SNAPSHOT.search(str(error)):
                raise
        for snapshot in gone:
            cinder_utils.clean_snapshot_file_locks(snapshot.id, self._driver)

    def delete(self, group: ConsistencyGroup) -> None:
        """Remove an empty group; one that is absent is success."""
        inside = self._database.volumes.volume_get_all_by_generic_group(None, group.cinder_id)
        if inside:
            # Many drivers delete the volumes of a group with it, and some ask the array which these are.
            ids = ", ".join(volume["id"] for volume in inside)
            raise BackendUnavailable(f"the volumes {ids} may still be in it; they are taken out first")
        gone = self._objects.group(group, fields.GroupStatus.DELETING)
        # Without an implementation, Cinder has the group in its database only.
        with suppress(NotImplementedError, exception.GroupNotFound):
            said, _ = _answers(self._driver.delete_group(new_context(), gone, []), 2)
            _check(said)

    def _drop_one_by_one(self, snapshots: Sequence[Any]) -> None:
        """Do what Cinder does for a driver that removes no group snapshots after all."""
        for snapshot in snapshots:
            try:
                self._driver.delete_snapshot(snapshot)
            except exception.SnapshotNotFound as error:
                if not is_absent(error, snapshot.id, snapshot.name):
                    raise

    def _leave_alone(self, group: ConsistencyGroup, volume: VolumeRecord) -> Update:
        try:
            return self._change(group, leaving=[volume])[0]
        except Exception as error:  # noqa: BLE001 - whatever it is, what comes next tells
            log.info("volume %s may not be in group %s: %s", volume.cinder_id, group.cinder_id, masked(words(error)))
        # An array may refuse to take out what is not in. What it now takes in, and out again, is out for certain.
        joined = self._change(group, joining=[volume])[0]
        return {**joined, **self._change(group, leaving=[volume])[0]}

    def _change(
        self, group: ConsistencyGroup, *, joining: Sequence[VolumeRecord] = (), leaving: Sequence[VolumeRecord] = ()
    ) -> Sequence[Update]:
        # As in Cinder, a volume is a member once it has joined, and until it has left.
        add = [self._objects.volume(_without_group(volume)) for volume in joining]
        remove = [self._objects.volume(volume) for volume in leaving]
        changed = self._objects.group(group, fields.GroupStatus.UPDATING)
        answer = self._driver.update_group(new_context(), changed, add_volumes=add, remove_volumes=remove)
        said, added, removed = _answers(answer, 3)
        return _updates(said, added, add) or _updates(said, removed, remove)


def _answers(answer: Any, number: int) -> Sequence[Any]:
    """Return a driver's answer, which should be a tuple of this many; None is one of nothing."""
    return tuple(answer) if answer is not None else (None,) * number


def _updates(said: Any, updates: Iterable[Any] | None, changed: Sequence[Any]) -> list[Update]:
    """Return what a driver changed about each of the objects that it was given.

    Raises:
        exception.VolumeDriverException: it says that it failed.
    """
    _check(said)
    by_id = {update["id"]: update for update in updates or () if isinstance(update, Mapping) and "id" in update}
    for update in by_id.values():
        _check(update)
    return [changes.update_of(one, by_id.get(one.id)) for one in changed]


def _check(said: Any) -> None:
    if isinstance(said, Mapping) and said.get("status") in _FAILED:
        raise exception.VolumeDriverException(message=f"the driver says '{said['status']}'; its log has the reason")


def _without_group(volume: VolumeRecord) -> VolumeRecord:
    data = {name: value for name, value in volume.driver_data.items() if name != GROUP_ID}
    return replace(volume, driver_data=data)
