"""What could not be done when it was due, and what nobody will ask for again."""

import logging
import threading
from collections.abc import Callable

from cinderblock.errors import CinderblockError
from persistence.errors import PersistenceError

log = logging.getLogger(__name__)


class Leftovers:
    """Steps to try again later, in this process; safe to use from several threads.

    Only for what the records tell as well: a process that dies forgets them,
    and the recovery of the next one finds them there.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: dict[str, Callable[[], None]] = {}

    def attempt(self, what: str, step: Callable[[], None]) -> bool:
        """Try a step; one that fails is kept. Tell whether it succeeded.

        Args:
            what: names the step; a later one of this name replaces it.
            step: may be repeated, and does nothing when its object has changed for good.
        """
        try:
            step()
        except (CinderblockError, PersistenceError, NotImplementedError) as error:
            log.warning("left for later", extra={"what": what, "reason": str(error)})
            with self._lock:
                self._steps[what] = step
            return False
        return True

    def retry(self) -> None:
        """Try all of them again."""
        with self._lock:
            steps, self._steps = self._steps, {}
        for what, step in steps.items():
            self.attempt(what, step)

    def __len__(self) -> int:
        with self._lock:
            return len(self._steps)
