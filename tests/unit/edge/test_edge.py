"""Locks, deadlines, statuses: what a caller sees of the edge."""

import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from cinderblock import deadline, errors
from csi import ids
from csi.interceptors import INLINE, LOCK_KEY
from csi.proto import csi_pb2
from csi.workers import Workers
from persistence import errors as store_errors

Code = grpc.StatusCode


def test_a_second_call_on_an_object_in_work_is_aborted_at_once(served, gate, edge_tools):
    served.service.on_delete = lambda request: gate.wait(20)
    first = served.begin_delete()
    code, text = edge_tools.refused(served.delete)
    assert code is Code.ABORTED
    assert "volume/volume-1" in text
    assert "DeleteVolume" in text
    gate.set()
    assert first.result(20) == csi_pb2.DeleteVolumeResponse()


def test_calls_on_different_objects_run_side_by_side(served):
    together = threading.Barrier(8)
    served.service.on_delete = lambda request: together.wait(20)
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(lambda number: served.delete(f"volume-{number}"), range(8)))) == 8


def test_create_and_delete_of_one_volume_exclude_each_other(served, gate, edge_tools):
    served.service.on_create = lambda request: gate.wait(20)
    creating = served.controller.CreateVolume.future(csi_pb2.CreateVolumeRequest(name="pvc-1"), timeout=20)
    assert served.service.entered.acquire(timeout=20)
    assert edge_tools.refused(lambda: served.delete(ids.volume_id("pvc-1")))[0] is Code.ABORTED
    gate.set()
    assert creating.result(20).volume.volume_id == "pvc-1"


def test_work_outlives_its_caller_and_keeps_the_object_until_it_ends(served, gate, edge_tools, lines):
    served.service.on_delete = lambda request: gate.wait(20)
    code, text = edge_tools.refused(lambda: served.delete(timeout_s=2))
    assert code is Code.DEADLINE_EXCEEDED
    assert "goes on" in text
    assert edge_tools.refused(served.delete)[0] is Code.ABORTED
    gate.set()
    edge_tools.eventually(lambda: not served.edge.workers.in_work())
    assert served.delete() == csi_pb2.DeleteVolumeResponse()
    assert [record["rpc"] for record in lines.of("rpc outlasts its caller")] == ["DeleteVolume"]
    # The late end is told as well, under the number of its call.
    late, _again = lines.of("rpc finished")
    assert late["call"] == lines.of("rpc outlasts its caller")[0]["call"]


def test_a_caller_that_gives_up_frees_its_thread_but_not_the_object(served, gate, edge_tools, lines):
    served.service.on_delete = lambda request: gate.wait(20)
    first = served.begin_delete(timeout_s=None)
    first.cancel()
    edge_tools.eventually(lambda: lines.of("rpc outlasts its caller"))
    assert edge_tools.refused(served.delete)[0] is Code.ABORTED


def test_a_result_frees_the_object_before_the_caller_has_it(served):
    for _ in range(200):
        served.delete()


def test_the_handler_knows_the_deadline_of_its_caller(served):
    left: list[float | None] = []
    served.service.on_delete = lambda request: left.append(deadline.remaining_s())
    served.delete(timeout_s=15)
    served.delete(timeout_s=None)
    assert left[0] == pytest.approx(14.9, abs=2)
    assert left[1] is None


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidRequest("x"), Code.INVALID_ARGUMENT),
        (errors.OutOfRange("x"), Code.OUT_OF_RANGE),
        (errors.NotFound("x"), Code.NOT_FOUND),
        (errors.AlreadyExists("x"), Code.ALREADY_EXISTS),
        (errors.InUse("x"), Code.FAILED_PRECONDITION),
        (errors.DeviceMismatch("x"), Code.FAILED_PRECONDITION),
        (errors.ConfigurationError("x"), Code.FAILED_PRECONDITION),
        (errors.OperationPending("x"), Code.ABORTED),
        (errors.OutOfSpace("x"), Code.RESOURCE_EXHAUSTED),
        (errors.BackendUnavailable("x"), Code.UNAVAILABLE),
        (errors.UnknownOutcome("x"), Code.UNAVAILABLE),
        (store_errors.RecordChanged("x"), Code.ABORTED),
        (store_errors.RecordExists("x"), Code.ABORTED),
        (store_errors.StoreUnavailable("x"), Code.UNAVAILABLE),
        (store_errors.StoreUnusable("x"), Code.UNAVAILABLE),
        (NotImplementedError("x"), Code.UNIMPLEMENTED),
        (type("Narrower", (errors.InUse,), {})("x"), Code.FAILED_PRECONDITION),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.name,
)
def test_every_error_has_its_status_and_says_its_words(served, edge_tools, error, code):
    def fail(request):
        raise error

    served.service.on_delete = fail
    assert edge_tools.refused(served.delete) == (code, "x")


def test_every_error_of_the_trees_is_in_the_table():
    from csi.errors import STATUS

    def tree(cls):
        return {cls, *(found for sub in cls.__subclasses__() for found in tree(sub))}

    for root in (errors.CinderblockError, store_errors.PersistenceError):
        known = [cls for cls in tree(root) - {root} if cls.__module__ in (errors.__name__, store_errors.__name__)]
        assert [cls for cls in known if not any(base in STATUS for base in cls.__mro__)] == []


