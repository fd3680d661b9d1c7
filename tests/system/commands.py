"""Runs a command as an operator does, beside a driver."""

import json
import subprocess
import sys

from tests.ready.process import ROOT, cinderblock


class Ended(Exception):
    """The command failed; its exit code and what it said."""


def begun(command, *arguments, state_dir):
    """Start `cinderblock COMMAND …`, which will ask; return the process."""
    return subprocess.Popen(
        [sys.executable, "-m", "csi.cli", command, *map(str, arguments), "--state-dir", str(state_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(command, *arguments, state_dir, typed=""):
    """Run `cinderblock COMMAND …` on a driver's state folder; return what it printed, read where that is JSON."""
    ended = cinderblock(command, *arguments, "--state-dir", state_dir, typed=typed)
    assert "Traceback" not in ended.stderr
    if ended.returncode:
        raise Ended(f"{ended.returncode}: {ended.stderr}")
    return json.loads(ended.stdout) if "--json" in arguments else ended.stdout
