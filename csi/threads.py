"""Threads that are kept for a while when their work is done, because the next call comes soon."""

import queue
import threading
from collections.abc import Callable
from typing import TypeAlias

#: What to do, and the thread's name meanwhile.
_Work: TypeAlias = tuple[Callable[[], None], str]


class Threads:
    """Runs each piece of work at once, on an idle thread or a new one; safe to use from several threads.

    They are daemons, because work that hangs for ever must not keep the process.

    Args:
        most_idle: how many are kept for the work to come.
    """

    def __init__(self, *, most_idle: int) -> None:
        self._most_idle = most_idle
        self._lock = threading.Lock()
        #: The way to each idle thread; the one that was idle last comes first, so few are used where few are needed.
        self._idle: list[queue.SimpleQueue[_Work]] = []

    def start(self, work: Callable[[], None], *, name: str) -> None:
        """Begin the work, which must not raise, on a thread that has this name meanwhile.

        Raises:
            RuntimeError: no thread can be started.
        """
        with self._lock:
            way = self._idle.pop() if self._idle else None
        if way is None:
            way = queue.SimpleQueue()
            threading.Thread(target=self._live, args=(way,), name=name, daemon=True).start()
        way.put((work, name))

    def _live(self, way: "queue.SimpleQueue[_Work]") -> None:
        idle = True
        while idle:
            work, threading.current_thread().name = way.get()
            work()
            # Neither what the work held nor its name must live on with an idle thread.
            del work
            threading.current_thread().name = "idle"
            with self._lock:
                idle = len(self._idle) < self._most_idle
                if idle:
                    self._idle.append(way)
