"""Secrets that this process knows, so that no text that leaves it shows one.

A driver's failed command may hold a password in its text, where no pattern
finds it. So whoever learns a secret (from a request, a record, a
configuration) conceals it, and whoever writes text out masks it.
"""

import json
import re
import shlex
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote, quote_plus

from persistence.records import Json

#: What stands in place of a secret.
MASK = "***"

#: Shorter values are words, and masking them would make nonsense of every text.
_SHORTEST = 4
#: A line of a secret with several lines (a key file) is a secret from this length on.
_SHORTEST_LINE = 12
#: Passing secrets (CHAP passwords of volumes) that are remembered; the longest unused go first.
_MOST_PASSING = 4096
#: Longer values are certificates and files; the first part of them gives them away in a text.
_LONGEST = 64 * 1024

_SECRET_NAME = re.compile(r"pass(word|wd|phrase)?$|secret|token|keyring|credential|private_key|api_?key", re.IGNORECASE)


class Secrets:
    """Known secret values, in every spelling that a text may have them in; safe to use from several threads."""

    def __init__(self, *, most_passing: int = _MOST_PASSING) -> None:
        self._most_passing = most_passing
        self._lock = threading.Lock()
        self._lasting: dict[str, None] = {}
        self._passing: OrderedDict[str, None] = OrderedDict()
        #: What `masked` reads without the lock: replaced as a whole, longest first.
        self._known: tuple[str, ...] | None = ()

    def conceal(self, value: str, *, lasting: bool = False) -> None:
        """Remember a secret; values of fewer than 4 characters are not secrets.

        Args:
            value: the secret in clear.
            lasting: it came from the configuration and is never forgotten.
        """
        spellings = _spellings(value)
        with self._lock:
            for spelling in spellings:
                self._remember(spelling, lasting=lasting)

    def _remember(self, spelling: str, *, lasting: bool) -> None:
        if spelling in self._lasting:
            return
        if lasting:
            self._lasting[spelling] = None
            self._passing.pop(spelling, None)
            self._known = None
            return
        if spelling not in self._passing:
            self._known = None
        self._passing[spelling] = None
        self._passing.move_to_end(spelling)
        while len(self._passing) > self._most_passing:
            self._passing.popitem(last=False)

    def masked(self, text: str) -> str:
        """Return the text with every known secret replaced by `MASK`."""
        known = self._known
        if known is None:
            with self._lock:
                # A secret may contain another one, so the longest is replaced first.
                known = tuple(sorted((*self._lasting, *self._passing), key=len, reverse=True))
                self._known = known
        for spelling in known:
            if spelling in text:
                text = text.replace(spelling, MASK)
        return text


def _spellings(value: str) -> set[str]:
    """Return the value and what repr, JSON, a shell, a URL and a line-wise text make of it."""
    stripped = value.strip()[:_LONGEST]
    if len(stripped) < _SHORTEST or stripped == MASK:
        return set()
    spellings = {
        stripped,
        repr(stripped)[1:-1],
        json.dumps(stripped)[1:-1],
        shlex.quote(stripped),
        quote(stripped, safe="", errors="replace"),
        quote_plus(stripped, errors="replace"),
    }
    lines = stripped.splitlines()
    if len(lines) > 1:
        spellings.update(line.strip() for line in lines if len(line.strip()) >= _SHORTEST_LINE)
    return spellings


_secrets = Secrets()


def conceal(value: str, *, lasting: bool = False) -> None:
    """Mask this value from now on in all that the process writes out; see `Secrets.conceal`."""
    _secrets.conceal(value, lasting=lasting)


def masked(text: str) -> str:
    """Return the text with every secret that the process knows replaced by `MASK`."""
    return _secrets.masked(text)


def conceal_named(value: Json, *, lasting: bool = False) -> None:
    """Conceal what stands under a secret's name ("auth_password", "secret", …), at any depth.

    Fits a driver's connection_info and the options of a back end.
    """
    for secret in _named(value):
        _secrets.conceal(secret, lasting=lasting)


def is_secret(name: str) -> bool:
    """Tell whether what has this name is a secret: "auth_password", "san_password", "keyring", …."""
    return _SECRET_NAME.search(name) is not None


def _named(value: Json, *, secret: bool = False) -> Iterator[str]:
    if isinstance(value, str):
        if secret:
            yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _named(inner, secret=secret or is_secret(name))
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _named(inner, secret=secret)
