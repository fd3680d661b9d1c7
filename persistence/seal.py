"""Secrets, sealed before any store, VolumeAttachment or journal sees them.

XChaCha20-Poly1305. What is sealed is bound to its place (the kind of record, its
id and the field, or a purpose), so it opens nowhere else. A key file holds one key
per line, in base64, `#` begins a comment: the first key seals, all of them open, so
a key is changed by putting the new one above the old one. `openssl rand -base64 32`
makes one. Nonces are random, and so long that no number of seals wears a key out.
"""

import base64
import binascii
import hashlib
import json
import os
import secrets
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
)
from nacl.exceptions import CryptoError

from persistence.codec import plain
from persistence.errors import StoreUnusable
from persistence.keys import KINDS, Where
from persistence.port import Store, Table
from persistence.records import Record

R = TypeVar("R", bound=Record)

_KEY_BYTES = 32
_NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#: Before a sealed text field; a sealed mapping has it as its only key, without the colon.
_MARK = "sealed:"


class Sealer:
    """Keys: the first one seals, all of them open."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take keys of 32 random bytes each, at least one.

        Raises:
            ValueError: there is no key, or one of another length.
        """
        if not keys or any(len(key) != _KEY_BYTES for key in keys):
            raise ValueError(
                f"at least one key of {_KEY_BYTES} bytes is wanted, got {[len(key) for key in keys]} bytes"
            )
        self._keys = {_key_id(key): key for key in keys}
        self._first = _key_id(keys[0])

    @classmethod
    def from_file(cls, path: Path) -> "Sealer":
        """Read the keys from a key file.

        Raises:
            StoreUnusable: the file cannot be read, or a line of it is no key.
        """
        try:
            lines = path.read_bytes().splitlines()
        except OSError as error:
            raise StoreUnusable(f"key file {path} cannot be read: {error.strerror}") from error
        keys = []
        for number, line in enumerate(lines, start=1):
            text = line.partition(b"#")[0].strip()
            if text:
                keys.append(_key(text, f"key file {path}, line {number}"))
        if not keys:
            raise StoreUnusable(f"key file {path} holds no key; `openssl rand -base64 {_KEY_BYTES}` makes one")
        return cls(keys)

    def seal_text(self, text: str, *, purpose: str) -> str:
        """Return `text` compressed and sealed, as ASCII text; only `open_text` for the same purpose reads it."""
        return self._seal(text, _bound("text", purpose))

    def open_text(self, sealed: str, *, purpose: str) -> str:
        """Return what `seal_text` was given.

        Raises:
            StoreUnusable: no key fits, or the text was changed, or was sealed for another purpose.
        """
        return self._open(sealed, _bound("text", purpose), f"what was sealed for {purpose!r}")

    def seal_field(self, record: Record, field: str) -> str | Mapping[str, str]:
        """Return the secret field of `record` in its sealed form; an empty one stays as it is.

        Raises:
            ValueError: the field holds what JSON does not have.
        """
        secret = getattr(record, field)
        if not secret:
            return "" if isinstance(secret, str) else {}
        what = f"{KINDS[type(record)]} {record.id!r}: {field}"
        bound = _bound("record", KINDS[type(record)], record.id, field)
        if isinstance(secret, str):
            return _MARK + self._seal(secret, bound)
        return {_MARK[:-1]: self._seal(json.dumps(plain(secret, what)), bound)}

    def open_field(self, record: Record, field: str) -> object:
        """Return the secret field of a stored `record` in clear.

        Raises:
            StoreUnusable: no key fits, or the field was changed, moved from elsewhere, or never sealed.
        """
        stored = getattr(record, field)
        if not stored:
            return stored
        what = f"{field} of {KINDS[type(record)]} {record.id!r}"
        bound = _bound("record", KINDS[type(record)], record.id, field)
        if isinstance(stored, str) and stored.startswith(_MARK):
            return self._open(stored.removeprefix(_MARK), bound, what)
        if isinstance(stored, Mapping) and isinstance(sealed := stored.get(_MARK[:-1]), str):
            return json.loads(self._open(sealed, bound, what))
        raise StoreUnusable(
            f"{what} is not sealed: it was stored without a key, or changed; remove the record, or restore the store"
        )

    @property
    def key_id(self) -> str:
        """The name of the key that seals, which tells nothing about it."""
        return self._first

    def seals(self, record: Record) -> bool:
        """Tell whether all secrets of a stored record were sealed with the key that seals now."""
        return all(_key_of(getattr(record, field)) == self._first for field in _secrets(record))

    def _seal(self, text: str, bound: bytes) -> str:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        packed = zlib.compress(text.encode("utf-8", "surrogatepass"), 9)
        sealed = nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(packed, bound, nonce, self._keys[self._first])
        return f"{self._first}.{base64.urlsafe_b64encode(sealed).decode()}"

    def _open(self, sealed: str, bound: bytes, what: str) -> str:
        key_id, _, encoded = sealed.partition(".")
        key = self._keys.get(key_id)
        if key is None:
            raise StoreUnusable(
                f"{what} was sealed with key {key_id[:16]!r}, the key file holds {', '.join(self._keys)}: "
                "add the old key on a line below the first"
            )
        try:
            raw = base64.b64decode(encoded.encode(), altchars=b"-_", validate=True)
            nonce, encrypted = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
            packed = crypto_aead_xchacha20poly1305_ietf_decrypt(encrypted, bound, nonce, key)
        except (CryptoError, ValueError) as error:
            raise StoreUnusable(f"{what} does not open: it was changed, or sealed for another place") from error
        return zlib.decompress(packed).decode("utf-8", "surrogatepass")


