"""Calls one RPC, and judges each answer."""

import time
from collections import Counter

import grpc

from csi.proto import csi_pb2, csi_pb2_grpc
from tests.robustness.witness import tells_insides

Code = grpc.StatusCode

#: Real work is allowed in this: a wrong request may turn out to be a right one.
MOST_S = 5.0
#: Answers that say "it is me who is broken".
BLAME = (Code.INTERNAL, Code.UNKNOWN, Code.DATA_LOSS)


class Caller:
    """Sends requests to a world's driver; remembers how it answered, and which answers were wrong."""

    def __init__(self, world, service, rpc):
        self._world = world
        self._rpc = rpc
        stub = getattr(csi_pb2_grpc, f"{service}Stub")(world.channel)
        self._call = getattr(stub, rpc)
        self._raw = world.channel.unary_unary(f"/csi.v1.{service}/{rpc}")
        self._streams = csi_pb2.DESCRIPTOR.services_by_name[service].methods_by_name[rpc].server_streaming
        self._codes: Counter[str] = Counter()
        self._slowest_s = 0.0
        self.wrong: list[str] = []
        self.said: list[object] = []

    def __str__(self):
        return f"the slowest took {self._slowest_s:.2f} s: {dict(self._codes)}"

    def send(self, request, what):
        """Send a request, and take back what it did."""
        self._world.prepare(request)
        answer, code = self._judged(lambda: self._call(request, timeout=60), what, request.SerializeToString())
        self._world.undo(request, answer)
        return code

    def send_bytes(self, data):
        """Send what may be no request at all."""
        return self._judged(lambda: self._raw(data, timeout=60), repr(data), data)[1]

    def _judged(self, call, what, sent):
        started = time.monotonic()
        answer, code, text = None, Code.OK, ""
        try:
            answer = call()
            if self._streams:
                answer = list(answer)
        except grpc.RpcError as error:
            code, text = error.code(), error.details() or ""
        seconds = time.monotonic() - started
        self.said.append(text or answer)
        self._slowest_s = max(self._slowest_s, seconds)
        self._codes[code.name] += 1
        told = tells_insides(text, sent=sent) or (code is not Code.OK and not text)
        if code in BLAME or told or seconds > MOST_S:
            self.wrong.append(f"{what}: {code.name} after {seconds:.1f} s: {text[:300]!r}")
        return answer, code
