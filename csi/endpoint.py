"""The address that CSI calls come in at: a Unix socket, and nothing else."""

import os
import socket
import stat
from pathlib import Path

from cinderblock.errors import ConfigurationError

#: sockaddr_un.sun_path without its closing NUL. Source: unix(7).
_LONGEST_PATH_BYTES = 107
_PROBE_TIMEOUT_S = 2.0


def socket_path(endpoint: str) -> Path:
    """Return the path of `unix:///PATH`; `unix:/PATH` and a bare absolute path are understood, too.

    Raises:
        ConfigurationError: it is no Unix socket, not absolute, or too long for the kernel.
    """
    if not endpoint:
        raise ConfigurationError("no endpoint is set; use --endpoint unix:///PATH, or CSI_ENDPOINT in the environment")
    scheme, colon, rest = endpoint.partition(":")
    if not colon and endpoint.startswith("/"):
        rest = endpoint
    elif scheme != "unix" or not colon:
        raise ConfigurationError(
            f"endpoint {endpoint!r} is no Unix socket; CSI calls carry secrets and have no login, so they are served "
            "on unix:///PATH only"
        )
    path = rest.removeprefix("//")
    if not path.startswith("/") or path.endswith("/"):
        raise ConfigurationError(f"endpoint {endpoint!r} is no absolute path of a socket; use unix:///PATH")
    if len(os.fsencode(path)) > _LONGEST_PATH_BYTES:
        raise ConfigurationError(
            f"the endpoint's path has {len(os.fsencode(path))} bytes, a Unix socket has {_LONGEST_PATH_BYTES} at most; "
            f"use a shorter one than {path}"
        )
    return Path(path)


def make_way(path: Path) -> None:
    """Remove a socket that nobody answers on, so that a new one can be bound; nothing there is success.

    Raises:
        ConfigurationError: somebody answers, it is no socket, or its folder is absent.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise ConfigurationError(f"the folder of the endpoint, {path.parent}, is not there; make it") from None
        return
    except OSError as error:
        raise ConfigurationError(f"the endpoint {path} cannot be used: {error.strerror}") from error
    if not stat.S_ISSOCK(mode):
        raise ConfigurationError(f"the endpoint {path} is there and is no socket; it was not touched: remove it")
    if _answers(path):
        raise ConfigurationError(f"another process answers at {path}; stop it, or use another endpoint")
    path.unlink(missing_ok=True)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(_PROBE_TIMEOUT_S)
        try:
            client.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            # A full backlog, a time-out: somebody holds it, however badly they do.
            return True
        return True
