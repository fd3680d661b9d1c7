"""What os-brick raises, in our words; never with a secret of its command lines."""

import pytest
from os_brick import exception
from oslo_concurrency import processutils

from cinderblock.brick.errors import translated
from cinderblock.errors import BackendUnavailable, ConfigurationError, InUse, InvalidRequest


def command(**fields):
    cmd = "iscsiadm -m node --op update -n node.session.auth.password -v canary"
    return processutils.ProcessExecutionError(cmd=cmd, **fields)


def chained():
    chain = exception.ExceptionChainer()
    busy = command(stderr="map in use", exit_code=1)
    chain.add_exception(type(busy), busy, None)
    return chain


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (exception.VolumeDeviceNotFound(device="/dev/x"), BackendUnavailable),
        (exception.FailedISCSITargetPortalLogin(), BackendUnavailable),
        (exception.InvalidParameterValue(err="no"), InvalidRequest),
        (exception.ProtocolNotSupported(protocol="x"), InvalidRequest),
        (exception.InvalidConnectorProtocol("x"), InvalidRequest),
        (command(exit_code=8, stderr="time out"), BackendUnavailable),
        (command(exit_code=1, stderr="map in use"), InUse),
        (command(exit_code="-", description="[Errno 2] No such file or directory: 'iscsiadm'"), ConfigurationError),
        (chained(), InUse),
        (KeyError("target_iqn"), InvalidRequest),
        (NotImplementedError(), InvalidRequest),
        (OSError(16, "Device or resource busy"), InUse),
        (OSError(5, "Input/output error"), BackendUnavailable),
        (ModuleNotFoundError("No module named 'rados'", name="rados"), ConfigurationError),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_an_exception_is_translated(theirs, ours):
    with pytest.raises(ours, match="connecting") as caught, translated("connecting"):
        raise theirs
    assert type(caught.value) is ours
    assert "canary" not in str(caught.value)


def test_our_own_exceptions_pass():
    with pytest.raises(InUse, match=r"^mine$"), translated("connecting"):
        raise InUse("mine")


def test_what_nobody_knows_passes_as_it_is():
    with pytest.raises(ZeroDivisionError), translated("connecting"):
        raise ZeroDivisionError
