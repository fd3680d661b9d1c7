"""A driver over a shared folder, which it mounts for itself and leaves mounted, as Cinder's do."""

import subprocess
from pathlib import Path

from oslo_config import cfg

from cinderblock.cinder.local_files import LocalFilesDriver

_OPTIONS = [cfg.StrOpt("share_path"), cfg.BoolOpt("share_busy", default=False)]


class MountingDriver(LocalFilesDriver):
    """Mounts `share_path` in Cinder's state folder; with `share_busy` it keeps a file open there."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(_OPTIONS)

    def do_setup(self, context):
        super().do_setup(context)
        point = Path(cfg.CONF.state_path) / "mnt"
        point.mkdir()
        subprocess.run(["mount", "--bind", self.configuration.share_path, point], check=True)
        self.opened = next(point.iterdir()).open() if self.configuration.share_busy else None
