"""Several back ends in one process, chosen by `backend:`, one of them down."""

import grpc
import pytest

from cinderblock.units import GIB
from tests.ready.driver import DriverProcess

Code = grpc.StatusCode
_SECTION = "[{name}]\nvolume_driver = cinderblock.cinder.local_files.LocalFilesDriver\nlocal_files_path = {folder}\n"


@pytest.fixture
def process(tmp_path):
    folders = {"one": tmp_path / "one", "two": tmp_path / "two", "broken": tmp_path / "not-mounted" / "volumes"}
    sections = "".join(_SECTION.format(name=name, folder=folder) for name, folder in folders.items())
    config = tmp_path / "cinder.conf"
    config.write_text(f"[DEFAULT]\nenabled_backends = {', '.join(folders)}\n{sections}")
    process = DriverProcess(tmp_path, config=config)
    yield process
    process.end()


def refused(call):
    with pytest.raises(grpc.RpcError) as failure:
        call()
    return failure.value.code(), str(failure.value.details())


def test_a_volume_is_made_on_the_back_end_that_is_named(client, tmp_path):
    client.create("here", GIB, parameters={"backend": "one"})
    client.create("there", GIB, parameters={"backend": "two"})
    assert [len(list((tmp_path / name).glob("volume-*"))) for name in ("one", "two")] == [1, 1]


def test_without_a_name_none_is_guessed(client):
    code, text = refused(lambda: client.create("anywhere", GIB))
    assert (code, "one, two, broken" in text) == (Code.INVALID_ARGUMENT, True)


def test_a_back_end_that_is_down_says_why_and_does_not_stop_the_others(client, tmp_path):
    code, text = refused(lambda: client.create("nowhere", GIB, parameters={"backend": "broken"}))
    assert code is Code.UNAVAILABLE
    assert "'broken' is down" in text
    assert str(tmp_path / "not-mounted") in text
    assert text.count("'broken'") == 1
    assert text.endswith("; mend that, and it comes up by itself")
    assert client.create("somewhere", GIB, parameters={"backend": "two"}).volume_id
