"""What was asked, answered and fsynced until the power was cut, noted where the cut does not reach."""

import itertools
import json
import os
import threading
from dataclasses import dataclass, field

from tests.guest import cluster

#: What a verb that makes or deletes an object leaves: it, or nothing.
MAKES = {"create": True, "snapshot": True, "delete": False, "delete_snapshot": False}


class Notes:
    """Writes one note after the other, each outside of the guest before the work goes on."""

    def __init__(self, path):
        self._file = path.open("xb")
        self._lock = threading.Lock()
        self._numbers = itertools.count()

    def asks(self, verb, name):
        """Note that a call is about to be made; return its number."""
        with self._lock:
            number = next(self._numbers)
            self._note(call=number, verb=verb, name=name)
        return number

    def answered(self, number, **what):
        """Note that a call has succeeded."""
        with self._lock:
            self._note(answered=number, **what)

    def fsynced(self, name, number):
        """Note that a volume's ledger has this record."""
        with self._lock:
            self._note(fsynced=number, name=name)

    def _note(self, **note):
        self._file.write(json.dumps(note).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


@dataclass
class Evidence:
    """What the notes say."""

    #: The call, verb and name, that had no answer, by name; each name has one call at a time.
    cut_off: dict[str, str] = field(default_factory=dict)
    #: Whether an object exists, by name; it does not say what becomes of one whose making or deleting was cut off.
    exists: dict[str, bool] = field(default_factory=dict)
    #: How many records an object has at least, by name.
    records: dict[str, int] = field(default_factory=dict)
    #: What publishing answered, by name, while it holds.
    contexts: dict[str, dict[str, str]] = field(default_factory=dict)
    #: The verbs that were answered.
    answered: list[str] = field(default_factory=list)


def read(path):
    """Return what the notes say; one that was being written is left out."""
    found, calls = Evidence(), {}
    for line in path.read_bytes().splitlines(keepends=True):
        if not line.endswith(b"\n"):
            break
        note = json.loads(line)
        if "call" in note:
            calls[note["call"]] = note
            _asked(found, note["verb"], note["name"])
        elif "answered" in note:
            call = calls[note["answered"]]
            _answered(found, call["verb"], call["name"], note.get("context", {}))
        else:
            found.records[note["name"]] = note["fsynced"] + 1
    return found


def _asked(found, verb, name):
    found.cut_off[name] = verb
    if verb in MAKES:
        found.exists.pop(name, None)
    if MAKES.get(verb):
        found.records[name] = found.records.get(cluster.source(name), 0)
    if verb == "unpublish":
        found.contexts.pop(name, None)


def _answered(found, verb, name, context):
    del found.cut_off[name]
    found.answered.append(verb)
    if verb in MAKES:
        found.exists[name] = MAKES[verb]
    if verb == "publish":
        found.contexts[name] = context