class SealedTable(Generic[R]):
    """A table whose records' secret fields are sealed in the table below, and clear above."""

    def __init__(self, table: Table[R], sealer: Sealer) -> None:
        self._table = table
        self._sealer = sealer

    def get(self, record_id: str) -> R | None:
        record = self._table.get(record_id)
        return None if record is None else self._opened(record)

    def insert(self, record: R) -> R:
        return self._opened(self._table.insert(self._sealed(record)))

    def replace(self, record: R) -> R:
        return self._opened(self._table.replace(self._sealed(record)))

    def delete(self, record: R) -> None:
        self._table.delete(record)

    def page(self, *, after: str = "", limit: int = 100, where: Where | None = None) -> Sequence[R]:
        return [self._opened(record) for record in self._table.page(after=after, limit=limit, where=where)]

    def _sealed(self, record: R) -> R:
        return sealed_record(record, self._sealer)

    def _opened(self, record: R) -> R:
        return opened_record(record, self._sealer)


class SealedStore:
    """A store in front of another one, which it closes."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self.volumes = SealedTable(store.volumes, sealer)
        self.snapshots = SealedTable(store.snapshots, sealer)
        self.connections = SealedTable(store.connections, sealer)
        self.nodes = SealedTable(store.nodes, sealer)
        self.key_values = SealedTable(store.key_values, sealer)

    def close(self) -> None:
        self._store.close()


def sealed(store: Store, sealer: Sealer) -> Store:
    """Return a store that keeps its records in `store`, their secret fields sealed."""
    return SealedStore(store, sealer)


def sealed_record(record: R, sealer: Sealer) -> R:
    """Return the record with its secret fields sealed, as `sealed` stores it."""
    return _with(record, {field: sealer.seal_field(record, field) for field in _secrets(record)})


def opened_record(record: R, sealer: Sealer) -> R:
    """Return a stored record with its secret fields in clear.

    Raises:
        StoreUnusable: no key fits, or a field was changed, moved from elsewhere, or never sealed.
    """
    return _with(record, {field: sealer.open_field(record, field) for field in _secrets(record)})


def new_key_file(path: Path) -> None:
    """Write a key file with one new key, mode 0600; it is whole and on the disk, or not there.

    Raises:
        FileExistsError: the file is there already; it was not touched.
        OSError: the folder cannot be written to.
    """
    content = base64.b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n"
    half_made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(half_made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link never replaces the key that somebody else made meanwhile.
        path.hardlink_to(half_made)
    finally:
        half_made.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _secrets(record: Record) -> list[str]:
    """Return the secret fields that hold one: an empty one is the same in clear and sealed."""
    return [field for field in record.secret_fields() if getattr(record, field)]


def _key_of(stored: object) -> str:
    """Return the name of the key that a secret field of a stored record was sealed with."""
    text = stored.get(_MARK[:-1], "") if isinstance(stored, Mapping) else stored
    return str(text).removeprefix(_MARK).partition(".")[0]


def _with(record: R, values: Mapping[str, object]) -> R:
    make: Callable[..., R] = replace
    return make(record, **values) if values else record


def _key(text: bytes, where: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES:
        # The line itself is not shown: it may be most of a key.
        raise StoreUnusable(
            f"{where} is not {_KEY_BYTES} bytes in base64; `openssl rand -base64 {_KEY_BYTES}` makes a key"
        )
    return key


def _key_id(key: bytes) -> str:
    """Return a name for the key that tells nothing about it."""
    return hashlib.sha256(b"cinderblock key id\0" + key).hexdigest()[:8]


def _bound(*place: str) -> bytes:
    """Return the place of what is sealed as associated data; no two places give the same."""
    return json.dumps(place).encode()
