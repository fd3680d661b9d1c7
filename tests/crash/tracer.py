"""Counts what one kind of work does to the world outside, and kills this process at the point that it is told.

A point is a call of a port, and whatever changes a folder or a device in
between. What is wanted stands in a file that the test writes while the driver
serves: the name of an RPC, or of a thread, and a number. What was reached
stands in another.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

#: The threads on which a process mends at its start what an earlier one left; each is called after its back end.
MENDING = "mend-"

#: What Python says of itself before it does it, with the argument that tells which. Source: "Audit events table".
_EFFECTS = {
    "fcntl.ioctl": 1,
    "os.chmod": 0,
    "os.link": 1,
    "os.mkdir": 0,
    "os.remove": 0,
    "os.rename": 1,
    "os.rmdir": 0,
    "os.truncate": 0,
}

#: Asks a loop device what it shows, and changes nothing. Source: linux/loop.h.
_LOOP_GET_STATUS64 = 0x4C05
#: The folder of Cinder's lock files, which say nothing once their process has gone.
_LOCKS = "locks"


class Tracer:
    """One of a process, for good."""

    def __init__(self, folder):
        self._plan = folder / "plan"
        self._reached = folder / "reached"
        self._lock = threading.Lock()
        sys.addaudithook(self._effect)

    def _effect(self, event, arguments):
        if event not in _EFFECTS:
            return
        which = arguments[_EFFECTS[event]]
        path = Path(f"{which:#x}") if isinstance(which, int) else Path(os.fsdecode(which))
        if which != _LOOP_GET_STATUS64 and path.parent.name != _LOCKS:
            self.reach(f"before {event} {path.name}")

    def reach(self, point):
        """Die here, when it is this point's turn."""
        try:
            plan = json.loads(self._plan.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return
        # A worker's thread is called after its RPC and the object.
        if threading.current_thread().name.partition(" ")[0] != plan["work"]:
            return
        with self._lock, self._reached.open("a", encoding="utf-8") as reached:
            print(point, file=reached, flush=True)
        with self._reached.open(encoding="utf-8") as reached:
            number = sum(1 for _ in reached)
        if number == plan["kill_at"]:
            os.kill(os.getpid(), signal.SIGKILL)


class Plan:
    """The test's side of it."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder = folder
        self._plan = folder / "plan"
        self._reached = folder / "reached"

    def arm(self, work, kill_at=0):
        """Count from now on; kill at this point, or at none."""
        self._reached.unlink(missing_ok=True)
        new = self._plan.with_suffix(".new")
        new.write_text(json.dumps({"work": work, "kill_at": kill_at}), encoding="utf-8")
        new.replace(self._plan)

    def reached(self):
        """Return the points so far."""
        try:
            return self._reached.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def disarm(self):
        """Stop counting; return the points that were reached."""
        self._plan.unlink(missing_ok=True)
        return self.reached()


class Traced:
    """A port around another implementation of it: whatever verbs it has, now or later, are traced.

    `without` are those that only look. `ends` says that a call of it may be the
    last thing that an RPC does: between two other calls nothing happens that is
    no point itself, so that the end of one is the beginning of the next.
    """

    def __init__(self, port, name, tracer, *, without=(), ends=False):
        self._port = port
        self._name = name
        self._tracer = tracer
        self._without = without
        self._ends = ends

    def __getattr__(self, verb):
        member = getattr(self._port, verb)
        if verb in self._without or not callable(member):
            return member

        def call(*args, **kwargs):
            # A program is told by its name.
            what = " ".join([f"{self._name}.{verb}", *args[:1]] if verb == "run" else [f"{self._name}.{verb}"])
            self._tracer.reach(f"before {what}")
            answer = member(*args, **kwargs)
            if self._ends:
                self._tracer.reach(f"after {what}")
            return answer

        return call


class TracedStore:
    """The port `Store` with its tables traced; what only reads is no point."""

    def __init__(self, store, tracer):
        self._store = store
        self._tracer = tracer

    def __getattr__(self, name):
        member = getattr(self._store, name)
        if not hasattr(member, "replace"):
            return member
        return Traced(member, name, self._tracer, without=("get", "page"), ends=True)
