"""What drivers raise, as what the library knows.

Only what is certain is translated. Everything else passes as it is: the
caller knows then that nobody knows what the back end did.
"""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from cinder import exception
from oslo_concurrency import processutils

from cinderblock.concealment import masked
from cinderblock.errors import (
    AlreadyExists,
    BackendUnavailable,
    CinderblockError,
    InUse,
    InvalidRequest,
    OutOfRange,
    OutOfSpace,
)
from persistence.errors import PersistenceError

Known = type[CinderblockError]

#: The most specific class of an exception's MRO decides.
_BY_CLASS: dict[type[BaseException], Known] = {
    exception.VolumeIsBusy: InUse,
    exception.SnapshotIsBusy: InUse,
    exception.VolumeAttached: InUse,
    exception.InvalidVolume: InUse,
    exception.InvalidSnapshot: InUse,
    exception.InvalidConnectorException: InvalidRequest,
    exception.InvalidInput: InvalidRequest,
    exception.InvalidParameterValue: InvalidRequest,
    exception.InvalidVolumeType: InvalidRequest,
    exception.InvalidQoSSpecs: InvalidRequest,
    exception.InvalidVolumeMetadata: InvalidRequest,
    exception.ManageExistingInvalidReference: InvalidRequest,
    exception.ManageExistingVolumeTypeMismatch: InvalidRequest,
    exception.ManageExistingAlreadyManaged: AlreadyExists,
    exception.RemoteFSNoSuitableShareFound: OutOfSpace,
    exception.QuotaError: OutOfSpace,
    exception.RemoteFSNoSharesMounted: BackendUnavailable,
    exception.VolumeNotFound: BackendUnavailable,
    exception.SnapshotNotFound: BackendUnavailable,
    exception.ServiceUnavailable: BackendUnavailable,
    exception.DriverNotInitialized: BackendUnavailable,
    ConnectionError: BackendUnavailable,
    TimeoutError: BackendUnavailable,
}
#: Exceptions of packages that need not be installed, by the names of their classes.
_BY_NAME: dict[str, Known] = {
    "requests.exceptions.ConnectionError": BackendUnavailable,
    "requests.exceptions.Timeout": BackendUnavailable,
    "urllib3.exceptions.TimeoutError": BackendUnavailable,
    "paramiko.ssh_exception.NoValidConnectionsError": BackendUnavailable,
}
_BY_ERRNO: dict[int, Known] = {
    errno.ENOSPC: OutOfSpace,
    errno.EDQUOT: OutOfSpace,
    errno.EFBIG: OutOfRange,
    errno.ECONNREFUSED: BackendUnavailable,
    errno.ETIMEDOUT: BackendUnavailable,
    errno.EHOSTUNREACH: BackendUnavailable,
    errno.ENETUNREACH: BackendUnavailable,
    errno.EHOSTDOWN: BackendUnavailable,
}
#: What LVM, qemu-img, dd, rbd and arrays say when they are full.
_FULL = re.compile(
    r"insufficient (?:free |suitable )?(?:allocatable )?(?:space|extents|logical extents)"
    r"|no space left|not enough (?:free |available )?(?:space|capacity)|out of space|disk quota exceeded",
    re.IGNORECASE,
)
#: How drivers refuse what they only do to a volume that nobody uses.
_ATTACHED = re.compile(
    r"while (?:it is )?(?:attached|in[- ]use)|is (?:currently )?(?:attached|in[- ]use)", re.IGNORECASE
)
#: What QEMU says of an image that somebody has open, on whatever machine; it has done nothing then.
_LOCKED = re.compile(r'failed to get (?:shared )?"[a-z ]+" lock', re.IGNORECASE)
#: A wrapped exception is looked for this deep, no deeper.
_DEEPEST = 8
_LONGEST_TEXT = 500


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn what a driver raises inside into our own exceptions, where it is certain what it means.

    Args:
        what: what was tried, as the beginning of a sentence: "extending volume 'a' on back end 'b'".
    """
    try:
        yield
    except (CinderblockError, PersistenceError, NotImplementedError):
        raise
    except Exception as error:
        known = classify(error)
        if known is None:
            raise
        raise known(f"{what}: {masked(words(error))}") from error


def classify(error: BaseException) -> Known | None:
    """Return our class for a driver's exception, or None when it is not certain what it means.

    An exception that a driver wrapped in one of its own is found through the
    chain: drivers hide "no space left" in their general exception.
    """
    seen: BaseException | None = error
    for _ in range(_DEEPEST):
        if seen is None:
            return None
        known = _classify_one(seen)
        if known is not None and (seen is error or known in {OutOfSpace, BackendUnavailable}):
            return known
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return None


def _classify_one(error: BaseException) -> Known | None:
    if isinstance(error, OSError) and error.errno in _BY_ERRNO:
        return _BY_ERRNO[error.errno]
    for ancestor in type(error).__mro__:
        known = _BY_CLASS.get(ancestor) or _BY_NAME.get(f"{ancestor.__module__}.{ancestor.__qualname__}")
        if known is not None:
            return known
    if isinstance(error, processutils.ProcessExecutionError):
        if _LOCKED.search(str(error.stderr)):
            return InUse
        return OutOfSpace if _FULL.search(f"{error.stderr}\n{error.stdout}") else None
    if isinstance(error, exception.ExtendVolumeError) and _ATTACHED.search(str(error)):
        return InUse
    if isinstance(error, exception.CinderException):
        return OutOfSpace if _FULL.search(str(error)) else None
    return None


def is_absent(error: exception.NotFound, *ids: str) -> bool:
    """Tell whether a NotFound speaks of the object with one of these ids or names.

    A driver may as well miss something else, another volume for instance,
    and that is no proof that this one is gone.
    """
    missing = error.kwargs.get("volume_id") or error.kwargs.get("snapshot_id")
    return missing is None or str(missing) in ids


def words(error: BaseException) -> str:
    """Return an exception as one line; of a failed command only its name and what it complained of.

    The command's arguments may hold a password.
    """
    if isinstance(error, processutils.ProcessExecutionError):
        said = str(error.stderr or error.stdout or "").strip().splitlines()
        text = f"'{program_of(error)}' ended with {error.exit_code}" + (f": {said[-1].strip()}" if said else "")
    elif isinstance(error, OSError) and error.strerror:
        text = error.strerror + (f": {error.filename}" if error.filename else "")
    else:
        text = str(error) or type(error).__name__
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1] + "…"


def program_of(error: processutils.ProcessExecutionError) -> str:
    """Return the name of the program that failed, without what sets its environment."""
    for word in str(error.cmd or "").split():
        if word not in {"env", "sudo"} and "=" not in word:
            return word
    return "a command"
