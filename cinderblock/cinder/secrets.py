"""Secrets that passed through the drivers, masked by value wherever they turn up again.

Cinder masks by name ("password="), which misses a CHAP secret on a command
line; here everything that is known to be a secret is masked by what it is.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

from persistence.records import Json

#: Fields of connection_info that are secrets, as os-brick's connectors name them.
_SECRET_FIELDS = frozenset(
    {"auth_password", "discovery_auth_password", "password", "serverPassword", "token", "keyring", "passphrase"}
)
#: The least length of a secret: masking shorter ones would make a log unreadable and hide nothing.
_SHORTEST = 4
_MASK = "***"


class Secrets:
    """The secrets seen last, and everyone who is told of a new one; safe to use from several threads."""

    def __init__(self, tell: Callable[[str], None], *, limit: int = 4096) -> None:
        self._tell = tell
        self._limit = limit
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, value: str | None) -> None:
        """Remember a secret; None, and what is too short to be one, is left out."""
        if value is None or len(value) < _SHORTEST:
            return
        with self._lock:
            is_new = value not in self._known
            self._known[value] = None
            self._known.move_to_end(value)
            while len(self._known) > self._limit:
                self._known.popitem(last=False)
        if is_new:
            self._tell(value)

    def add_auth(self, provider_auth: str | None) -> None:
        """Remember the secret of a `provider_auth`, which reads "CHAP USER PASSWORD"."""
        if provider_auth:
            self.add(provider_auth)
            self.add(provider_auth.split()[-1])

    def add_connection(self, connection_info: Mapping[str, Json]) -> None:
        """Remember what is secret in a connection_info, at any depth."""
        for name, value in connection_info.items():
            if isinstance(value, Mapping):
                self.add_connection(value)
            elif isinstance(value, str) and name in _SECRET_FIELDS:
                self.add(value)

    def mask(self, text: str) -> str:
        """Return the text with every known secret in it replaced."""
        with self._lock:
            known = sorted(self._known, key=len, reverse=True)
        for value in known:
            if value in text:
                text = text.replace(value, _MASK)
        return text
