"""The work that the power cut interrupts: `python -m tests.guest.work`, in a guest that is to be cut off.

An application writes, its volume is copied, and another volume comes and
goes, until everything was done at least once; then the cut is asked for,
while the work goes on.
"""

import random
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from csi.driver_process import DriverProcess
from tests.guest import cluster, machine
from tests.guest.cluster import APPLICATION, COPIES, FOLDER, POD, Cluster
from tests.guest.evidence import Notes
from tests.guest.ledger import Ledger
from tests.waiting import eventually

#: How many records the application has at least when the cut is asked for.
_RECORDS = 100
_UP = ("create", "publish", "stage", "mount")
_DOWN = ("unmount", "unstage", "unpublish", "delete")
_PATIENCE_S = 300.0


class Work:
    """What several threads do, each with names of its own."""

    def __init__(self, client, notes):
        self._cluster = Cluster(client)
        self._notes = notes
        self._rounds = dict.fromkeys((POD, *COPIES), 0)
        self._records = 0
        self.over = False

    def enough(self):
        """Tell whether all kinds of work were done at least once."""
        return all(self._rounds.values()) and self._records >= _RECORDS

    def start_application(self):
        self._ask(APPLICATION, *_UP)
        return Ledger(cluster.file(APPLICATION))

    def write(self, ledger):
        while not self.over:
            self._records = ledger.append()
            self._notes.fsynced(APPLICATION, self._records)

    def come_and_go(self):
        while not self.over:
            self._ask(POD, *_UP)
            ledger = Ledger(cluster.file(POD))
            for _ in range(10):
                self._notes.fsynced(POD, ledger.append())
            ledger.close()
            self._ask(POD, *_DOWN)
            self._rounds[POD] += 1

    def copy(self, number):
        snapshot, restored, cloned = f"snapshot-{number}", f"restored-{number}", f"cloned-{number}"
        while not self.over:
            self._ask(snapshot, "snapshot")
            self._ask(restored, "create")
            self._ask(cloned, "create")
            self._ask(snapshot, "delete_snapshot")
            self._ask(restored, "delete")
            self._ask(cloned, "delete")
            self._rounds[number] += 1

    def _ask(self, name, *verbs):
        for verb in verbs:
            number = self._notes.asks(verb, name)
            self._cluster.ask(verb, name)
            self._notes.answered(number, **({"context": self._cluster.contexts[name]} if verb == "publish" else {}))


def interrupt(pool, work):
    """Have all of the work done at once, and the power cut while it goes on."""
    ledger = work.start_application()
    running = [pool.submit(work.write, ledger), pool.submit(work.come_and_go)]
    running += [pool.submit(work.copy, number) for number in COPIES]
    eventually(lambda: work.enough() or any(each.done() for each in running), timeout_s=_PATIENCE_S, poll_s=0.1)
    if not any(each.done() for each in running):
        # Each run of the tests is interrupted somewhere else.
        threading.Event().wait(random.uniform(0, 3))
        machine.POWER_CUT.touch()
    # None of them ends by itself, but by an error.
    for ended in wait(running, return_when=FIRST_COMPLETED).done:
        ended.result()


def main():
    """Work until the power is cut; any error ends it before."""
    machine.run("mkfs.xfs", "-q", machine.STATE_DISK)
    cluster.DISK.mkdir()
    machine.run("mount", machine.STATE_DISK, str(cluster.DISK))
    FOLDER.mkdir()
    process = DriverProcess(FOLDER)
    try:
        work = Work(cluster.started(process), Notes(machine.EVIDENCE))
        with ThreadPoolExecutor() as pool:
            try:
                interrupt(pool, work)
            finally:
                work.over = True
    finally:
        process.end()
        print(process.log_tail(20_000))


if __name__ == "__main__":
    main()
