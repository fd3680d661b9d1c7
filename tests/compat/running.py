"""Cinderlib's own functional tests, fetched and run in a process of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: What must come of them.
PASSED = {"run": 17, "passed": 17, "skipped": 0, "failed": []}


def suite(configuration, folder, *, in_memory, timeout_s):
    """Return what came of the tests, and what they said.

    `configuration` is a cinder.conf or a YAML file, `folder` gets the state.
    """
    fetched = subprocess.run([ROOT / "tests/lab/cinderlib-suite.sh"], capture_output=True, text=True, check=True)
    said = folder / "said"
    with said.open("w") as says:
        ran = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "tests.compat.suite", fetched.stdout.strip()],
            cwd=ROOT,
            env={
                **os.environ,
                "XDG_STATE_HOME": str(folder),
                "CL_FTEST_CFG": str(configuration),
                # Root needs no sudo; this one changes nothing.
                "CL_FTEST_ROOT_HELPER": "env",
                "CL_FTEST_MEMORY_PERSISTENCE": "true" if in_memory else "false",
            },
            stdout=subprocess.PIPE,
            stderr=says,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    assert ran.returncode == 0, said.read_text()
    return json.loads(ran.stdout.splitlines()[-1]), said.read_text()
