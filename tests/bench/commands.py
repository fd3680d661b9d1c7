"""What a program costs that begins, does one thing and ends, as those do that have one process for each command."""

import os
import subprocess
import sys
from pathlib import Path
from statistics import median

from tests.bench.figures import Figure
from tests.bench.timing import seconds

ROOT = Path(__file__).resolve().parents[2]
_COMMAND = """
import sys
from cinderblock.compat import cinderlib
folder = sys.argv[1]
database = {"storage": "db", "connection": f"sqlite:///{folder}/volumes.db"}
cinderlib.setup(file_locks_path=f"{folder}/locks", persistence_config=database)
driver = "cinderblock.cinder.local_files.LocalFilesDriver"
cinderlib.Backend("files", volume_driver=driver, local_files_path=f"{folder}/files").create_volume(1)
"""


def whole(folder: Path, *, rounds: int = 5) -> Figure:
    """Time a command of cinderlib's kind from its exec to its end."""
    command = [sys.executable, "-W", "ignore", "-c", _COMMAND, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def run() -> None:
        subprocess.run(command, env=environment, check=True)

    # Once before, so that the database is there, and what is imported is in memory.
    run()
    return Figure(
        what="a command of cinderlib's kind, from its start to its end",
        value=median(seconds(run) for _ in range(rounds)),
        unit="s",
        aim=3,
        how=f"opens a store and one back end, creates a volume; median of {rounds}",
    )
