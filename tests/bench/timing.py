"""Repeating, alternating, and taking the middle."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from statistics import median


def seconds(action: Callable[[], object]) -> float:
    """Return how long one call takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def alternating(actions: Mapping[str, Callable[[], object]], *, rounds: int, warm_up: int = 0) -> dict[str, float]:
    """Call each action in turn, again and again; return each one's median in seconds.

    Whatever else the machine does meanwhile falls on all of them alike. Every
    other round runs backwards, so that nobody always comes after the same one.
    """
    times: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(-warm_up, rounds):
        names = list(actions) if number % 2 == 0 else list(actions)[::-1]
        for name in names:
            took_s = seconds(actions[name])
            if number >= 0:
                times[name].append(took_s)
    return {name: median(taken) for name, taken in times.items()}


def side_by_side(actions: Sequence[Callable[[int], object]], *, calls: int) -> float:
    """Run the actions on a thread each, together `calls` times, each call with a number of its own.

    Returns:
        Calls per second, over all threads.
    """
    numbers = count()

    def repeat(action: Callable[[int], object]) -> None:
        while (number := next(numbers)) < calls:
            action(number)

    with ThreadPoolExecutor(len(actions)) as pool:
        started = time.perf_counter()
        for done in [pool.submit(repeat, action) for action in actions]:
            done.result()
        return calls / (time.perf_counter() - started)
