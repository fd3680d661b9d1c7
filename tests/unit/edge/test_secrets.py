"""Canaries: no secret in a log line, an error text, or the text of a message."""

import json
import logging
import threading

import pytest

from cinderblock import errors
from cinderblock.concealment import MASK, Secrets, conceal, conceal_named, masked
from csi import logs, redact, settings
from csi.composition import compose
from csi.proto import csi_pb2
from csi.serving import Mode
from persistence.errors import StoreUnavailable
from persistence.seal import Sealer

CANARY = "canary-7f3a'\"\\ü"


def filled(message, depth=0):
    """Put the canary into every field that the proto marks as secret, at any depth."""
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if redact.is_secret(field):
            if redact.is_map(field):
                value["password"] = CANARY
            else:
                setattr(message, field.name, CANARY)
        elif field.name == "publish_context":
            value["connection"] = CANARY
        elif field.name == "mount_flags":
            value.append(CANARY)
        elif field.message_type is not None and not redact.is_map(field) and depth < 5:
            filled(value.add() if field.is_repeated else value, depth + 1)
    return message


MESSAGES = [
    getattr(csi_pb2, method.input_type.name)
    for service in csi_pb2.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.__name__)
def test_no_request_shows_a_secret_as_text(message):
    request = filled(message())
    before = request.SerializeToString()
    assert "canary" not in redact.text_of(request)
    assert request.SerializeToString() == before


def test_some_messages_do_hold_secrets():
    assert sum(b"canary" in filled(message()).SerializeToString() for message in MESSAGES) > 15


def test_what_is_no_secret_is_shown():
    text = redact.text_of(csi_pb2.NodeStageVolumeRequest(volume_id="v-1", publish_context={"connection": "x" * 9}))
    assert "v-1" in text
    assert "connection" in text
    assert MASK in text


def test_a_secret_of_a_request_is_masked_in_errors_and_logs_of_every_logger(served, edge_tools, lines):
    def fail(request):
        logging.getLogger("cinder.volume.drivers.lvm").warning("cinder-rtstool create %s", CANARY)
        raise errors.InUse(f"command failed: {CANARY!r}")

    served.service.on_create = fail
    request = csi_pb2.CreateVolumeRequest(name="pvc-1", secrets={"password": CANARY})
    _, text = edge_tools.refused(lambda: served.controller.CreateVolume(request, timeout=20))
    assert "canary" not in text
    assert "canary" not in lines.getvalue()
    (record,) = lines.of(f"cinder-rtstool create {MASK}")
    assert record["rpc"] == "CreateVolume"
    assert record["object"] == "pvc-1"


def test_a_secret_is_masked_in_tracebacks(served, edge_tools, lines):
    conceal("chap-password-1")

    def fail(request):
        raise ValueError("exit 1: login with chap-password-1")

    served.service.on_delete = fail
    edge_tools.refused(served.delete)
    assert f"login with {MASK}" in lines.of("rpc failed")[0]["traceback"]
    assert "chap-password-1" not in lines.getvalue()


def test_a_secret_is_masked_when_a_thread_dies_of_it(lines):
    conceal("chap-password-2")
    before = threading.excepthook
    logs.catch_the_uncaught()

    def die():
        raise ValueError("chap-password-2")

    try:
        thread = threading.Thread(target=die, name="driver")
        thread.start()
        thread.join(20)
    finally:
        import sys

        threading.excepthook = before
        sys.excepthook = sys.__excepthook__
    (record,) = lines.of("a thread ended by an error that nobody expected")
    assert record["thread_name"] == "driver"
    assert "chap-password-2" not in lines.getvalue()


@pytest.mark.parametrize(
    "write", [str, repr, json.dumps, lambda value: f"a{value}b"], ids=["str", "repr", "json", "in"]
)
def test_every_spelling_of_a_secret_is_masked(write):
    secrets = Secrets()
    secrets.conceal(CANARY)
    assert "canary" not in secrets.masked(write(CANARY))


def test_the_longest_secret_is_masked_first():
    secrets = Secrets()
    secrets.conceal("secret")
    secrets.conceal("secret-and-more")
    assert secrets.masked("is secret-and-more") == f"is {MASK}"


def test_words_are_no_secrets():
    secrets = Secrets()
    secrets.conceal("abc")
    secrets.conceal("")
    assert secrets.masked("abc") == "abc"


def test_passing_secrets_are_bounded_and_lasting_ones_stay():
    secrets = Secrets(most_passing=10)
    secrets.conceal("configured", lasting=True)
    for number in range(50):
        secrets.conceal(f"passing-{number:02}")
    assert secrets.masked("configured passing-49 passing-00") == f"{MASK} {MASK} passing-00"


def test_lines_of_a_key_file_are_masked_one_by_one():
    secrets = Secrets()
    secrets.conceal("-----BEGIN KEY-----\nAAAABBBBCCCCDDDD\nEEEEFFFFGGGGHHHH\n")
    assert secrets.masked("read AAAABBBBCCCCDDDD") == f"read {MASK}"


def test_secrets_of_a_connection_are_found_by_name_at_any_depth():
    conceal_named({"data": {"auth_password": "chap-password-3", "portals": [{"secret": "chap-password-4"}], "lun": 1}})
    assert masked("chap-password-3 chap-password-4") == f"{MASK} {MASK}"


def test_concealing_and_masking_from_many_threads():
    secrets = Secrets(most_passing=100)
    failures = []

    def work(number):
        for turn in range(50):
            value = f"secret-{number}-{turn}"
            secrets.conceal(value)
            if value in secrets.masked(f"x {value} y"):
                failures.append(value)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert failures == []


def test_the_password_of_a_store_is_masked_wherever_it_turns_up(tmp_path):
    connection = "postgresql://user:canary%40of-the-store@/db?host=/nowhere"
    chosen = settings.read(environment={}, state_dir=tmp_path, connection=connection)
    with pytest.raises(StoreUnavailable):
        compose(Mode.CONTROLLER, chosen, Sealer([b"k" * 32]))
    assert masked("canary@of-the-store, canary%40of-the-store") == f"{MASK}, {MASK}"
