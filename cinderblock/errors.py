"""Everything that can go wrong, as facts; each message says what to do.

CinderblockError
├── InvalidRequest
├── OutOfRange
├── NotFound
├── AlreadyExists
├── InUse
├── OperationPending
├── OutOfSpace
├── BackendUnavailable
│   └── UnknownOutcome
├── DeviceMismatch
└── ConfigurationError
"""


class CinderblockError(Exception):
    """Anything that Cinderblock reports on purpose."""


class InvalidRequest(CinderblockError):
    """The request can never succeed as it is written."""


class OutOfRange(CinderblockError):
    """The size, or another number, is outside of what is possible."""


class NotFound(CinderblockError):
    """The object does not exist. Deletes never raise this."""


class AlreadyExists(CinderblockError):
    """The name is taken by something that differs from what was asked."""


class InUse(CinderblockError):
    """The object's state forbids it now: published, mounted, needed by another."""


class OperationPending(CinderblockError):
    """Somebody is at work on the object; ask again."""


class OutOfSpace(CinderblockError):
    """No room: in the pool, on the file system, or in a node's limit of volumes."""


class BackendUnavailable(CinderblockError):
    """The back end does not answer, or was not started; the same call may work later."""


class UnknownOutcome(BackendUnavailable):
    """A driver failed in a way that nobody classified; what exists is not known, the record stays."""


class DeviceMismatch(CinderblockError):
    """The device that appeared is not proven to be the volume; it was not touched."""


class ConfigurationError(CinderblockError):
    """The configuration cannot be used; found before anything was served."""
