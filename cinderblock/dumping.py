"""All records as a file of JSON lines, and such a file as a source of records.

The first line says what it is, the last one how many records there are and what all lines before hash to, so that
half of a file is never taken for one. Secrets are in it as the store has them: sealed.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cinderblock.copying import TABLES, Progress, Source
from persistence.codec import decode, encode
from persistence.errors import StoreUnusable
from persistence.records import (
    ConnectionRecord,
    KeyValueRecord,
    NodeRecord,
    Record,
    SnapshotRecord,
    VolumeRecord,
)

_HEAD = {"cinderblock": "records", "version": 1}
_TYPES: dict[str, type[Record]] = {
    "volumes": VolumeRecord,
    "snapshots": SnapshotRecord,
    "connections": ConnectionRecord,
    "nodes": NodeRecord,
    "key_values": KeyValueRecord,
}
_CHUNK = 500


def dump(source: Source, path: Path, *, progress: Progress) -> int:
    """Write all records to a file that only its owner reads; it is whole and on the disk, or not there.

    Returns:
        How many there are.

    Raises:
        FileExistsError: there is a file of this name, which is left alone.
        OSError: it cannot be written.
    """
    half_made = path.with_name(f".{path.name}.partial")
    half_made.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(half_made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            total = _written(source, file, progress)
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link never replaces a file that is there.
        path.hardlink_to(half_made)
    finally:
        half_made.unlink(missing_ok=True)
    folder = os.open(path.absolute().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return total


def _written(source: Source, file: BinaryIO, progress: Progress) -> int:
    hashed, total = hashlib.sha256(), 0

    def put(line: object) -> None:
        written = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        hashed.update(written)
        file.write(written)

    put(_HEAD)
    for table in TABLES:
        for record in source.records(table):
            put({"table": table, "record": json.loads(encode(record))})
            total += 1
            if total % _CHUNK == 0:
                progress("written", total)
    put({"records": total, "sha256": hashed.hexdigest()})
    return total


class Dump:
    """A file that `dump` has written, as a source of records."""

    def __init__(self, path: Path) -> None:
        """Read the file once, to see that it is whole.

        Raises:
            StoreUnusable: it is none of ours, or damaged, or only a part.
        """
        self._path = path
        #: Where the lines of each table begin.
        self._begins: dict[str, int] = {}
        try:
            self.total = self._checked()
        except OSError as error:
            raise StoreUnusable(f"{path} cannot be read: {error.strerror}") from error

    def records(self, table: str) -> Iterator[Record]:
        """Yield the records of one table, in the order in which they were written."""
        if table not in self._begins:
            return
        with self._path.open("rb") as file:
            file.seek(self._begins[table])
            for number, text in enumerate(file):
                line = self._parsed(text, number)
                if line.get("table") != table:
                    return
                document = line["record"]
                record_id = document.get("id") if isinstance(document, dict) else None
                yield decode(_TYPES[table], json.dumps(document), record_id=str(record_id), revision="")

    def check(self) -> None:
        """Do nothing: nobody writes to it."""

    def _checked(self) -> int:
        hashed, at, total, last = hashlib.sha256(), 0, 0, b""
        with self._path.open("rb") as file:
            for number, text in enumerate(file):
                line = self._parsed(text, number)
                if number == 0 and line != _HEAD:
                    raise StoreUnusable(f"{self._path} is no export of records that this version reads")
                if "sha256" in line:
                    last = text
                    break
                if number:
                    table = str(line.get("table"))
                    if table not in _TYPES or "record" not in line:
                        raise StoreUnusable(f"{self._path}, line {number + 1}: this is no record; take another copy")
                    self._begins.setdefault(table, at)
                    total += 1
                hashed.update(text)
                at += len(text)
        end = self._parsed(last or b"{}", 0)
        if end.get("sha256") != hashed.hexdigest() or end.get("records") != total:
            raise StoreUnusable(f"{self._path} is damaged, or only a part of what was written; take another copy")
        return total

    def _parsed(self, text: bytes, number: int) -> dict[str, object]:
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        if not isinstance(line, dict):
            raise StoreUnusable(f"{self._path}, line {number + 1}: this is no line of an export; take another copy")
        return line
