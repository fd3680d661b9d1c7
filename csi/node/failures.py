"""What went wrong lately: a volume that could not be staged has no journal, but its health may be asked for."""

import threading
from collections import OrderedDict

from cinderblock.concealment import masked
from cinderblock.errors import CinderblockError

_REMEMBERED = 256


class Failures:
    """The last failure of each volume whose stage failed; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: OrderedDict[str, str] = OrderedDict()

    def note(self, volume_id: str, error: Exception) -> None:
        """Remember a failure; the text of what nobody classified is not shown."""
        message = masked(str(error)) if isinstance(error, CinderblockError) else "the stage failed, see the node's log"
        with self._lock:
            self._last[volume_id] = message
            self._last.move_to_end(volume_id)
            while len(self._last) > _REMEMBERED:
                self._last.popitem(last=False)

    def clear(self, volume_id: str) -> None:
        """Forget a failure; none is success."""
        with self._lock:
            self._last.pop(volume_id, None)

    def of(self, volume_id: str) -> str:
        """Return the last failure, or ""."""
        with self._lock:
            return self._last.get(volume_id, "")
