"""Shared file systems of this node: each is mounted with the first of its volumes, and unmounted with the last."""

import hashlib
import logging
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from oslo_concurrency import processutils

from cinderblock.brick import loop
from persistence.records import Json

log = logging.getLogger(__name__)


class Shares:
    """Shares under this node's own folder; os-brick mounts them, and never unmounts them."""

    def __init__(self, mount_base: Path) -> None:
        self.mount_base = mount_base
        self._locks: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)
        self._choosing = threading.Lock()

    def point(self, protocol: str, data: Mapping[str, Json]) -> Path:
        """Return where os-brick mounts a connection's share: a folder named by the share's MD5."""
        name = hashlib.md5(str(data["export"]).encode(), usedforsecurity=False).hexdigest()
        return self.mount_base / protocol / name

    @contextmanager
    def held(self, point: Path) -> Iterator[None]:
        """Keep others from a share that is mounted or unmounted; a server that hangs keeps nobody from other shares."""
        with self._choosing:
            lock = self._locks[point]
        with lock:
            yield

    def unmount_unused(self, point: Path) -> None:
        """Unmount a share, which the caller holds, when no loop device shows a file of it; a busy one stays mounted."""
        if not point.is_mount() or any(each.device == point.stat().st_dev for each in loop.bound()):
            return
        try:
            processutils.execute("umount", str(point))
            point.rmdir()
        except (processutils.ProcessExecutionError, OSError) as error:
            log.info("a share stays mounted", extra={"share": str(point), "reason": type(error).__name__})

    def unmount_all_unused(self) -> None:
        """Do the same for every share: which one it was is not known any more."""
        for point in self.mount_base.glob("*/*"):
            with self.held(point):
                self.unmount_unused(point)
