"""`cinderblock …` as a page has it: `python -m tests.deploy.as_written STATE_DIR …`.

Without --state-dir it has that folder, not the machine's own; and what serves is ended once it serves.
"""

import signal
import subprocess
import sys
from pathlib import Path

from tests.waiting import eventually

_ENDPOINT = "unix://"
_WITH_STATE = ("serve", "volume", "snapshot", "store")
_LONG_S = 120.0


def main(state_dir: str, arguments: list[str]) -> int:
    """Run it; return its exit code."""
    if arguments[0] in _WITH_STATE and not {"--state-dir", "copy"} & {*arguments}:
        arguments = [*arguments, "--state-dir", state_dir]
    command = [sys.executable, "-m", "csi.cli", *arguments]
    if arguments[0] != "serve":
        return subprocess.run(command, check=False).returncode
    endpoint = next(Path(one.removeprefix(_ENDPOINT)) for one in arguments if one.startswith(_ENDPOINT))
    endpoint.parent.mkdir(exist_ok=True)
    with subprocess.Popen(command) as process:
        try:
            eventually(lambda: endpoint.is_socket() or process.poll() is not None, timeout_s=_LONG_S)
        finally:
            process.send_signal(signal.SIGTERM)
        return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
