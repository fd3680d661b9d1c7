"""SIGTERM and SIGINT: the first is a wish to stop, the second ends the process at once."""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Self

#: How long a process that is still being built may take to unwind.
_UNWINDING_S = 5.0


class Signals:
    """Waits for the wish to stop; entered and left by the main thread.

    Python runs a handler when the main thread comes by, which a main thread
    that waits for a lock may not do. So a thread of its own reads the signals
    from a pipe that the interpreter writes to at once, and can end the process
    whatever the main thread is doing.
    """

    def __init__(self) -> None:
        self._wish = threading.Event()
        #: Whether there is something to stop in order. Before that, a signal unwinds what is being built.
        self._serving = False
        self._before: dict[int, object] = {}
        self._ends = (-1, -1)
        self._wakeup_before = -1
        self._alarm_before: Callable[[int, FrameType | None], object] | int | None = signal.SIG_DFL

    def __enter__(self) -> Self:
        self._ends = os.pipe()
        reader, writer = self._ends
        os.set_blocking(writer, False)
        threading.Thread(target=self._watch, args=(reader,), name="signals", daemon=True).start()
        self._wakeup_before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._received)
        # Ends a process whose lease has run out; whoever started this one may have had it ignored, or held back.
        self._alarm_before = signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type] # what signal.signal itself returned
        signal.signal(signal.SIGALRM, self._alarm_before)
        signal.set_wakeup_fd(self._wakeup_before)
        # The thread sees the end of the pipe, closes its side and ends.
        os.close(self._ends[1])

    def serve(self) -> None:
        """From now on a signal only makes `wait` return."""
        self._serving = True

    def wait(self) -> None:
        """Return when the process is wanted to stop."""
        self._wish.wait()

    def _received(self, _number: int, _frame: FrameType | None) -> None:
        if not self._serving:
            raise SystemExit(0)

    def _watch(self, reader: int) -> None:
        while numbers := os.read(reader, 64):
            for number in numbers:
                if number not in self._before:
                    continue
                if self._wish.is_set():
                    os._exit(128 + number)
                self._wish.set()
                if not self._serving:
                    self._limit_unwinding()
        os.close(reader)

    def _limit_unwinding(self) -> None:
        timer = threading.Timer(_UNWINDING_S, self._end_unless_serving)
        timer.daemon = True
        timer.start()

    def _end_unless_serving(self) -> None:
        # It may have got as far as serving in the same moment: then it stops in order.
        if not self._serving:
            os._exit(0)
