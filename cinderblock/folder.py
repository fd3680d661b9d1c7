"""The folder for what must survive: the key, locks, a store."""

import os
import stat
from pathlib import Path

from cinderblock.errors import ConfigurationError


def make_private(folder: Path) -> None:
    """Make the folder, mode 0700, where it is missing.

    Raises:
        ConfigurationError: it cannot be made, or is somebody else's, or others may write to it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise ConfigurationError(f"the state folder {folder} cannot be used: {error.strerror}") from error
    if found.st_uid not in (0, os.geteuid()):
        # Made beforehand by somebody who may write to the folder above it, such as /tmp.
        raise ConfigurationError(f"the state folder {folder} belongs to user {found.st_uid}; use another one")
    mode = stat.S_IMODE(found.st_mode)
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigurationError(
            f"others may write to the state folder {folder} (mode {mode:04o}); run chmod go-w on it, or use another one"
        )
