"""Waiting for what comes about by itself, with a deadline and without a sleep of a fixed length."""

import time

DEADLINE_S = 10.0
_POLL_S = 0.01


def eventually(condition, *, timeout_s=DEADLINE_S, poll_s=_POLL_S):
    """Return what the condition answers as soon as that is true; an assertion that fails in it counts as not yet."""
    ends_at = time.monotonic() + timeout_s
    while True:
        try:
            answer = condition()
            if answer:
                return answer
            failure = None
        except AssertionError as error:
            failure = error
        if time.monotonic() > ends_at:
            raise failure or AssertionError(f"{condition} was not true within {timeout_s:g} s")
        time.sleep(poll_s)
