"""Edge: what surrounds every RPC, once for all services.

It gives the call its log context, checks the request's fields, takes the lock
of the object that the call changes, lets a worker do the work within the
caller's deadline, and turns whatever goes wrong into a status. Handlers below
raise, and never touch gRPC's context.
"""

import itertools
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message

from cinderblock.deadline import within
from cinderblock.errors import BackendUnavailable, CinderblockError, InvalidRequest
from csi import ids, limits, logs, redact
from csi.errors import public_text, status_of
from csi.proto import csi_pb2
from csi.workers import Task, Workers

log = logging.getLogger(__name__)

Behaviour = Callable[[Any, grpc.ServicerContext], Any]
#: Called with the RPC, the name of its status, and how many seconds its caller waited.
Ended = Callable[[str, str, float], None]


def _volume(request: Any) -> str:
    return _key("volume", request.volume_id)


def _snapshot(request: Any) -> str:
    return _key("snapshot", request.snapshot_id)


def _group_snapshot(request: Any) -> str:
    return _key("group-snapshot", request.group_snapshot_id)


def _on_node(request: Any) -> str:
    # Not the controller's key: in one process, a volume is staged while the controller publishes it elsewhere.
    return _key("node", request.volume_id)


def _key(kind: str, object_id: str) -> str:
    """Return the key, or "" for a request that names no object and is refused by its handler."""
    return object_id and f"{kind}/{object_id}"


#: RPC -> the key of the object that it changes. A create has the key of what it would make.
#: Not listed, because they change nothing: every List, Get and Validate, NodeGetVolumeStats and the health calls.
LOCK_KEY: Mapping[str, Callable[[Any], str]] = {
    "CreateVolume": lambda request: request.name and _key("volume", ids.volume_id(request.name)),
    "DeleteVolume": _volume,
    "ControllerPublishVolume": _volume,
    "ControllerUnpublishVolume": _volume,
    "ControllerExpandVolume": _volume,
    "ControllerModifyVolume": _volume,
    "CreateSnapshot": lambda request: request.name and _key("snapshot", ids.snapshot_id(request.name)),
    "DeleteSnapshot": _snapshot,
    "CreateVolumeGroupSnapshot": (
        lambda request: request.name and _key("group-snapshot", ids.group_snapshot_id(request.name))
    ),
    "DeleteVolumeGroupSnapshot": _group_snapshot,
    "NodeStageVolume": _on_node,
    "NodeUnstageVolume": _on_node,
    "NodePublishVolume": _on_node,
    "NodeUnpublishVolume": _on_node,
    "NodeExpandVolume": _on_node,
}

#: Answered on gRPC's own thread: constants and flags, which wait for nothing.
INLINE = frozenset(
    {
        "GetPluginInfo",
        "GetPluginCapabilities",
        "Probe",
        "ControllerGetCapabilities",
        "GroupControllerGetCapabilities",
        "NodeGetCapabilities",
        "NodeGetInfo",
    }
)

#: Asked every few seconds by sidecars and the kubelet, so they are told at DEBUG only.
QUIET = frozenset({"Probe"} | {rpc for rpc in INLINE if rpc.endswith("Capabilities")})

#: What a request says of its object, the most telling first.
_OBJECT_FIELDS = ("volume_id", "snapshot_id", "group_snapshot_id", "name", "source_volume_id")
#: gRPC gives a call without a deadline an absurdly distant one, which no wait accepts.
_FOREVER_S = 30 * 24 * 3600.0
#: The answer leaves a little before the deadline, or its text would never arrive: a busy machine takes its time.
_HEADROOM = 0.1
_MOST_HEADROOM_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a call ended: a response, or a status and what the caller may read about it."""

    response: Any = None
    code: grpc.StatusCode = grpc.StatusCode.OK
    text: str = ""


class Edge(grpc.ServerInterceptor):
    """The one interceptor; it owns the locks and the workers of its process, and tells `ended` what callers got."""

    def __init__(self, workers: Workers | None = None, *, ended: Ended | None = None) -> None:
        self.workers = workers or Workers()
        self._ended = ended or _unobserved
        self._numbers = itertools.count(1)

    def intercept_service(
        self,
        # Quoted: gRPC's class is generic to mypy only.
        continuation: "Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None]",
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        rpc = handler_call_details.method.rpartition("/")[2]
        codec = {
            "request_deserializer": _tolerant(handler.request_deserializer),
            "response_serializer": handler.response_serializer,
        }
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(partial(self._answer, rpc, handler.unary_unary), **codec)
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(partial(self._stream, rpc, handler.unary_stream), **codec)
        return handler

    def _answer(self, rpc: str, behaviour: Behaviour, request: Message, context: grpc.ServicerContext) -> Any:
        started = time.monotonic()
        with logs.current(self._facts(rpc, request)):
            outcome = self._outcome(rpc, behaviour, request, context)
        self._ended(rpc, outcome.code.name, time.monotonic() - started)
        if outcome.code is not grpc.StatusCode.OK:
            context.abort(outcome.code, outcome.text)
        return outcome.response

    def _outcome(self, rpc: str, behaviour: Behaviour, request: Message, context: grpc.ServicerContext) -> Outcome:
        started = time.monotonic()
        left_s = _time_left_s(context)
        try:
            _require_readable(request)
            redact.conceal_secrets(request)
            if log.isEnabledFor(logging.DEBUG):
                log.debug("rpc begins", extra={"request": redact.text_of(request)})
            limits.check(request)
            work = partial(_attempt, rpc, behaviour, request, context, left_s)
            if rpc in INLINE:
                return work()
            if not context.is_active():
                return _cut_off(rpc, started, f"{rpc} was not begun: its caller had gone by then")
            task = self._begin(rpc, request, work)
        except Exception as error:  # noqa: BLE001 -- the one place that turns exceptions into statuses
            return _failed(rpc, error, started)
        if not context.add_callback(task.give_up):
            task.give_up()
        outcome = task.wait(left_s)
        if outcome is None:
            return _cut_off(rpc, started, f"{rpc} is not finished and goes on; ask again for its result")
        return outcome

    def _begin(self, rpc: str, request: Message, work: Callable[[], Outcome]) -> Task[Outcome]:
        key = LOCK_KEY[rpc](request) if rpc in LOCK_KEY else ""
        if key:
            return self.workers.change(key, work, by=rpc)
        return self.workers.read(_read_key(request), work, by=rpc)

    def _stream(
        self, rpc: str, behaviour: Behaviour, request: Message, context: grpc.ServicerContext
    ) -> Iterator[Message]:
        # A stream's work is done as fast as the caller reads, so it stays on gRPC's thread, and holds no lock.
        with logs.current(self._facts(rpc, request)):
            started = time.monotonic()
            outcome = Outcome()
            try:
                _require_readable(request)
                redact.conceal_secrets(request)
                limits.check(request)
                yield from behaviour(request, context)
                _tell(rpc, started, grpc.StatusCode.OK)
            except Exception as error:  # noqa: BLE001 -- every outcome is told as a status
                outcome = _failed(rpc, error, started)
        self._ended(rpc, outcome.code.name, time.monotonic() - started)
        if outcome.code is not grpc.StatusCode.OK:
            context.abort(outcome.code, outcome.text)

    def _facts(self, rpc: str, request: Message) -> dict[str, object]:
        return {"rpc": rpc, "object": _object_of(request), "call": next(self._numbers)}


def _unobserved(_rpc: str, _code: str, _seconds: float) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What came instead of a request."""

    problem: str


