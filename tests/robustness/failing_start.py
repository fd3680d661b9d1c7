"""`cinderblock serve` where it cannot serve: what it says, and how it ends."""

import json
import subprocess
import sys

from tests.ready.process import cinderblock


def in_a_new_process(*arguments):
    """Run `cinderblock …` as a user does."""
    command = [sys.executable, "-m", "csi.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def serve(folder, *arguments, mode="all", run=cinderblock):
    """Run the command until it ends by itself; return its exit code, and what it said beside its log."""
    command = ["serve", mode, "--endpoint", f"unix://{folder}/csi.sock"]
    if "--state-dir" not in arguments:
        command += ["--state-dir", str(folder / "state")]
    ended = run(*command, *arguments)
    said = ended.stderr
    logged = [line for line in said.splitlines() if line.startswith("{")]
    plain = [line for line in said.splitlines() if not line.startswith("{")]
    assert not any("traceback" in json.loads(line) for line in logged), said
    return ended.returncode, "\n".join(plain)


def refused(folder, *arguments, mode="all", run=cinderblock):
    """Run the command, which must refuse in one line; return the line."""
    code, said = serve(folder, *arguments, mode=mode, run=run)
    assert (code, len(said.splitlines())) == (1, 1), (code, said)
    assert said.startswith("cinderblock: ")
    assert "Error" not in said, said
    return said
