"""A claim that gets no volume says why, and what to do, to whoever describes it; and that helps."""

import re

import pytest

from tests.e2e.release import AWAY
from tests.e2e.wanted import pod as wanted_pod
from tests.e2e.wanted import storage_class

CLASS = "words"
REFUSED = "ProvisioningFailed.* rpc error: code = {code} desc = {words}"
UNKNOWN = (
    "unknown parameter 'bakend'; the known ones are: backend, pool, extra-specs/NAME, qos/NAME, csi.storage.k8s.io/…; "
    "delete the StorageClass and create it again with these only"
)


@pytest.fixture
def classes(cluster):
    """Makes the class, or makes it anew; it is gone afterwards."""

    def remove():
        cluster.api.kubectl("delete", "storageclass", CLASS, "--ignore-not-found")

    def make(space, parameters, binding="Immediate"):
        remove()
        space.create(storage_class(CLASS, parameters, binding))

    yield make
    remove()


@pytest.fixture
def away(cluster):
    """Where the back end that is down wants its folder; nothing of it is left."""
    yield str(AWAY)
    cluster.machine.run("rm", "-rf", str(AWAY))


def describes(space, name, code, words):
    """Wait until the claim is described in these words, among which […] is any text."""
    wanted = re.compile(REFUSED.format(code=code, words=".*".join(map(re.escape, words.split("[…]")))))
    space.eventually(lambda: wanted.search(space.kubectl("describe", "pvc", name)), f"pvc/{name}")


@pytest.mark.parametrize("binding", ["Immediate", "WaitForFirstConsumer"])
@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"bakend": "local"}, UNKNOWN),
        (
            {"backend": "lokal"},
            "there is no back end 'lokal'; the parameter 'backend' must be one of: local, shared, away",
        ),
        ({"backend": "local", "pool": "ssd"}, "back end 'local' has no pool 'ssd'; it has: local"),
    ],
    ids=["parameter", "backend", "pool"],
)
def test_a_class_that_is_wrong(classes, space, parameters, words, binding):
    classes(space, parameters, binding)
    space.claim("data", of=CLASS)
    if binding == "WaitForFirstConsumer":
        space.create(wanted_pod("pod", "data"))
    describes(space, "data", "InvalidArgument", words)


def test_a_class_that_was_mended(classes, space):
    classes(space, {"bakend": "local"})
    space.claim("data", of=CLASS)
    describes(space, "data", "InvalidArgument", UNKNOWN)
    classes(space, {"backend": "local"})
    # The provisioner puts off what can never be, for minutes.
    space.delete("pvc", "data")
    space.claim("data", of=CLASS)
    space.bound("data")


def test_no_space(classes, space):
    classes(space, {"backend": "local"})
    space.claim("data", "2Pi", of=CLASS)
    words = "no pool of back end 'local' has room for 2097152 GiB; the largest has […] GiB; ask for less, or make room"
    describes(space, "data", "ResourceExhausted", words)


def test_a_back_end_that_is_down(away, classes, space, cluster):
    classes(space, {"backend": "away"})
    space.claim("data", of=CLASS)
    words = (
        f"back end 'away' is down: […] the folder local_files_path = {away}/volumes cannot be used: "
        "No such file or directory; mend that, and it comes up by itself"
    )
    describes(space, "data", "Unavailable", words)
    cluster.machine.run("mkdir", away)
    space.bound("data")
