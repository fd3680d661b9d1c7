"""Pages over HTTP: few callers at a time, none of them for long, and an end in order."""

import http.client
import socket
import threading
from contextlib import ExitStack, closing

import pytest

from cinderblock.errors import ConfigurationError
from csi.monitoring.http import HttpServer, Page
from tests.waiting import eventually

WORDS = "text/plain; charset=utf-8"


def broken() -> Page:
    raise ZeroDivisionError


@pytest.fixture
def serve(lines):
    with ExitStack() as stack:

        def start(address="127.0.0.1:0", **options):
            server = HttpServer(address, **options)
            server.pages = {"/well": lambda: Page(content_type=WORDS, body=b"yes\n"), "/broken": broken}
            stack.enter_context(server)
            return lines.of("monitoring")[-1]["address"]

        yield start


def asked(address, path="/well", method="GET"):
    with closing(http.client.HTTPConnection(address, timeout=10)) as connection:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def connected(address):
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=10)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/well", (200, b"yes\n")),
        ("/well?x=y", (200, b"yes\n")),
        ("/", (404, b"there are /well, /broken\n")),
        ("/broken", (500, b"it failed, see the log\n")),
    ],
)
def test_a_page_is_answered(serve, path, answer):
    assert asked(serve(), path) == answer


def test_only_the_head_is_answered_where_that_is_asked(serve):
    with connected(serve()) as client:
        client.sendall(b"HEAD /well HTTP/1.0\r\n\r\n")
        with client.makefile("rb") as answer:
            said = answer.read()
    assert b"Content-Length: 4\r\n" in said
    assert said.endswith(b"\r\n\r\n")


def test_what_changes_something_is_refused(serve):
    assert asked(serve(), method="POST")[0] == 501


def test_a_page_that_fails_is_logged(serve, lines):
    asked(serve(), "/broken")
    (line,) = lines.of("a page of the monitoring cannot be made")
    assert "ZeroDivisionError" in line["traceback"]


def test_on_a_socket_it_is_roots_alone(serve, tmp_path):
    path = tmp_path / "metrics.sock"
    serve(f"unix://{path}")
    assert path.stat().st_mode & 0o777 == 0o600
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(path))
        client.sendall(b"GET /well HTTP/1.0\r\n\r\n")
        with client.makefile("rb") as answer:
            assert answer.read().endswith(b"\r\n\r\nyes\n")


@pytest.mark.parametrize("address", ["[::1]:0", ":0"])
def test_other_addresses_of_this_machine(serve, address):
    port = serve(address).rpartition(":")[2]
    assert asked(f"[::1]:{port}") == (200, b"yes\n")


def test_too_many_callers_are_turned_away_and_the_rest_is_answered(serve):
    address = serve()
    with ExitStack() as stack:
        silent = [stack.enter_context(connected(address)) for _ in range(8)]
        eventually(lambda: sum("process_request_thread" in thread.name for thread in threading.enumerate()) == 8)
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            asked(address)
        silent.pop().close()
        eventually(lambda: answers(address))


def answers(address):
    try:
        return asked(address) == (200, b"yes\n")
    except (http.client.RemoteDisconnected, ConnectionError):
        return False


def test_a_caller_that_takes_too_long_is_left(serve):
    address = serve(longest_s=1.0)
    with connected(address) as dribbling:
        # Its patience for each byte is never used up; that for all of them is.
        assert eventually(lambda: ended(dribbling))


def ended(connection):
    try:
        connection.sendall(b"G")
        connection.settimeout(0.02)
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_nothing_is_left_at_the_end(tmp_path):
    server = HttpServer(f"unix://{tmp_path}/metrics.sock")
    with server:
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())
    eventually(lambda: "monitoring" not in {thread.name for thread in threading.enumerate()})


@pytest.mark.parametrize("address", ["", "9808", "host:", "host:x", "host:65536", "::1:9808", "tcp://host:1", "unix:x"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(ConfigurationError):
        HttpServer(address)


def test_an_address_in_use_is_named(serve):
    address = serve()
    with pytest.raises(ConfigurationError, match="in use"), HttpServer(address):
        pass
