"""How a snapshot that a back end has already becomes one of ours, and is given back."""

import time
import uuid
from collections.abc import Callable
from dataclasses import replace

from cinderblock.driver import Driver, Reference
from cinderblock.engine import Engine
from cinderblock.errors import InvalidRequest
from cinderblock.managing import Managing
from cinderblock.wanted import WantedSnapshot
from persistence.records import SnapshotRecord, Status


class Adoption:
    """Takes over and gives back snapshots; the caller holds the snapshot's id."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._managing = Managing(engine, engine.store.snapshots)

    def begin(self, wanted: WantedSnapshot, reference: Reference) -> SnapshotRecord:
        """Make what the back end has already the wanted snapshot; there is nothing of its name.

        Raises: what `Snapshots.manage` does.
        """
        volume = self._engine.source_volume(wanted.volume_id)

        def check(_: SnapshotRecord) -> None:
            self._engine.check_unchanged(volume)

        with self._engine.backends.get(volume.backend).slot() as driver:
            if not driver.abilities().manage_snapshots:
                raise InvalidRequest(f"the driver of back end {volume.backend!r} cannot take over snapshots")
            found = dict(reference)
            fresh = replace(
                wanted.record(volume, str(uuid.uuid4()), created_at=time.time()),
                size_gib=0,
                status=Status.MANAGING,
                reference=found,
                wanted_reference=found,
            )
            return self._managing.begin(driver, fresh, check)

    def resume(self, left: SnapshotRecord) -> SnapshotRecord:
        """Finish a taking over that was cut off.

        Raises: what `Snapshots.manage` does.
        """
        with self._engine.backends.get(left.backend).slot() as driver:
            return self._managing.resume(driver, left)

    def give_back(self, found: SnapshotRecord, check: Callable[[SnapshotRecord], None]) -> Reference:
        """Forget a snapshot; return where the back end, which keeps it, has it from now on.

        Args:
            found: the snapshot.
            check: refuses, now that the intent is recorded, what must not go.

        Raises: what `Managing.give_back` does.
        """

        def free(_: Driver, held: SnapshotRecord) -> SnapshotRecord:
            check(held)
            return held

        return self._managing.give_back(found, free)
