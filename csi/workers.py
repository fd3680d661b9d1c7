"""Threads on which RPCs do their work, so that a call may end before its work does.

The back end decides how long a piece of work takes, the caller how long it
waits. Work that outlives its call goes on here, and is counted: a back end that
hangs fills its share and no more.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from typing import Generic, TypeVar

from cinderblock.errors import BackendUnavailable, OperationPending
from cinderblock.inflight import InFlight
from csi.threads import Threads

T = TypeVar("T")

#: Threads that wait for work: as many as are busy at once on a usual day.
_MOST_IDLE = 32


class Task(Generic[T]):
    """A piece of work on a thread of its own."""

    def __init__(self, work: Callable[[], T], *, by: str, key: str) -> None:
        self.by = by
        self.name = f"{by} {key}".rstrip()
        self._work = work
        self._started = time.monotonic()
        self._result: T | None = None
        self._done = False
        #: Set when the work is done or when nobody waits any longer.
        self._wake = threading.Event()

    def describe(self) -> str:
        """Return what is worked on, and since when."""
        return f"{self.name} for {self.age_s():.1f} s"

    def age_s(self) -> float:
        """Return for how long it is worked on."""
        return time.monotonic() - self._started

    def give_up(self) -> None:
        """Make `wait` return: the caller has gone."""
        self._wake.set()

    def wait(self, timeout_s: float | None) -> T | None:
        """Return the result, or None when the time is up or the caller has gone before the work is done."""
        self._wake.wait(timeout_s)
        return self._result if self._done else None

    def run(self) -> None:
        """Do the work; it must not raise."""
        self._result = self._work()

    def finish(self) -> None:
        """Let whoever waits have the result."""
        self._done = True
        self._wake.set()


class Workers:
    """All work that is going on, within limits; safe to use from several threads.

    Work that changes an object holds the object's key until it ends. Other work
    is bounded as a whole and for each object, so that reads of one hung volume
    leave room for the rest.
    """

    def __init__(self, *, most_changes: int = 256, most_reads: int = 256, most_reads_each: int = 32) -> None:
        self._most_changes = most_changes
        self._most_reads = most_reads
        self._most_reads_each = most_reads_each
        self._objects = InFlight()
        self._threads = Threads(most_idle=_MOST_IDLE)
        self._changed = threading.Condition()
        self._changes: set[Task[object]] = set()
        self._reads: Counter[str] = Counter()
        self._read_tasks: set[Task[object]] = set()
        #: The RPCs that ever began work here.
        self._begun_by: set[str] = set()
        self._closed = False

    @property
    def most(self) -> int:
        """How many pieces of work there can be at once."""
        return self._most_changes + self._most_reads

    def change(self, key: str, work: Callable[[], T], *, by: str) -> Task[T]:
        """Start work that changes the object of this key; nothing else may change it meanwhile.

        Raises:
            OperationPending: the object is in work.
            BackendUnavailable: too much is in work, or the process is about to stop.
        """
        task = Task(work, by=by, key=key)
        with self._changed:
            self._check_open()
            if len(self._changes) >= self._most_changes:
                raise BackendUnavailable(f"{len(self._changes)} changes are in work, which is the limit; ask again")
            if not self._objects.take(key, by=by):
                raise OperationPending(self._objects.describe(key))
            self._begun_by.add(by)
            self._changes.add(task)  # type: ignore[arg-type] # whose result it is makes no difference in here
        self._start(task, lambda: self._end_change(task, key))
        return task

    def read(self, key: str, work: Callable[[], T], *, by: str) -> Task[T]:
        """Start work that changes nothing; the key is "" where it reads no object in particular.

        Raises:
            OperationPending: too many reads of this object are in work.
            BackendUnavailable: too many reads are in work, or the process is about to stop.
        """
        task = Task(work, by=by, key=key)
        limit = self._most_reads_each if key else self._most_reads
        with self._changed:
            self._check_open()
            if len(self._read_tasks) >= self._most_reads:
                raise BackendUnavailable(f"{len(self._read_tasks)} reads are in work, which is the limit; ask again")
            if self._reads[key] >= limit:
                raise OperationPending(f"{key} does not answer: {self._reads[key]} reads of it are in work; ask again")
            self._reads[key] += 1
            self._begun_by.add(by)
            self._read_tasks.add(task)  # type: ignore[arg-type] # whose result it is makes no difference in here
        self._start(task, lambda: self._end_read(task, key))
        return task

    def in_work(self) -> list[str]:
        """Return what is in work and since when, in words."""
        with self._changed:
            return sorted(task.describe() for task in self._changes | self._read_tasks)

    def ages_s(self) -> Mapping[str, Sequence[float]]:
        """Return of each RPC that ever began work for how many seconds each piece of it has been in work."""
        with self._changed:
            ages: dict[str, list[float]] = {rpc: [] for rpc in self._begun_by}
            for task in self._changes | self._read_tasks:
                ages[task.by].append(task.age_s())
            return ages

    def close(self) -> None:
        """Accept no more work; what is in work goes on."""
        with self._changed:
            self._closed = True

    def drain(self, timeout_s: float) -> bool:
        """Wait until nothing is in work; answer False when the time is up before that.

        Reads are not waited for: a read that is cut off leaves nothing behind.
        """
        with self._changed:
            return self._changed.wait_for(lambda: not self._changes, timeout_s)

    def _check_open(self) -> None:
        if self._closed:
            raise BackendUnavailable("the driver is about to stop; ask again")

    def _start(self, task: Task[T], end: Callable[[], None]) -> None:
        context = copy_context()

        def body() -> None:
            try:
                context.run(task.run)
            finally:
                # The key is free before the caller hears of the end: its next call must not find it held.
                end()
                task.finish()

        try:
            self._threads.start(body, name=task.name[:64])
        except RuntimeError as error:
            end()
            raise BackendUnavailable("no thread can be started for this call; ask again") from error

    def _end_change(self, task: Task[T], key: str) -> None:
        with self._changed:
            self._objects.release(key)
            self._changes.discard(task)
            self._changed.notify_all()

    def _end_read(self, task: Task[T], key: str) -> None:
        with self._changed:
            self._reads[key] -= 1
            if not self._reads[key]:
                del self._reads[key]
            self._read_tasks.discard(task)
            self._changed.notify_all()
