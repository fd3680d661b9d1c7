"""What an import does to the process is undone, also when two overlap."""

import logging
import os
import threading

from cinderblock.cinder.guard import untouched


def test_of_two_that_overlap_the_last_one_puts_things_back():
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    entered, leave = threading.Event(), threading.Event()

    def first():
        with untouched():
            os.environ["CINDERBLOCK_GUARD"] = "set"
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    assert entered.wait(10)
    with untouched():
        root.addHandler(logging.NullHandler())
        leave.set()
        thread.join(10)
        assert os.environ["CINDERBLOCK_GUARD"] == "set"
    assert "CINDERBLOCK_GUARD" not in os.environ
    assert root.handlers == before
