"""What can go wrong with a store.

PersistenceError
├── RecordExists
├── RecordChanged
├── StoreUnavailable
└── StoreUnusable
"""


class PersistenceError(Exception):
    """Anything that a store reports."""


class RecordExists(PersistenceError):
    """A record with this id is stored already."""


class RecordChanged(PersistenceError):
    """The record was changed or removed by somebody else since it was read."""


class StoreUnavailable(PersistenceError):
    """The store does not answer now; the same call may work later."""


class StoreUnusable(PersistenceError):
    """The store answers, but not with our data: newer schema, corrupt file, wrong key."""
