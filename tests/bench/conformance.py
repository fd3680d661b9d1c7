"""How long csi-sanity takes."""

import os
import subprocess
from pathlib import Path

from tests.bench import drivers
from tests.bench.figures import Figure
from tests.bench.timing import seconds


def block(folder: Path, csi_sanity: str) -> Figure:
    """Run csi-sanity on raw block volumes, once."""
    place = folder / "sanity"
    with drivers.serving(place, drivers.files_at(folder / "volumes")) as process:
        process.start().close()
        command = [
            csi_sanity,
            f"--csi.endpoint={process.endpoint}",
            f"--csi.mountdir={place}/target",
            f"--csi.stagingdir={place}/staging",
            "--csi.testvolumeaccesstype=block",
        ]
        environment = {**os.environ, "HOME": str(place)}
        took_s = seconds(lambda: subprocess.run(command, check=True, capture_output=True, env=environment))
    return Figure(what="csi-sanity on raw block volumes", value=took_s, unit="s", aim=20, how="once")
