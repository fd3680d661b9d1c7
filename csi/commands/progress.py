"""A word on standard error about work that takes its time, so that nobody takes it for hanging."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: How often it is said that the work goes on.
_EVERY_S = 5.0


@contextmanager
def progress(what: str, *, every_s: float = _EVERY_S) -> Iterator[None]:
    """Say every few seconds that `what` goes on, while the block runs."""
    done, since_s = threading.Event(), time.monotonic()

    def tell() -> None:
        while not done.wait(every_s):
            print(f"{what} goes on, {time.monotonic() - since_s:.0f} s so far", file=sys.stderr, flush=True)

    teller = threading.Thread(target=tell, name="progress", daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
