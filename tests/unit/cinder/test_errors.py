"""What is certain about a driver's exception is translated, and nothing else."""

import errno

import pytest

from cinderblock.errors import (
    BackendUnavailable,
    InUse,
    InvalidRequest,
    NotFound,
    OutOfRange,
    OutOfSpace,
)
from persistence.errors import StoreUnavailable

LVM_FULL = '  Volume group "cinder-volumes" has insufficient free space (12 extents): 256 required.\n'


@pytest.fixture(autouse=True)
def _cinder(lab):
    """The doors' modules are imported by an open runtime only."""
    lab.open(lab.configure({"array": "vendor.VendorDriver"}))


def command(**fields):
    from oslo_concurrency import processutils

    return processutils.ProcessExecutionError(**fields)


def cinder(name, **fields):
    from cinder import exception

    return getattr(exception, name)(**fields)


def wrapped(cause, outer):
    try:
        try:
            raise cause
        except type(cause):
            # As Cinder's drivers do: the cause is only the context.
            raise outer  # noqa: B904 - what is tested
    except type(outer) as error:
        return error


CASES = {
    "a busy volume": (lambda: cinder("VolumeIsBusy", volume_name="v"), InUse),
    "a busy snapshot": (lambda: cinder("SnapshotIsBusy", snapshot_name="s"), InUse),
    "a volume in the wrong state": (lambda: cinder("InvalidVolume", reason="in use"), InUse),
    "a poor connector": (lambda: cinder("InvalidConnectorException", missing="wwpns"), InvalidRequest),
    "bad input": (lambda: cinder("InvalidInput", reason="no"), InvalidRequest),
    "no share with room": (lambda: cinder("NfsNoSuitableShareFound", volume_size=1), OutOfSpace),
    "a full disk": (lambda: OSError(errno.ENOSPC, "No space left on device"), OutOfSpace),
    "a full quota": (lambda: OSError(errno.EDQUOT, "Disk quota exceeded"), OutOfSpace),
    "a file that is too large": (lambda: OSError(errno.EFBIG, "File too large"), OutOfRange),
    "an image that a node has open": (
        lambda: command(
            cmd="qemu-img commit",
            exit_code=1,
            stderr='qemu-img: Failed to get "write" lock\nIs another process using it?',
        ),
        InUse,
    ),
    "a full volume group": (lambda: command(cmd="lvcreate", exit_code=5, stderr=LVM_FULL), OutOfSpace),
    "a full thin pool, wrapped": (
        lambda: wrapped(command(cmd="lvcreate", stderr=LVM_FULL), cinder("VolumeBackendAPIException", data="failed")),
        OutOfSpace,
    ),
    "no space to extend": (
        lambda: cinder("ExtendVolumeError", reason="Insufficient space to extend volume 1 to 2G"),
        OutOfSpace,
    ),
    "extending what is attached": (
        lambda: cinder("ExtendVolumeError", message="Cannot extend volume 1 while it is attached."),
        InUse,
    ),
    "a refused connection": (lambda: ConnectionRefusedError(errno.ECONNREFUSED, "refused"), BackendUnavailable),
    "a silent array, wrapped": (
        lambda: wrapped(TimeoutError(), cinder("VolumeBackendAPIException", data="failed")),
        BackendUnavailable,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_certain_is_translated(name):
    from cinderblock.cinder.errors import translated

    make, expected = CASES[name]
    error = make()
    with pytest.raises(expected) as caught, translated("doing it to volume 'pvc-1' on back end 'b'"):
        raise error
    assert type(caught.value) is expected
    assert str(caught.value).startswith("doing it to volume 'pvc-1' on back end 'b': ")
    assert caught.value.__cause__ is error


UNCERTAIN = {
    "the general exception": lambda: cinder("VolumeBackendAPIException", data="the array said 500"),
    "a failed command": lambda: command(cmd="lvcreate -n x", exit_code=5, stderr="Aborting."),
    "a bug": lambda: KeyError("lun"),
    "our own": lambda: NotFound("x"),
    "the store's": lambda: StoreUnavailable("x"),
    "not implemented": NotImplementedError,
    "a bug that a busy state led to": lambda: wrapped(cinder("VolumeIsBusy", volume_name="v"), KeyError("lun")),
}


@pytest.mark.parametrize("name", UNCERTAIN)
def test_what_is_not_certain_passes_as_it_is(name):
    from cinderblock.cinder.errors import translated

    error = UNCERTAIN[name]()
    with pytest.raises(type(error)) as caught, translated("doing it"):
        raise error
    assert caught.value is error


def test_a_failed_command_is_told_without_its_arguments():
    from cinderblock.cinder.errors import words

    error = command(cmd="rtstool create /dev/v iqn user pa55word", exit_code=1, stderr="first\nno such\ttarget\n")
    assert words(error) == "'rtstool' ended with 1: no such target"


def test_a_missing_thing_is_only_the_one_that_was_asked_for():
    from cinderblock.cinder.errors import is_absent

    assert is_absent(cinder("VolumeNotFound", volume_id="a"), "a", "volume-a")
    assert is_absent(cinder("VolumeNotFound", volume_id="volume-a"), "a", "volume-a")
    assert is_absent(cinder("VolumeNotFound", message="gone"), "a")
    assert not is_absent(cinder("VolumeNotFound", volume_id="b"), "a", "volume-a")
