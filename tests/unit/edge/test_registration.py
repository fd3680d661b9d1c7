"""A kubelet finds the driver's socket, asks who is there, and says what came of it."""

import socket
import threading

import pytest

from cinderblock.errors import ConfigurationError
from csi.node.registration import Registration
from csi.proto import pluginregistration_pb2
from tests.unit.edge import kubelet
from tests.waiting import eventually

NAME = "test.cinderblock.io"
ENDPOINT = "/var/lib/kubelet/plugins/test.cinderblock.io/csi.sock"


@pytest.fixture
def registration(plugins_registry):
    made = Registration(plugins_registry, driver_name=NAME, endpoint=f"unix://{ENDPOINT}", again_s=0.05)
    with made:
        yield made


def asked(registration, **how):
    answer = kubelet.call(registration.path, "GetInfo", b"", **how)
    return pluginregistration_pb2.PluginInfo.FromString(answer)


def told(registration, *, registered, error=""):
    status = pluginregistration_pb2.RegistrationStatus(plugin_registered=registered, error=error)
    assert kubelet.call(registration.path, "NotifyRegistrationStatus", status.SerializeToString()) == b""


@pytest.mark.parametrize("authority", ["", "/var/lib/kubelet/plugins_registry/x-reg.sock", "localhost"])
def test_the_kubelet_learns_who_is_there(registration, authority):
    found = asked(registration, authority=authority, timeout_s=1.0)
    assert (found.type, found.name, found.endpoint) == ("CSIPlugin", NAME, ENDPOINT)
    assert list(found.supported_versions) == ["1.13.0"]


def test_the_socket_is_roots_alone_and_where_the_kubelet_looks(registration, plugins_registry):
    assert registration.path == plugins_registry / f"{NAME}-reg.sock"
    assert registration.path.stat().st_mode & 0o777 == 0o600
    others = [path.name for path in plugins_registry.iterdir() if path != registration.path]
    assert all(name.startswith(".") for name in others)


def test_nothing_is_left_of_it_at_the_end(plugins_registry):
    with Registration(plugins_registry, driver_name=NAME, endpoint=ENDPOINT):
        assert list(plugins_registry.iterdir())
    assert not list(plugins_registry.iterdir())


def test_what_a_killed_process_left_is_replaced(plugins_registry):
    for name in (f"{NAME}-reg.sock", f".{NAME}-reg.sock"):
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(plugins_registry / name))
    with Registration(plugins_registry, driver_name=NAME, endpoint=ENDPOINT) as registration:
        assert asked(registration).name == NAME


def test_another_process_is_not_pushed_aside(registration, plugins_registry):
    other = Registration(plugins_registry, driver_name=NAME, endpoint=ENDPOINT)
    with pytest.raises(ConfigurationError, match="another process answers"), other:
        pass
    assert asked(registration).name == NAME


def test_a_refusal_is_told_and_the_kubelet_finds_a_new_socket_later(registration, lines):
    before = registration.path.stat().st_ctime_ns
    told(registration, registered=False, error="CSINode is not to be had")
    assert [reading.value for reading in registration.readings()] == [0]
    (line,) = lines.of("the kubelet refused the registration")
    assert (line["level"], line["reason"]) == ("error", "CSINode is not to be had")
    eventually(lambda: registration.path.exists() and registration.path.stat().st_ctime_ns > before)
    told(registration, registered=True)
    assert [reading.value for reading in registration.readings()] == [1]
    assert lines.of("registered with the kubelet")


def test_refusal_after_refusal_is_waited_for_longer_and_a_registration_ends_that(registration, lines):
    for registered in (False, False, True, False):
        eventually(registration.path.exists)
        told(registration, registered=registered)
    waits = [line["again_in_s"] for line in lines.of("the kubelet refused the registration")]
    assert waits == [0.05, 0.1, 0.05]


def test_nobody_waits_to_ask_again_once_it_is_over(plugins_registry):
    with Registration(plugins_registry, driver_name=NAME, endpoint=ENDPOINT, again_s=3600) as registration:
        told(registration, registered=False)
        assert not registration.path.exists()
    eventually(lambda: not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)])
    assert not list(plugins_registry.iterdir())


def test_a_folder_that_is_not_there_is_named(plugins_registry):
    absent = Registration(plugins_registry / "absent", driver_name=NAME, endpoint=ENDPOINT)
    with pytest.raises(ConfigurationError, match="absent, is not there"), absent:
        pass


def test_a_path_that_is_too_long_for_a_socket_is_refused(plugins_registry):
    with pytest.raises(ConfigurationError, match="107 at most"):
        Registration(plugins_registry / ("long" * 30), driver_name=NAME, endpoint=ENDPOINT)
