"""A few pages over HTTP, for whoever watches: few callers at a time, none of them for long."""

import contextlib
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any, Self

from cinderblock.errors import ConfigurationError
from csi.endpoint import make_way, socket_path

log = logging.getLogger(__name__)

#: Prometheus, a kubelet's probe and a person; more than that at once are turned away.
_MOST_CALLERS = 8
#: How long one may take from the connection to the last byte.
_LONGEST_S = 10.0
#: How often it is looked for callers that take longer, and for the end.
_POLL_S = 0.2
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is answered."""

    content_type: str
    body: bytes
    status: int = HTTPStatus.OK


class HttpServer:
    """Answers GET and HEAD on an address while it is entered.

    Args:
        address: HOST:PORT, without HOST on all interfaces, or unix:///PATH.
        longest_s: how long a caller may take.

    Raises:
        ConfigurationError: it is neither.
    """

    def __init__(self, address: str, *, longest_s: float = _LONGEST_S) -> None:
        self._address = address
        self._path = socket_path(address) if address.startswith("unix:") else None
        self._place = ("", 0) if self._path else _host_and_port(address)
        self._longest_s = longest_s
        self._server: _Server | None = None
        #: Path -> what makes its page; set before it is entered.
        self.pages: Mapping[str, Callable[[], Page]] = {}

    def __enter__(self) -> Self:
        listening = self._listen()
        self._server = _Server(listening, self.pages, longest_s=self._longest_s)
        serve = partial(self._server.serve_forever, poll_interval=_POLL_S)
        threading.Thread(target=serve, name="monitoring", daemon=True).start()
        log.info("monitoring", extra={"address": self._shown(listening), "pages": list(self.pages)})
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _listen(self) -> socket.socket:
        try:
            if self._path is not None:
                return _listen_at(self._path)
            host, port = self._place
            if not host and socket.has_dualstack_ipv6():
                return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            return socket.create_server((host, port), family=family)
        except OSError as error:
            raise ConfigurationError(f"metrics_address {self._address!r}: {error.strerror or error}") from error

    def _shown(self, listening: socket.socket) -> str:
        """Return the address with the port that the kernel gave."""
        if self._path is not None:
            return self._address
        return f"{self._address.rpartition(':')[0]}:{listening.getsockname()[1]}"


def _host_and_port(address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > _LAST_PORT or (":" in host and host[:1] + host[-1:] != "[]"):
        raise ConfigurationError(
            f"metrics_address {address!r} is neither HOST:PORT, with an IPv6 address in brackets, nor unix:///PATH"
        )
    return host.removeprefix("[").removesuffix("]"), int(port)


def _listen_at(path: Path) -> socket.socket:
    make_way(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The kernel gives the name in the folder the mode of the socket, so it is never open to others.
    os.fchmod(listening.fileno(), 0o600)
    listening.bind(str(path))
    listening.listen()
    return listening


class _Server(ThreadingMixIn, HTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, listening: socket.socket, pages: Mapping[str, Callable[[], Page]], *, longest_s: float) -> None:
        super().__init__(("", 0), _Caller, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.pages = pages
        self.longest_s = longest_s
        #: Who is being answered, and since when.
        self._callers: dict[Any, float] = {}
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 -- socketserver's types
        with self._lock:
            full = len(self._callers) >= _MOST_CALLERS
            if not full:
                self._callers[request] = time.monotonic()
        if full:
            super().shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 -- socketserver's types
        with self._lock:
            self._callers.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        # Called by the accepting thread every now and then: whoever sends a byte now and then is not waited for.
        before = time.monotonic() - self.longest_s
        with self._lock:
            slow = [request for request, since in self._callers.items() if since < before]
        for request in slow:
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 -- socketserver's
        # Callers that go away are no news, and the standard library would write to standard error.
        log.debug("a caller of the monitoring was not answered", extra={"reason": repr(sys.exception())})


class _Caller(BaseHTTPRequestHandler):
    server: _Server
    server_version = "cinderblock"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.longest_s)

    def do_GET(self) -> None:
        page = self._page()
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.body)

    do_HEAD = do_GET  # noqa: N815 -- http.server's name of it

    def _page(self) -> Page:
        make = self.server.pages.get(self.path.partition("?")[0])
        words = "text/plain; charset=utf-8"
        if make is None:
            known = ", ".join(self.server.pages)
            return Page(status=HTTPStatus.NOT_FOUND, content_type=words, body=f"there are {known}\n".encode())
        try:
            return make()
        except Exception:
            log.exception("a page of the monitoring cannot be made", extra={"page": self.path})
            return Page(status=HTTPStatus.INTERNAL_SERVER_ERROR, content_type=words, body=b"it failed, see the log\n")

    def log_message(self, *_: object) -> None:
        """Say nothing: there is a scrape every few seconds."""
