"""Threads are kept for the next work, are daemons, and never make work wait."""

import threading
import weakref

import pytest

from csi.threads import Threads


class Seen:
    """Runs work on threads and tells on which."""

    def __init__(self, most_idle):
        self.threads = Threads(most_idle=most_idle)

    def begin(self, name="work", until=None):
        """Start work that lasts until an event; return what it can tell: its thread and the thread's name."""
        told = []
        done = threading.Event()

        def work():
            if until is not None:
                until.wait(20)
            told.append((threading.current_thread(), threading.current_thread().name))
            done.set()

        self.threads.start(work, name=name)
        return told, done

    def run(self, name="work"):
        told, done = self.begin(name)
        assert done.wait(20)
        return told[0]


def eventually(condition):
    ends = threading.Event()
    for _ in range(2000):
        if condition():
            return
        ends.wait(0.005)
    pytest.fail("it did not happen in 10 s")


def test_the_next_work_runs_on_the_thread_that_is_idle():
    seen = Seen(most_idle=1)
    first, name = seen.run("one")
    assert name == "one"
    assert first.daemon
    eventually(lambda: first.name == "idle")
    eventually(lambda: seen.run("two") == (first, "two"))


def test_work_never_waits_for_a_thread():
    seen = Seen(most_idle=1)
    together = threading.Barrier(5)

    def meet():
        together.wait(20)

    for _ in range(4):
        seen.threads.start(meet, name="work")
    together.wait(20)


def test_no_more_threads_than_wanted_are_kept():
    seen = Seen(most_idle=2)
    end = threading.Event()
    begun = [seen.begin(until=end) for _ in range(6)]
    end.set()
    assert all(done.wait(20) for _, done in begun)
    threads = {told[0][0] for told, _ in begun}
    eventually(lambda: sum(thread.is_alive() for thread in threads) == 2)


def test_an_idle_thread_keeps_nothing_of_its_work():
    class Held:
        def __call__(self):
            """Do nothing."""

    seen = Seen(most_idle=1)
    held = Held()
    gone = weakref.ref(held)
    seen.threads.start(held, name="work")
    del held
    eventually(lambda: gone() is None)
