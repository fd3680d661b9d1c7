"""What many callers were told about one object, and whether some order of their calls explains it."""

import math
import threading
import time
from dataclasses import dataclass, replace

from tests.crowds.calls import Code, code_of

#: Answers after which the call's work goes on.
_GOES_ON = (Code.DEADLINE_EXCEEDED, Code.CANCELLED)
#: Answers of calls that may have had their effect. ABORTED is none of them: what was refused was not done.
_MAY_HAVE = (Code.OK, Code.UNAVAILABLE, *_GOES_ON)


class Run:
    """One run of a process that is called: `ended_at` is when it was known to be over, on the clock of the calls."""

    ended_at = math.inf


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call and its answer; `begun` and `ended` are seconds on one clock.

    `makes` and `removes` say what it may have done, `proves` whether the object
    was there at some moment of it (None when it does not tell). `run` is what was called, where that may end in the
    middle of a call: then somebody else may finish what was begun.
    """

    code: Code
    begun: float
    ended: float
    makes: bool = False
    removes: bool = False
    proves: bool | None = None
    run: Run | None = None


class History:
    """All calls about one object; safe to use from several threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self._calls = []

    def make(self, call, run=None):
        """Make a call that brings the object about; return its code."""
        return self._noted(call, run, makes=True)

    def remove(self, call, run=None):
        """Make a call that takes the object away; return its code."""
        return self._noted(call, run, removes=True)

    def look(self, call):
        """Make a call that answers whether the object is there, None for "not told"."""
        begun = time.monotonic()
        proves = call()
        self.add(Call(code=Code.OK, begun=begun, ended=time.monotonic(), proves=proves))

    def contradictions(self):
        """Return pairs of answers of which the later one says the contrary, and nothing that was done explains it."""
        calls = sorted((self._settled(each) for each in self._calls), key=lambda each: each.begun)
        telling = [each for each in calls if each.proves is not None]
        return [
            (before, after)
            for index, after in enumerate(telling)
            for before in _last_before(telling[:index], after)
            if before.proves is not after.proves and not _explained(calls, before, after)
        ]

    def _settled(self, call):
        """Return the call with its end: what died goes on until somebody else has worked on the object."""
        if call.run is None or call.ended < math.inf:
            return call
        others = [each for each in self._calls if each.code is Code.OK and (each.makes or each.removes)]
        ends = [each.ended for each in others if each.begun > call.run.ended_at]
        return replace(call, ended=min(ends, default=math.inf))

    def _noted(self, call, run, *, makes=False, removes=False):
        begun = time.monotonic()
        code = code_of(call)
        goes_on = code in _GOES_ON or (run is not None and code is Code.UNAVAILABLE)
        self.add(
            Call(
                code=code,
                begun=begun,
                ended=math.inf if goes_on else time.monotonic(),
                makes=makes and code in _MAY_HAVE,
                removes=removes and code in _MAY_HAVE,
                proves=makes if code is Code.OK else None,
                run=run,
            )
        )
        return code

    def add(self, call):
        """Note a call."""
        with self._lock:
            self._calls.append(call)


def _last_before(telling, after):
    """Return the answer that came last before this call began, if there is one."""
    earlier = [each for each in telling if each.ended < after.begun]
    return [max(earlier, key=lambda each: each.ended)] if earlier else []


def _explained(calls, before, after):
    """Tell whether the object may have been made, or removed, between the moments that two answers are about."""
    return any(
        each is not before and each.ended > before.begun and each.begun < after.ended
        for each in calls
        if (each.removes if before.proves else each.makes)
    )
