"""What stands between a client and a server: it passes on what they say, or loses it, or is late with it."""

import contextlib
import shutil
import socket
import tempfile
import threading
from enum import Enum, auto
from pathlib import Path

from tests.waiting import DEADLINE_S


class Way(Enum):
    """What becomes of the next thing that a client says on a connection."""

    #: It is passed on, and so is the answer.
    PASSED = auto()
    #: It is lost, and the client hears that the connection has ended.
    REQUEST_LOST = auto()
    #: It is passed on; when the server has answered, the client hears that the connection has ended.
    ANSWER_LOST = auto()
    #: It is kept until `deliver`, and so is the server's end of the connection, whatever the client does.
    LATE = auto()


class _Pair:
    """One connection: the client's end and the server's."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.way = Way.PASSED
        #: How many things are passed on before that.
        self.first = 0
        self.kept = b""
        #: Set when the server has said something to what was late, or has hung up.
        self.heard = threading.Event()

    def hang_up(self) -> None:
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Relay:
    """What new connections always get through.

    It is a socket in a folder of its own, of the same name as the server's, or, where that is a port, a port.
    """

    def __init__(self, target: Path | int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cinderblock-relay-"))
        self.port = 0
        if isinstance(target, Path):
            self._family = socket.AF_UNIX
            self._target: str | tuple[str, int] = str(target)
            self._listener = socket.socket(self._family, socket.SOCK_STREAM)
            self._listener.bind(str(self.folder / target.name))
        else:
            self._family, self._target = socket.AF_INET, ("127.0.0.1", target)
            self._listener = socket.socket(self._family, socket.SOCK_STREAM)
            self._listener.bind(("127.0.0.1", 0))
            self.port = self._listener.getsockname()[1]
        self._listener.listen()
        self._pairs: list[_Pair] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        #: Set when something was lost or kept.
        self.hit = threading.Event()

    def go(self, way: Way, *, after: int = 0) -> None:
        """Treat what the clients that are connected say next in this way, once so many things were passed on."""
        self.hit.clear()
        for pair in self._pairs:
            pair.first = after
            pair.way = way

    def deliver(self) -> None:
        """Pass on what is late, and wait for the server's answer; what it does not take any more is dropped."""
        for pair in self._pairs:
            if pair.kept:
                with contextlib.suppress(OSError):
                    pair.server.sendall(pair.kept)
                assert pair.heard.wait(DEADLINE_S)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for pair in self._pairs:
            pair.hang_up()
        for thread in self._threads:
            thread.join()
        for pair in self._pairs:
            pair.client.close()
            pair.server.close()
        self._listener.close()
        shutil.rmtree(self.folder)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(self._family, socket.SOCK_STREAM)
            pair = _Pair(client, server)
            try:
                server.connect(self._target)
            except OSError:
                pair.hang_up()
            self._pairs.append(pair)
            for work in (self._requests, self._answers):
                thread = threading.Thread(target=work, args=(pair,))
                self._threads.append(thread)
                thread.start()

    def _requests(self, pair: _Pair) -> None:
        with contextlib.suppress(OSError):
            while said := pair.client.recv(1 << 16):
                if pair.first and pair.way is not Way.ANSWER_LOST:
                    pair.first -= 1
                    pair.server.sendall(said)
                elif pair.way is Way.REQUEST_LOST:
                    self.hit.set()
                    break
                elif pair.way is Way.LATE:
                    pair.kept += said
                    self.hit.set()
                else:
                    pair.server.sendall(said)
        if not pair.kept:
            pair.hang_up()

    def _answers(self, pair: _Pair) -> None:
        with contextlib.suppress(OSError):
            while said := pair.server.recv(1 << 16):
                if pair.way is Way.ANSWER_LOST and not pair.first:
                    self.hit.set()
                    break
                if pair.way is Way.ANSWER_LOST:
                    pair.first -= 1
                    pair.client.sendall(said)
                elif pair.way is Way.LATE and pair.kept:
                    pair.heard.set()
                else:
                    pair.client.sendall(said)
        pair.hang_up()
        pair.heard.set()
