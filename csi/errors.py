"""The one table: what went wrong -> the gRPC status that the caller gets.

The sidecars take CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE and ABORTED as "ask
again"; everything else from CreateVolume says that certainly nothing exists.
"""

import grpc

from cinderblock import errors
from cinderblock.concealment import masked
from persistence import errors as store_errors

#: Looked up along an exception's MRO, so the most specific class counts.
STATUS: dict[type[BaseException], grpc.StatusCode] = {
    errors.InvalidRequest: grpc.StatusCode.INVALID_ARGUMENT,
    errors.OutOfRange: grpc.StatusCode.OUT_OF_RANGE,
    errors.NotFound: grpc.StatusCode.NOT_FOUND,
    errors.AlreadyExists: grpc.StatusCode.ALREADY_EXISTS,
    errors.InUse: grpc.StatusCode.FAILED_PRECONDITION,
    errors.OperationPending: grpc.StatusCode.ABORTED,
    errors.OutOfSpace: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.BackendUnavailable: grpc.StatusCode.UNAVAILABLE,
    errors.DeviceMismatch: grpc.StatusCode.FAILED_PRECONDITION,
    errors.ConfigurationError: grpc.StatusCode.FAILED_PRECONDITION,
    store_errors.RecordExists: grpc.StatusCode.ABORTED,
    store_errors.RecordChanged: grpc.StatusCode.ABORTED,
    store_errors.StoreUnavailable: grpc.StatusCode.UNAVAILABLE,
    # Volumes exist that the store cannot name now: a final answer would make the caller forget them.
    store_errors.StoreUnusable: grpc.StatusCode.UNAVAILABLE,
    NotImplementedError: grpc.StatusCode.UNIMPLEMENTED,
}

#: gRPC sends the text in a header that is percent-encoded, and clients refuse headers over 8 KiB.
_LONGEST_TEXT_BYTES = 2048


def status_of(error: BaseException) -> grpc.StatusCode:
    """Return the status of an exception; INTERNAL for what nobody classified."""
    for cls in type(error).__mro__:
        if cls in STATUS:
            return STATUS[cls]
    return grpc.StatusCode.INTERNAL


def public_text(error: BaseException, code: grpc.StatusCode, *, rpc: str) -> str:
    """Return what the caller may read: the message without secrets, or where to look for what nobody classified."""
    if code is grpc.StatusCode.INTERNAL:
        return f"error in {rpc}, see the log"
    text = masked(str(error)) or f"{rpc} failed: {type(error).__name__}"
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= _LONGEST_TEXT_BYTES:
        return encoded.decode("utf-8")
    return encoded[:_LONGEST_TEXT_BYTES].decode("utf-8", "ignore") + " … (the log has the rest)"
