"""The folder for what must survive: the key, locks, a store."""

import stat
from pathlib import Path

from cinderblock.errors import ConfigurationError


def make_private(folder: Path) -> None:
    """Make the folder, mode 0700, where it is missing.

    Raises:
        ConfigurationError: it cannot be made, or others may write to it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError as error:
        raise ConfigurationError(f"the state folder {folder} cannot be used: {error.strerror}") from error
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigurationError(
            f"others may write to the state folder {folder} (mode {mode:04o}); run chmod go-w on it, or use another one"
        )
