"""Only Unix sockets, and never somebody else's."""

import socket
import stat
from pathlib import Path

import pytest

from cinderblock.errors import ConfigurationError
from csi.endpoint import make_way, socket_path


@pytest.mark.parametrize("endpoint", ["unix:///run/x.sock", "unix:/run/x.sock", "/run/x.sock"])
def test_a_path_can_be_written_in_three_ways(endpoint):
    assert socket_path(endpoint) == Path("/run/x.sock")


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("", "CSI_ENDPOINT"),
        ("tcp://127.0.0.1:10000", "unix:///PATH only"),
        ("127.0.0.1:10000", "unix:///PATH only"),
        ("dns:///localhost:1", "unix:///PATH only"),
        ("localhost", "unix:///PATH only"),
        ("unix-abstract:csi", "unix:///PATH only"),
        ("unix://run/x.sock", "no absolute path"),
        ("unix:run/x.sock", "no absolute path"),
        ("unix:///run/", "no absolute path"),
        ("unix:///" + "x" * 107, "108 bytes, a Unix socket has 107"),
    ],
)
def test_everything_else_is_refused_in_words(endpoint, words):
    with pytest.raises(ConfigurationError, match=words):
        socket_path(endpoint)


def listening(path):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen()
    return server


def test_a_socket_that_nobody_answers_on_is_removed(tmp_path):
    listening(tmp_path / "x.sock").close()
    make_way(tmp_path / "x.sock")
    assert list(tmp_path.iterdir()) == []


def test_a_socket_that_somebody_answers_on_is_left_alone(tmp_path):
    with listening(tmp_path / "x.sock"), pytest.raises(ConfigurationError, match="another process answers"):
        make_way(tmp_path / "x.sock")
    assert (tmp_path / "x.sock").is_socket()


def test_a_full_backlog_is_somebody(tmp_path):
    with listening(tmp_path / "x.sock") as server:
        server.listen(0)
        clients = []
        for _ in range(3):
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            client.setblocking(False)
            client.connect_ex(str(tmp_path / "x.sock"))
            clients.append(client)
        with pytest.raises(ConfigurationError, match="another process answers"):
            make_way(tmp_path / "x.sock")
        for client in clients:
            client.close()


def test_a_file_is_never_removed(tmp_path):
    (tmp_path / "x.sock").write_text("data")
    with pytest.raises(ConfigurationError, match="is no socket"):
        make_way(tmp_path / "x.sock")
    assert (tmp_path / "x.sock").read_text() == "data"


def test_a_link_to_a_socket_is_not_followed(tmp_path):
    with listening(tmp_path / "real.sock"):
        (tmp_path / "x.sock").symlink_to("real.sock")
        with pytest.raises(ConfigurationError, match="is no socket"):
            make_way(tmp_path / "x.sock")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="absent"):
        make_way(tmp_path / "absent" / "x.sock")


def test_the_socket_is_for_its_owner_only(served):
    assert stat.S_IMODE(served.path.lstat().st_mode) == 0o600


def test_a_second_server_does_not_take_the_socket(served, serve):
    from csi.interceptors import Edge
    from csi.server import Server

    with pytest.raises(ConfigurationError, match="another process answers"):
        Server(f"unix://{served.path}", edge=Edge(), register=[]).start()
    served.delete()


def test_stopping_removes_the_socket(served):
    assert served.server.stop(5.0) == []
    assert not served.path.exists()
