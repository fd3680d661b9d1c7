"""An application's file: numbered records with checksums, each on the disk before the next is begun."""

import hashlib
import os


class Ledger:
    """A new file; the number of a record that `append` has returned is never to be lost."""

    def __init__(self, path):
        self._file = path.open("xb")
        self._next = 0
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def append(self):
        """Write a record, fsynced; return its number."""
        number = self._next
        self._file.write(_record(number, os.urandom(1024).hex()))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._next += 1
        return number

    def close(self):
        self._file.close()


def intact(path):
    """Return how many records from the beginning on are there and right; 0 where there is no file."""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        number = 0
        for line in file:
            if line != _record(number, line.rpartition(b" ")[2].decode("ascii", "replace").rstrip("\n")):
                break
            number += 1
    return number


def _record(number, content):
    checksum = hashlib.sha256(f"{number} {content}".encode()).hexdigest()
    return f"{number} {checksum} {content}\n".encode()
