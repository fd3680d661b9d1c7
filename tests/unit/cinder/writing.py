"""Somebody who writes to a file all the time."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Count up at the start of a file, and then at its end, a thousand times a second until the block ends."""
    stop, started = threading.Event(), threading.Event()
    end = path.stat().st_size - 8

    def count() -> None:
        descriptor = os.open(path, os.O_RDWR)
        try:
            number = 0
            while not stop.wait(0.001):
                number += 1
                for place in (0, end):
                    os.pwrite(descriptor, number.to_bytes(8, "big"), place)
                started.set()
        finally:
            os.close(descriptor)

    writer = threading.Thread(target=count)
    writer.start()
    try:
        assert started.wait(30)
        yield
    finally:
        stop.set()
        writer.join()
