"""Every secret of a store, sealed anew with the newest key, so that older ones can go.

Processes may use the store meanwhile: each record is written only as it was read. Cut off, it goes on when repeated.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice

from cinderblock.copying import TABLES
from cinderblock.engine import every
from persistence.errors import RecordChanged, StoreUnusable
from persistence.port import Store, Table
from persistence.records import Record
from persistence.seal import Sealer, opened_record, sealed_record

#: How many records are written at once, and between two words about the progress.
_WRITERS = 16
_CHUNK = 500


def rekey(store: Store, sealer: Sealer, *, progress: Callable[[str, int], None]) -> int:
    """Seal every secret with the first key of `sealer`; return how many records that changed.

    Args:
        store: with secrets as they are stored.
        sealer: opens what is sealed with older keys, too.
        progress: is told the table, and how many of its records were sealed anew.

    Raises:
        StoreUnusable: a record opens with none of the keys, or another process seals with an older one.
    """
    total = 0
    with ThreadPoolExecutor(_WRITERS, thread_name_prefix="rekeying") as pool:
        for name in TABLES:
            table: Table[Record] = getattr(store, name)
            stale, done = _stale(table, sealer), 0
            while chunk := list(islice(stale, _CHUNK)):
                done += sum(pool.map(partial(_renewed, table, sealer), chunk))
                progress(name, done)
            total += done
    left = [f"{name}: {record.id!r}" for name in TABLES for record in _stale(getattr(store, name), sealer)]
    if left:
        raise StoreUnusable(
            f"some process still seals with an older key ({left[0]}, {len(left)} in all); restart each of them with "
            "the new key on the first line of its key file, and repeat"
        )
    return total


def _stale(table: Table[Record], sealer: Sealer) -> Iterator[Record]:
    return (record for record in every(table) if not sealer.seals(record))


def _renewed(table: Table[Record], sealer: Sealer, stale: Record) -> bool:
    """Seal a record anew; tell whether that was still to be done."""
    found: Record | None = stale
    while found is not None and not sealer.seals(found):
        try:
            table.replace(sealed_record(opened_record(found, sealer), sealer))
        except RecordChanged:
            found = table.get(found.id)
        else:
            return True
    return False
