"""Programs that fail when they are told to; everything else is really run."""

import os
import signal
from collections.abc import Collection

from csi.node.commands import CommandFailed, Commands, Ended


class FailingRunner:
    """The port `Runner` around the real one; `failing` maps a program to how many of its runs fail."""

    def __init__(self) -> None:
        self._real = Commands()
        self.failing: dict[str, int] = {}
        #: The program after whose first run this process is killed.
        self.killing = ""
        self.ran: list[str] = []

    def run(self, *argv: str, timeout_s: float = 60.0, accept: Collection[int] = (0,)) -> Ended:
        self.ran.append(argv[0])
        if self.failing.get(argv[0], 0) > 0:
            self.failing[argv[0]] -= 1
            raise CommandFailed(f"{argv[0]!r} ended with 1: told to", code=1, said="told to")
        ended = self._real.run(*argv, timeout_s=timeout_s, accept=accept)
        if argv[0] == self.killing:
            os.kill(os.getpid(), signal.SIGKILL)
        return ended