@pytest.mark.parametrize("error", [ValueError("chap-secret"), SystemExit(3)])
def test_what_nobody_classified_is_internal_and_only_the_log_says_more(served, edge_tools, lines, error):
    def fail(request):
        raise error

    served.service.on_delete = fail
    assert edge_tools.refused(served.delete) == (Code.INTERNAL, "error in DeleteVolume, see the log")
    (record,) = lines.of("rpc failed")
    assert record["level"] == "error"
    assert type(error).__name__ in record["traceback"]
    served.service.on_delete = lambda request: None
    served.delete()


def test_the_cause_of_an_unknown_outcome_is_in_the_log(served, edge_tools, lines):
    def fail(request):
        try:
            raise ValueError("the array said no")
        except ValueError as error:
            raise errors.UnknownOutcome("delete failed, ask again") from error

    served.service.on_delete = fail
    assert edge_tools.refused(served.delete) == (Code.UNAVAILABLE, "delete failed, ask again")
    assert "the array said no" in lines.of("rpc failed")[0]["traceback"]


def test_an_answer_that_is_no_message_is_a_bug(served, edge_tools):
    code, _ = edge_tools.refused(lambda: served.controller.ListVolumes(csi_pb2.ListVolumesRequest(), timeout=20))
    assert code is Code.INTERNAL


@pytest.mark.parametrize("data", [b"\xff\xff\xff", b"\x0a\x02\xff\xfe"], ids=["no message", "no UTF-8"])
def test_bytes_that_are_no_request_are_the_callers_fault(served, edge_tools, lines, data):
    call = served.channel.unary_unary("/csi.v1.Controller/DeleteVolume")
    code, text = edge_tools.refused(lambda: call(data, timeout=20))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "cannot be read" in text
    assert "traceback" not in lines.getvalue()


def test_an_rpc_that_nobody_wrote_is_unimplemented(served, edge_tools):
    request = csi_pb2.ControllerExpandVolumeRequest(volume_id="volume-1")
    code, _ = edge_tools.refused(lambda: served.controller.ControllerExpandVolume(request, timeout=20))
    assert code is Code.UNIMPLEMENTED


def test_a_text_that_no_header_can_hold_still_arrives(served, edge_tools):
    def fail(request):
        raise errors.InUse("ü" * 50_000 + "\udcff")

    served.service.on_delete = fail
    code, text = edge_tools.refused(served.delete)
    assert code is Code.FAILED_PRECONDITION
    assert text.startswith("üü")
    assert text.endswith("the log has the rest)")


def test_reads_of_a_back_end_that_hangs_leave_room_for_others(serve, gate, edge_tools):
    served = serve(Workers(most_reads=4, most_reads_each=2))
    served.service.on_capacity = lambda request: request.parameters["backend"] == "hung" and gate.wait(20)

    def capacity(backend):
        return served.controller.GetCapacity.future(
            csi_pb2.GetCapacityRequest(parameters={"backend": backend}), timeout=20
        )

    hung = [capacity("hung") for _ in range(2)]
    for _ in hung:
        assert served.service.entered.acquire(timeout=20)
    assert edge_tools.refused(capacity("hung").result)[0] is Code.ABORTED
    assert capacity("well").result(20).available_capacity == 1
    gate.set()
    assert [call.result(20).available_capacity for call in hung] == [1, 1]


def test_too_many_changes_at_once_are_told_to_ask_again(serve, gate, edge_tools):
    served = serve(Workers(most_changes=2))
    served.service.on_delete = lambda request: gate.wait(20)
    calls = [served.begin_delete(f"volume-{number}") for number in range(2)]
    assert edge_tools.refused(lambda: served.delete("volume-2"))[0] is Code.UNAVAILABLE
    gate.set()
    for call in calls:
        call.result(20)
    served.delete("volume-2")


def test_calls_without_an_object_hold_no_lock(served, gate):
    served.service.on_delete = lambda request: gate.wait(20)
    calls = [served.begin_delete("") for _ in range(2)]
    gate.set()
    for call in calls:
        call.result(20)


def test_every_rpc_is_locked_or_inline_or_only_reads():
    rpcs = {method.name for service in csi_pb2.DESCRIPTOR.services_by_name.values() for method in service.methods}
    assert rpcs >= LOCK_KEY.keys() | INLINE
    reads = rpcs - LOCK_KEY.keys() - INLINE
    assert sorted(reads) == [
        "ControllerGetVolume",
        "ControllerGetVolumeHealth",
        "ControllerListVolumeHealth",
        "GetCapacity",
        "GetMetadataAllocated",
        "GetMetadataDelta",
        "GetSnapshot",
        "GetVolumeGroupSnapshot",
        "ListSnapshots",
        "ListVolumes",
        "NodeGetStorageHealth",
        "NodeGetVolumeHealth",
        "NodeGetVolumeStats",
        "ValidateVolumeCapabilities",
    ]


def test_every_lock_key_names_the_object_of_its_request():
    for rpc, key in LOCK_KEY.items():
        request = getattr(csi_pb2, f"{rpc}Request")()
        assert key(request) == "", rpc
        named = next(
            name for name in ("volume_id", "snapshot_id", "group_snapshot_id", "name") if hasattr(request, name)
        )
        setattr(request, named, "x")
        assert key(request).partition("/")[0] in ("volume", "snapshot", "group-snapshot", "node"), rpc