def _tolerant(read: Callable[[bytes], Any] | None) -> Callable[[bytes], Any]:
    """Read a request; bytes that are none are refused by the edge, where gRPC would call it a bug of ours."""

    def readable(data: bytes) -> Any:
        try:
            return data if read is None else read(data)
        except DecodeError as error:
            return Unreadable(str(error))

    return readable


def _require_readable(request: object) -> None:
    if isinstance(request, Unreadable):
        raise InvalidRequest(f"the request cannot be read: {request.problem}")


def _object_of(request: Message) -> str:
    return next((value for name in _OBJECT_FIELDS if (value := getattr(request, name, ""))), "")


def _read_key(request: Any) -> str:
    """Return what a read is about: an object, or the back end whose capacity is asked for."""
    if isinstance(request, csi_pb2.GetCapacityRequest):
        return f"back end {request.parameters.get('backend', '')!r}"
    return _object_of(request)


def _time_left_s(context: grpc.ServicerContext) -> float | None:
    left_s = context.time_remaining()
    if left_s > _FOREVER_S:
        return None
    return max(0.0, left_s - min(left_s * _HEADROOM, _MOST_HEADROOM_S))


def _attempt(
    rpc: str, behaviour: Behaviour, request: Message, context: grpc.ServicerContext, timeout_s: float | None
) -> Outcome:
    """Let the handler do its work; every end of it is told here, the ones after the deadline too."""
    started = time.monotonic()
    try:
        with within(timeout_s):
            response = behaviour(request, context)
        if not isinstance(response, Message):
            raise TypeError(f"{rpc} answered {type(response).__name__}, a message is wanted")
    except BaseException as error:  # noqa: BLE001 -- a driver that calls sys.exit() must not take its caller along
        return _failed(rpc, error, started)
    if log.isEnabledFor(logging.DEBUG):
        log.debug("rpc answers", extra={"response": redact.text_of(response)})
    _tell(rpc, started, grpc.StatusCode.OK)
    return Outcome(response=response)


def _failed(rpc: str, error: BaseException, started: float) -> Outcome:
    code = status_of(error)
    text = public_text(error, code, rpc=rpc)
    _tell(rpc, started, code, error=error, text=text)
    return Outcome(code=code, text=text)


def _cut_off(rpc: str, started: float, text: str) -> Outcome:
    _tell(rpc, started, grpc.StatusCode.DEADLINE_EXCEEDED, text=text)
    return Outcome(code=grpc.StatusCode.DEADLINE_EXCEEDED, text=text)


def _tell(
    rpc: str, started: float, code: grpc.StatusCode, *, error: BaseException | None = None, text: str = ""
) -> None:
    """Log the one line of a call: refused by rule is a warning, a bug an error with its traceback."""
    level, message, traceback = logging.WARNING, "rpc refused", None
    if code is grpc.StatusCode.OK:
        level, message = logging.DEBUG if rpc in QUIET else logging.INFO, "rpc finished"
    elif code is grpc.StatusCode.INTERNAL:
        level, message, traceback = logging.ERROR, "rpc failed", error
    elif code is grpc.StatusCode.DEADLINE_EXCEEDED:
        message = "rpc outlasts its caller"
    elif isinstance(error, BackendUnavailable) and error.__cause__ is not None:
        # What a driver did that nobody classified: the reason is in the cause, and nowhere else.
        message, traceback = "rpc failed", error
    elif error is not None and not isinstance(error, CinderblockError):
        message = "rpc failed"
    facts = {"code": code.name, "seconds": round(time.monotonic() - started, 3)}
    if error is not None:
        facts |= {"error": type(error).__name__}
    if text:
        facts |= {"text": text}
    log.log(level, message, extra=facts, exc_info=traceback)
