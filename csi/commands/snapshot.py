"""`cinderblock snapshot`: look at snapshots, take them over, give them back and delete them."""

import argparse

from cinderblock.engine import every
from cinderblock.wanted import WantedSnapshot
from csi import ids
from csi.commands import asking, describing, opened, parting
from csi.commands.describing import as_json
from csi.commands.parting import SNAPSHOT
from csi.commands.progress import progress
from csi.settings import Settings
from persistence.port import Store
from persistence.records import Status


def run(given: argparse.Namespace) -> int:
    """Do what was asked; return the exit code.

    Raises:
        CinderblockError: it cannot be done; in words.
        PersistenceError: the store does not answer, or is not ours.
    """
    found = opened.chosen(given)
    with opened.records(found) as store, asking.reasons():
        match given.verb:
            case "list":
                return _list(given, store)
            case "show":
                return _show(given, store)
            case "manage":
                return _manage(given, found, store)
            case "unmanage":
                return parting.unmanage(SNAPSHOT, given, found, store)
            case "delete":
                return parting.delete(SNAPSHOT, given, found, store)
            case _:
                raise AssertionError(given.verb)


def _list(given: argparse.Namespace, store: Store) -> int:
    where = {"backend": given.backend} if given.backend else {}
    if given.volume:
        where["volume_cinder_id"] = asking.of_id_or_name("volume", store.volumes, given.volume).cinder_id
    snapshots = [one for one in every(store.snapshots, **where) if one.status is not Status.TOMBSTONE]
    if given.json:
        print(as_json([describing.snapshot_facts(one) for one in snapshots]))
        return 0
    rows = [(one.id, one.name, f"{one.size_gib}", one.status, one.backend, one.volume_id) for one in snapshots]
    print("\n".join(describing.table(("ID", "NAME", "GIB", "STATUS", "BACK END", "VOLUME"), rows)))
    return 0


def _show(given: argparse.Namespace, store: Store) -> int:
    snapshot = asking.of_id_or_name("snapshot", store.snapshots, given.snapshot)
    copies = [
        {"id": one.id, "name": one.name, "status": one.status}
        for one in every(store.volumes, source_cinder_id=snapshot.cinder_id)
        if one.status is not Status.TOMBSTONE
    ]
    found = {**describing.snapshot_facts(snapshot), "volumes_made_from_it": copies}
    print(as_json(found) if given.json else "\n".join(describing.lines(found)))
    return 0


def _manage(given: argparse.Namespace, found: Settings, store: Store) -> int:
    volume = asking.of_id("volume", store.volumes, given.volume)
    wanted = WantedSnapshot(
        id=ids.snapshot_id(given.name), name=given.name, volume_id=volume.id, metadata=dict(given.metadata)
    )
    with opened.library(found, store, backend=volume.backend) as library:
        with progress(f"taking over {given.name}"):
            snapshot = library.snapshots.manage(wanted, dict(given.reference))
        now = library.backends.get(snapshot.backend).driver().reference(snapshot)
    content = describing.snapshot_content(snapshot, volume, driver_name=found.driver_name)
    if given.json:
        facts = describing.snapshot_facts(snapshot)
        print(as_json({**facts, "found_as": dict(now), "volume_snapshot_content": content}))
        return 0
    was = describing.reference(snapshot.reference)
    print(f"snapshot {snapshot.name} of volume {volume.name} is Cinderblock's now: {snapshot.size_gib} GiB")
    print(f"  snapshot handle in CSI: {snapshot.id}")
    print(f"  on the back end:        {describing.reference(now)}, which was {was}")
    print("Kubernetes can have it with:\n")
    print(as_json(content))
    return 0
