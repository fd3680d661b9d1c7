"""os-brick's exceptions, translated into ours; the one place that knows them.

The text of a failed command may hold a password (iscsiadm is given CHAP
secrets as arguments), so messages carry what failed, never the command line.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from os_brick import exception
from oslo_concurrency import processutils

from cinderblock.errors import BackendUnavailable, CinderblockError, ConfigurationError, InUse, InvalidRequest

#: os-brick's class -> ours, most specific first.
_CLASSES: tuple[tuple[type[BaseException], type[CinderblockError]], ...] = (
    (exception.InvalidConnectorProtocol, InvalidRequest),
    (exception.ProtocolNotSupported, InvalidRequest),
    (exception.VolumeEncryptionNotSupported, InvalidRequest),
    (exception.Invalid, InvalidRequest),
    (exception.BrickException, BackendUnavailable),
)

#: Words of tools that refuse because the device is in use: multipath -f, rbd unmap, umount.
_BUSY = ("in use", "busy", "device is open")


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn what os-brick raises into a `CinderblockError` that begins with `doing`.

    Args:
        doing: what was tried, "connecting an iscsi volume"; no secrets.
    """
    try:
        yield
    except CinderblockError:
        raise
    except processutils.ProcessExecutionError as error:
        raise _of_command(doing, error) from error
    except (exception.BrickException, exception.InvalidConnectorProtocol) as error:
        raise _of_brick(doing, error) from error
    except (KeyError, ValueError) as error:
        raise InvalidRequest(f"{doing}: the connection misses or misspells {error}") from error
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"{doing}: install the Python package that holds {error.name!r}") from error
    except NotImplementedError as error:
        raise InvalidRequest(f"{doing}: os-brick cannot do that for this protocol") from error
    except OSError as error:
        kind = InUse if error.errno == errno.EBUSY else BackendUnavailable
        raise kind(f"{doing}: {error.strerror or type(error).__name__}") from error


def _of_command(doing: str, error: processutils.ProcessExecutionError) -> CinderblockError:
    """Name the tool and how it ended, without its arguments and output."""
    words = str(error.cmd or "").split()
    tool = words[0].rsplit("/", 1)[-1] if words else "a command"
    if error.exit_code in (None, "-") and "No such file" in str(error.description):
        return ConfigurationError(f"{doing}: the tool {tool!r} is not installed on this node")
    said = f"{error.stdout or ''} {error.stderr or ''}".lower()
    if any(word in said for word in _BUSY):
        return InUse(f"{doing}: {tool!r} says that the device is still in use")
    return BackendUnavailable(f"{doing}: {tool!r} ended with {error.exit_code}, see the log")


def _of_brick(doing: str, error: Exception) -> CinderblockError:
    """Pick our class, looking into a chain of os-brick's errors for a busy device."""
    said = str(error).lower()
    if isinstance(error, exception.ExceptionChainer):
        # Its text is tracebacks: they go to the log with the cause, not to the caller.
        kind = InUse if any(word in said for word in _BUSY) else BackendUnavailable
        return kind(f"{doing}: some of the volume's paths could not be removed, see the log")
    for theirs, ours in _CLASSES:
        if isinstance(error, theirs):
            return ours(f"{doing}: {_first_line(error)}")
    return BackendUnavailable(f"{doing}: {type(error).__name__}")


def _first_line(error: Exception) -> str:
    """Return the beginning of the message, or the class when it has none; what commands said stays in the log."""
    lines = str(error).split(" Error - ")[0].strip().splitlines()
    return lines[0] if lines else type(error).__name__
