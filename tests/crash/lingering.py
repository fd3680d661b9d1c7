"""Programs that outlive their driver: they wait before their first step, and the driver is killed meanwhile."""

import os
import signal
import threading
from contextlib import contextmanager, suppress

from tests.waiting import eventually

#: Tells its process's id, waits until somebody lets it go on, and becomes the program.
_WAITING = 'echo $$ >"$0/pid"; read -r go <"$0/go"; exec "$@"'


class Lingering:
    """The port `Runner` around another one: the program that a file names lingers, and this process is killed."""

    def __init__(self, runner, folder):
        self._runner = runner
        self._folder = folder

    def run(self, *argv, **how):
        if read(self._folder / "program") == argv[0]:
            threading.Thread(target=self._die, daemon=True).start()
            argv = ("sh", "-c", _WAITING, str(self._folder), *argv)
        return self._runner.run(*argv, **how)

    def _die(self):
        eventually(lambda: read(self._folder / "pid").endswith("\n"))
        os.kill(os.getpid(), signal.SIGKILL)


class Left:
    """The test's side of it: a program that has outlived its driver."""

    def __init__(self, folder):
        self._folder = folder

    def arm(self, program):
        """Have this program linger, and its driver killed."""
        os.mkfifo(self._folder / "go")
        (self._folder / "program").write_text(program, encoding="utf-8")

    @contextmanager
    def behind(self):
        """Give a function that lets the program go on; one that has not ended with the block is killed."""
        process = os.pidfd_open(int(read(self._folder / "pid")))
        for name in ("program", "pid"):
            (self._folder / name).unlink()
        try:
            yield lambda: (self._folder / "go").write_text("on\n", encoding="utf-8")
        finally:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, signal.SIGKILL)
            os.close(process)
            (self._folder / "go").unlink()


def read(file):
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
