"""`cinderblock volume`: look at volumes, take them over, give them back, revert, retype and delete them."""

import argparse
from collections.abc import Mapping

from cinderblock.driver import Manageable
from cinderblock.engine import every
from cinderblock.wanted import Changes, WantedVolume
from csi import ids
from csi.commands import asking, describing, opened, parting
from csi.commands.describing import as_json
from csi.commands.parting import VOLUME
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
            case "manage" if given.list:
                return _list_manageable(given, found, store)
            case "manage":
                return _manage(given, found, store)
            case "unmanage":
                return parting.unmanage(VOLUME, given, found, store)
            case "revert":
                return _revert(given, found, store)
            case "retype":
                return _retype(given, found, store)
            case "delete":
                return parting.delete(VOLUME, given, found, store)
            case _:
                raise AssertionError(given.verb)


def _list(given: argparse.Namespace, store: Store) -> int:
    where = {"backend": given.backend} if given.backend else {}
    volumes = [one for one in every(store.volumes, **where) if given.all or one.status is not Status.TOMBSTONE]
    nodes: dict[str, list[str]] = {}
    for connection in every(store.connections, **where):
        nodes.setdefault(connection.volume_cinder_id, []).append(connection.node_id)
    if given.json:
        print(as_json([describing.facts(one, nodes.get(one.cinder_id, [])) for one in volumes]))
        return 0
    rows = [
        (one.id, one.name, f"{one.size_gib}", one.status, one.backend, " ".join(nodes.get(one.cinder_id, [])))
        for one in volumes
    ]
    print("\n".join(describing.table(("ID", "NAME", "GIB", "STATUS", "BACK END", "PUBLISHED TO"), rows)))
    return 0


def _show(given: argparse.Namespace, store: Store) -> int:
    volume = asking.of_id_or_name("volume", store.volumes, given.volume)
    nodes = [one.node_id for one in every(store.connections, volume_cinder_id=volume.cinder_id)]
    snapshots = [
        {"id": one.id, "name": one.name, "status": one.status}
        for one in every(store.snapshots, volume_cinder_id=volume.cinder_id)
        if one.status is not Status.TOMBSTONE
    ]
    found = {**describing.facts(volume, nodes), "snapshots": snapshots}
    print(as_json(found) if given.json else "\n".join(describing.lines(found)))
    return 0


def _list_manageable(given: argparse.Namespace, found: Settings, store: Store) -> int:
    with opened.library(found, store, backend=given.backend) as library, progress("listing"):
        listed = library.volumes.manageable(given.backend)
    if given.json:
        print(as_json([_manageable(one) for one in listed]))
        return 0
    rows = [
        (describing.reference(one.reference), f"{one.size_gib}", one.in_the_way or "free to take") for one in listed
    ]
    print("\n".join(describing.table(("REFERENCE", "GIB", "STATE"), rows)))
    return 0


def _manage(given: argparse.Namespace, found: Settings, store: Store) -> int:
    wanted = WantedVolume(
        id=ids.volume_id(given.name),
        name=given.name,
        backend=given.backend,
        pool=given.pool,
        multiattach=given.multiattach,
        metadata=dict(given.metadata),
        extra_specs=dict(given.extra_spec),
        qos_specs=dict(given.qos),
    )
    with opened.library(found, store, backend=given.backend) as library:
        with progress(f"taking over {given.name}"):
            volume = library.volumes.manage(wanted, dict(given.reference))
        backend = library.backends.get(volume.backend)
        now = backend.driver().reference(volume)
        claim = describing.persistent_volume(volume, driver_name=found.driver_name, topology=backend.topology)
    if given.json:
        print(as_json({**describing.facts(volume, []), "found_as": dict(now), "persistent_volume": claim}))
        return 0
    was = describing.reference(volume.reference)
    print(f"volume {volume.name} is Cinderblock's now: {volume.size_gib} GiB on back end {volume.backend}")
    print(f"  volume handle in CSI: {volume.id}")
    print(f"  on the back end:      {describing.reference(now)}, which was {was}")
    print("Kubernetes can have it with:\n")
    print(as_json(claim))
    return 0


def _revert(given: argparse.Namespace, found: Settings, store: Store) -> int:
    volume = VOLUME.chosen(given, store)
    VOLUME.confirm(given, store, volume, f"what was written since snapshot {given.snapshot} is lost")
    with opened.library(found, store, backend=volume.backend) as library, progress(f"reverting {volume.name}"):
        library.volumes.revert(volume.id, given.snapshot)
    VOLUME.say(given, volume, f"is what it was at snapshot {given.snapshot}")
    return 0


def _retype(given: argparse.Namespace, found: Settings, store: Store) -> int:
    volume = VOLUME.chosen(given, store)
    changes = Changes(extra_specs=dict(given.extra_spec), qos_specs=dict(given.qos))
    with opened.library(found, store, backend=volume.backend) as library, progress(f"retyping {volume.name}"):
        now = library.volumes.modify(volume.id, changes)
    if given.json:
        facts = {"id": now.id, "name": now.name}
        print(as_json({**facts, "extra_specs": dict(now.extra_specs), "qos_specs": dict(now.qos_specs)}))
        return 0
    print(f"volume {now.name} asks its back end for:")
    specs = {"extra_specs": dict(now.extra_specs) or "nothing", "qos_specs": dict(now.qos_specs) or "nothing"}
    print("\n".join(f"  {line}" for line in describing.lines(specs)))
    return 0


def _manageable(one: Manageable) -> Mapping[str, object]:
    return {"reference": dict(one.reference), "size_gib": one.size_gib, "in_the_way": one.in_the_way}
