"""The process that others are forked from: it has imported everything, and has neither threads nor anything open.

`python -m tests.ready.server SOCKET PARENT` takes one request a message on the socket whose descriptor it is given:
{"run": "MODULE:FUNCTION", "arguments": […], "folder"} with four descriptors, for standard input, output and error and
for the exit status. It answers with the new process's id and its descriptor, and writes the status when it has ended.
What the function returns is what `sys.exit` is given. The server ends when nobody can ask any more, and takes with it
what it has forked.
"""

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
from functools import partial

# Sets up gRPC's environment before gRPC is imported.
from csi.server import end_now  # isort: skip

from cinderblock.cinder.guard import untouched

# Imported before the fork, because that takes most of a start's time; none of it starts a thread.
# ruff: noqa: F401 -- for the same reason
with untouched():
    import cinderblock.cinder.setup  # isort: skip # whose imports have an order of their own
    import alembic.command
    import alembic.config
    import sqlalchemy.dialects.sqlite
    import tooz.drivers.file

    import cinderblock.brick.connectors
    import cinderblock.brick.host
    import cinderblock.cinder.adapter
    import cinderblock.cinder.local_files
    import cinderblock.cinder.starting
    import cinderblock.compat.cinderlib
    import csi.cli
    import csi.commands.check
    import csi.commands.snapshot
    import csi.commands.store
    import csi.commands.volume
    import csi.composition
    import csi.controller.__main__
    import csi.controller.readings
    import csi.node.__main__
    import csi.node.readings
    import persistence.opening
    import persistence.sql

#: A message is a command line, which is no longer than this.
_LONGEST = 64 * 1024


class Server:
    """Forks, and tells how what it has forked ended."""

    def __init__(self, control, parent_pid):
        self._control = control
        self._parent = os.pidfd_open(parent_pid)
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, self._fork)
        self._selector.register(self._parent, selectors.EVENT_READ, self.end)
        #: By the descriptors of the processes.
        self._living: dict[int, tuple[int, int]] = {}

    def until_forked(self):
        """Return in each new process what it is to run; never in this one."""
        while True:
            for key, _ in self._selector.select():
                command = key.data()
                if command is not None:
                    return command

    def _fork(self):
        message, given, _, _ = socket.recv_fds(self._control, _LONGEST, 4)
        if not message:
            self.end()
        pid = os.fork()
        if pid == 0:
            return self._become(json.loads(message), given)
        *standard, status = given
        for descriptor in standard:
            os.close(descriptor)
        process = os.pidfd_open(pid)
        self._living[process] = (pid, status)
        self._selector.register(process, selectors.EVENT_READ, partial(self._ended, process))
        socket.send_fds(self._control, [str(pid).encode()], [process])
        return None

    def _become(self, command, given):
        """Be as a process that has just been started."""
        for process, (_, status) in self._living.items():
            os.close(process)
            os.close(status)
        self._selector.close()
        self._control.close()
        os.close(self._parent)
        for number, descriptor in enumerate(given[:3]):
            os.dup2(descriptor, number)
        for descriptor in given:
            os.close(descriptor)
        os.chdir(command["folder"])
        return command

    def _ended(self, process):
        pid, status = self._living.pop(process)
        self._selector.unregister(process)
        _, how = os.waitpid(pid, 0)
        os.close(process)
        # Whoever asked may not want to know any more.
        with contextlib.suppress(BrokenPipeError):
            os.write(status, str(os.waitstatus_to_exitcode(how)).encode())
        os.close(status)

    def end(self):
        """End, and what was forked with it."""
        for process in self._living:
            signal.pidfd_send_signal(process, signal.SIGKILL)
        os._exit(0)


def command(*arguments):
    """Be `cinderblock …`."""
    sys.argv = ["cinderblock", *arguments]
    return csi.cli.main()


def main():
    """Serve; in a new process, run what it is told to."""
    control, parent_pid = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    gc.collect()
    gc.freeze()
    server = Server(control, parent_pid)
    try:
        wanted = server.until_forked()
    except KeyboardInterrupt:
        server.end()
    module, _, name = wanted["run"].partition(":")
    sys.exit(getattr(importlib.import_module(module), name)(*wanted["arguments"]))


if __name__ == "__main__":
    main()
