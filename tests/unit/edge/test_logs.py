"""Every line is JSON, whatever was logged, by whomever."""

import io
import json
import logging
import sys
import warnings

import pytest

from csi import logs
from csi.proto import csi_pb2


def test_a_line_holds_time_level_logger_message_and_facts(lines):
    logging.getLogger("csi.test").info("volume made", extra={"seconds": 1.5, "path": b"\xff"})
    (record,) = lines.of("volume made")
    assert record["time"].endswith("+00:00")
    assert (record["level"], record["logger"], record["seconds"]) == ("info", "csi.test", 1.5)


def test_objects_that_foreign_loggers_attach_are_left_out(lines):
    logging.getLogger("cinder.volume").info("drivers", extra={"resource": {"auth": "x"}})
    assert "resource" not in lines.of("drivers")[0]


@pytest.mark.parametrize("text", ["line\nbreak", "\udcff", "\x00", "{", "%s", "ü" * 100_000])
def test_no_text_breaks_a_line(lines, text):
    logging.getLogger("csi.test").info(text, extra={"fact": text})
    assert len(lines.records()) == 1


def test_a_call_with_wrong_arguments_is_neither_lost_nor_raised():
    record = logging.LogRecord("cinder.test", logging.WARNING, "x.py", 1, "%d of %d", (1,), None)
    line = json.loads(logs.JsonLines().format(record))
    assert line["message"] == "%d of %d (its arguments do not fit: TypeError)"


def test_a_stream_that_is_gone_ends_nothing(capsys):
    stream = io.StringIO()
    stream.close()
    handler = logs.configure("info", stream=stream)
    try:
        logging.getLogger("csi.test").info("secret words")
    finally:
        logging.getLogger().removeHandler(handler)
        logging.captureWarnings(False)
    assert json.loads(capsys.readouterr().err)["message"] == "a record of csi.test was lost: ValueError"


def test_warnings_of_libraries_are_lines_as_well(lines):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(False)
    assert "old" in lines.records()[-1]["message"]


def test_an_error_in_flight_is_logged_with_its_traceback(lines):
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("csi.test").exception("failed")
    assert "ValueError: broken" in lines.of("failed")[0]["traceback"]


def test_a_finished_rpc_is_one_line_with_its_seconds_and_code(served, lines):
    served.delete()
    (record,) = lines.of("rpc finished")
    assert record["level"] == "info"
    assert record["code"] == "OK"
    assert record["rpc"] == "DeleteVolume"
    assert record["object"] == "volume-1"
    assert record["seconds"] >= 0


def test_a_refused_rpc_is_one_warning_with_its_words(served, edge_tools, lines):
    code, text = edge_tools.refused(lambda: served.delete("v" * 200))
    (record,) = lines.of("rpc refused")
    assert record["level"] == "warning"
    assert (record["code"], record["text"]) == (code.name, text)
    assert record["error"] == "InvalidRequest"


def test_requests_are_shown_at_debug(served, lines):
    request = csi_pb2.DeleteVolumeRequest(volume_id="volume-1", secrets={"a": "canary-1234"})
    served.controller.DeleteVolume(request, timeout=20)
    assert lines.of("rpc begins")[0]["request"] == 'volume_id: "volume-1"'


def test_probes_and_capabilities_are_answered_quietly(served, lines):
    logging.getLogger().setLevel(logging.INFO)
    served.identity.Probe(csi_pb2.ProbeRequest(), timeout=20)
    served.identity.GetPluginCapabilities(csi_pb2.GetPluginCapabilitiesRequest(), timeout=20)
    served.identity.GetPluginInfo(csi_pb2.GetPluginInfoRequest(), timeout=20)
    assert [record["rpc"] for record in lines.records()] == ["GetPluginInfo"]


def test_uncaught_errors_of_the_process_are_lines(lines):
    before = sys.excepthook
    logs.catch_the_uncaught()
    try:
        sys.excepthook(ValueError, ValueError("broken"), None)
    finally:
        import threading

        sys.excepthook = before
        threading.excepthook = threading.__excepthook__
    assert lines.records()[0]["level"] == "critical"
