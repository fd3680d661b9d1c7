"""Whether a block device is in use: what is removed from under a mount takes the mount's data with it.

The kernel gives an exclusive open to one holder at a time: a mounted file
system (in any mount namespace), device-mapper, a swap area. A device that is
merely open cannot be told from one that is not.
"""

import errno
import os
from pathlib import Path

from cinderblock.errors import InUse

_SYS_BLOCK = Path("/sys/block")


def is_free(path: str) -> bool:
    """Say whether nothing claims the device; one that is gone is free. A multipath map counts, not what claims it."""
    try:
        descriptor = os.open(_topmost(path), os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        return error.errno != errno.EBUSY
    os.close(descriptor)
    return True


def require_free(path: str) -> None:
    """Refuse to go on when something claims the device.

    Raises:
        InUse: it is mounted, swapped to, or below a device-mapper device that is no multipath map.
    """
    if not is_free(path):
        raise InUse(f"{path} is mounted or claimed by another device; end that first, it was left connected")


def _topmost(path: str) -> str:
    """Return the multipath map over a path, or the path itself: multipathd claims what it maps."""
    holders = _SYS_BLOCK / Path(path).resolve().name / "holders"
    try:
        for holder in holders.iterdir():
            if (holder / "dm" / "uuid").read_text(encoding="ascii").startswith("mpath-"):
                return f"/dev/{holder.name}"
    except OSError:
        pass
    return path
