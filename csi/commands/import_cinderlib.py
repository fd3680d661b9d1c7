"""`cinderblock store import-cinderlib`: taking over what cinderlib remembered."""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from cinderblock import config
from cinderblock.cinderlib.importing import Comparison, compare, verify
from cinderblock.cinderlib.planning import Plan, plan
from cinderblock.config import Configuration
from cinderblock.copying import check_whole
from cinderblock.errors import ConfigurationError
from csi.serving import Mode, claimed, open_sealer
from csi.settings import Settings
from persistence.errors import StoreUnusable
from persistence.records import Record
from persistence.seal import Sealer, sealed, sealed_record
from persistence.sql import open_store
from persistence.sql.cinderlib import look, open_cinderlib


def run(source: str, settings: Settings, *, dry_run: bool, as_json: bool) -> int:
    """Take over the database at `source`; return 1 when nothing could be taken over, or something has changed since.

    Args:
        source: the URL of cinderlib's database.
        settings: where to, and with which key.
        dry_run: whether to say only what would be done.
        as_json: whether to say it for programs.

    Raises:
        ConfigurationError: the configuration cannot be used, or the driver is running.
        StoreUnusable: one of the databases is not what it is to be, or what was stored cannot be read again.
        StoreUnavailable: one of them does not answer now.
    """
    with _state(settings, dry_run=dry_run) as state_dir:
        configuration = config.read(settings.config_file, state_dir=state_dir)
        with open_cinderlib(source) as database:
            planned = plan(database, _hosts(configuration), progress=_say_progress)
        found = look(settings.connection)
        if found.cinderlib_marker_id not in ("", planned.marker.id):
            raise StoreUnusable(
                "the store is beside what another cinderlib wrote; take that over first, or name another"
            )
        if planned.problems:
            _say(planned, "nothing was taken over", as_json=as_json)
            return 1
        if dry_run and not found.ours:
            _say(planned, "nothing is stored yet; all of it would be taken over", as_json=as_json)
            return 0
        return _store(planned, settings, dry_run=dry_run, as_json=as_json)


def _store(planned: Plan, settings: Settings, *, dry_run: bool, as_json: bool) -> int:
    sealer = _sealer(settings, dry_run=dry_run)
    with closing(open_store(settings.connection, beside_cinderlib=True)) as below:
        check_whole(below)
        store = sealed(below, sealer)
        before = compare(planned, store, progress=_say_progress)
        outcome, failed = _outcome(before, len(planned.records()), dry_run=dry_run)
        if not (dry_run or failed or before.taken_over):
            records: list[Record] = [*before.missing, planned.marker]
            below.insert_all(sealed_record(record, sealer) for record in records)
            verify(planned, store, progress=_say_progress)
        planned.problems += before.differing
    _say(planned, outcome, as_json=as_json)
    return int(failed)


def _outcome(before: Comparison, total: int, *, dry_run: bool) -> tuple[str, bool]:
    """Say how the work ends, and whether that is a failure."""
    missing = len(before.missing)
    if before.taken_over:
        changed = missing + len(before.differing)
        if changed:
            return f"was taken over before; since then {changed} of {total} records changed or went; all stays so", True
        return "was taken over before; everything is there, as it was", False
    if before.differing:
        return "nothing was taken over, because of what is stored already", True
    return f"{missing} records {'would be stored' if dry_run else 'were stored, and read again to compare'}", False


def _sealer(settings: Settings, *, dry_run: bool) -> Sealer:
    own = settings.state_dir / "key"
    if dry_run and settings.key_file is None and not own.is_file():
        raise ConfigurationError(f"the store's key is not {own}; name it with --key-file")
    return open_sealer(Mode.ALL, settings)


@contextmanager
def _state(settings: Settings, *, dry_run: bool) -> Iterator[Path]:
    """Have the driver's state folder for this process alone, or, to look only, an empty one."""
    if dry_run:
        with tempfile.TemporaryDirectory(prefix="cinderblock-import-") as folder:
            yield Path(folder)
        return
    with claimed(settings.state_dir):
        yield settings.state_dir


def _hosts(configuration: Configuration) -> Mapping[str, str]:
    return {backend.name: f"{backend.backend_host}@{backend.name}" for backend in configuration.backends}


def _say(planned: Plan, outcome: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_described(planned, outcome), indent=2))
        return
    volumes = Counter(record.backend for record in planned.volumes)
    snapshots = Counter(record.backend for record in planned.snapshots)
    connections = Counter(record.backend for record in planned.connections)
    for name in sorted(volumes | snapshots):
        counted = f"{volumes[name]} volumes, {snapshots[name]} snapshots, {connections[name]} connections"
        print(f"back end {name}: {counted}")
    print(f"{len(planned.key_values)} keys of programs")
    for remark in planned.remarks:
        print(f"note: {remark}")
    for problem in planned.problems:
        print(f"problem: {problem}")
    print(outcome)


def _described(planned: Plan, outcome: str) -> Mapping[str, object]:
    return {
        "outcome": outcome,
        "volumes": {record.cinder_id: record.id for record in planned.volumes},
        "snapshots": {record.cinder_id: record.id for record in planned.snapshots},
        "connections": {record.cinder_id: record.id for record in planned.connections},
        "keys": len(planned.key_values),
        "notes": planned.remarks,
        "problems": planned.problems,
    }


def _say_progress(what: str, done: int, total: int) -> None:
    print(f"{done} of {total} {what}", file=sys.stderr)
