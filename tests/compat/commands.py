"""Runs commands, each in a process of its own, forked from one that has imported everything: as new, only sooner.

One command a line on standard input, as JSON: {"script", "names", "output"}; on standard output the exit status. What
the command says goes to the file `output`.
"""

import json
import os
import sys
import traceback

from cinderblock.cinder import setup
from cinderblock.compat import cinderlib
from persistence import sql

#: Imported for what comes after.
READY = (cinderlib, setup, sql)


def run(script, names, output):
    """Be the command; end the process."""
    said = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    status = 1
    try:
        exec(script, {"cinderlib": cinderlib, "json": json, **names})  # noqa: S102 - what a command is
        # At the end of a process that was not forked this happens by itself.
        cinderlib.close()
        status = 0
    except BaseException:  # noqa: BLE001 - whatever it is, the one who asked is told
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def main():
    """Run commands until the input ends."""
    for line in sys.stdin:
        command = json.loads(line)
        child = os.fork()
        if child == 0:
            run(**command)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
