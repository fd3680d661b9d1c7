"""What a kubelet does with a plugin's socket, byte by byte: HTTP/2 with no more than a call has to have.

The kubelet dials a bare path and names no host. gRPC for Go then makes the
`:authority` of that path, in percent signs; older releases send it as it is.
"""

import socket
import struct
from urllib.parse import quote

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING = 0, 1, 3, 4, 6
_ACK, _END_STREAM, _END_HEADERS = 1, 1, 4


def call(path, method, request, *, authority="", timeout_s=10.0):
    """Return the bytes of the answer; one that does not come in time is an error."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout_s)
        connection.connect(str(path))
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", f"/pluginregistration.Registration/{method}"),
            (":authority", authority or quote(str(path), safe="")),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ]
        message = struct.pack(">BI", 0, len(request)) + request
        connection.sendall(
            _PREFACE
            + _frame(_SETTINGS, 0, 0, b"")
            + _frame(_HEADERS, _END_HEADERS, 1, b"".join(_literal(*header) for header in headers))
            + _frame(_DATA, _END_STREAM, 1, message)
        )
        return _answered(connection)


def _answered(connection):
    body, ended = b"", False
    with connection.makefile("rb") as incoming:
        while not ended:
            head = incoming.read(9)
            assert len(head) == 9, "the connection ended before the answer"
            size, kind, flags, stream = int.from_bytes(head[:3]), head[3], head[4], int.from_bytes(head[5:])
            payload = incoming.read(size)
            if kind in (_SETTINGS, _PING) and not flags & _ACK:
                connection.sendall(_frame(kind, _ACK, 0, payload if kind == _PING else b""))
            assert kind != _RESET, "the call was refused"
            if stream == 1 and kind == _DATA:
                body += payload
            ended = stream == 1 and bool(flags & _END_STREAM)
    assert body, "the call failed"
    return body[5:]


def _frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def _literal(name, value):
    """A header that is in no table. Source: RFC 7541, 6.2.2; both strings are shorter than 127 bytes."""
    return b"".join([b"\x00", *(bytes([len(text)]) + text.encode() for text in (name, value))])
