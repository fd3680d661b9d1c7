"""What could not be done when it was due, and what nobody will ask for again."""

import logging
import threading
from collections.abc import Callable

from cinderblock.errors import CinderblockError
from persistence.errors import PersistenceError

log = logging.getLogger(__name__)

Step = Callable[[], None]


class Leftovers:
    """Steps to try again later, in this process; safe to use from several threads.

    Each has a lane: a back end's name, or "" for what needs the store alone.
    What hangs in one lane keeps nothing in another.
    Only for what the records tell as well: a process that dies forgets them,
    and the recovery of the next one finds them there.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: dict[tuple[str, str], Step] = {}

    def attempt(self, what: str, step: Step, *, lane: str = "") -> None:
        """Try a step; one that fails is kept.

        Args:
            what: names the step; a later one of this name replaces it.
            step: may be repeated, and does nothing when its object has changed for good.
            lane: the back end that it needs.
        """
        self._attempt(lane, what, step, level=logging.WARNING)

    def retry(self, lane: str) -> None:
        """Try all steps of a lane again."""
        with self._lock:
            due = [(what, self._steps.pop((of, what))) for of, what in list(self._steps) if of == lane]
        for what, step in due:
            self._attempt(lane, what, step, level=logging.DEBUG)

    def __len__(self) -> int:
        with self._lock:
            return len(self._steps)

    def _attempt(self, lane: str, what: str, step: Step, *, level: int) -> None:
        try:
            step()
        except (CinderblockError, PersistenceError, NotImplementedError) as error:
            log.log(level, "left for later", extra={"what": what, "reason": str(error)})
            with self._lock:
                self._steps[lane, what] = step
