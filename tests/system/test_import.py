"""From cinderlib to Cinderblock: every byte of the volumes that were taken over is there, and theirs to use."""

import os
from contextlib import closing

import grpc
import pytest

from cinderblock.units import GIB
from csi.client import raw
from csi.driver_process import DriverFailed
from tests.ready.driver import DriverProcess
from tests.system.conftest import left_below
from tests.system.pods import Pod
from tests.unit.cinderlib.machine import PIECE, Old
from tests.waiting import eventually


@pytest.fixture
def old(tmp_path):
    return Old(tmp_path)


def test_everything_is_taken_over_and_in_use_again(old):
    code, told, _ = old.take_over()
    assert (code, told["outcome"]) == (0, "30 records were stored, and read again to compare")
    ids = {name: told["volumes"][old.volume(name)] for name in ("plain", "special", "migrated", "of-both", "wide")}
    with DriverProcess(old.folder, config=old.config) as client, closing(client):
        _check_contents(old, client, ids)
        _check_copies(old, client, told)
        _check_verbs(old, client, told)
        # The driver went on with what was half gone.
        eventually(lambda: not old.file("half-gone").exists())
        code, _, words = old.take_over()
        assert (code, "is in use by process" in words) == (1, True)
    code, again, _ = old.take_over()
    assert (code, "records changed or went; all stays so" in again["outcome"]) == (1, True)
    assert left_below(old.folder) == []


def _check_contents(old, client, ids):
    for name, volume_id in ids.items():
        pod = Pod(client, old.folder / f"pod-{name}", volume_id, capability=raw()).start()
        with pod.target.open("rb") as device:
            beginning = device.read(PIECE)
            device.seek(-PIECE, os.SEEK_END)
            assert (beginning, device.read()) == old.content[name], name
            assert device.tell() % GIB == 0
        pod.stop()


def _check_copies(old, client, told):
    """A volume from a snapshot that cinderlib took has its content."""
    snapshot = old.snapshot("before")
    made = client.create("again", GIB, snapshot_id=told["snapshots"][snapshot], capability=raw())
    pod = Pod(client, old.folder / "pod-again", made.volume_id, capability=raw()).start()
    with pod.target.open("rb") as device:
        assert device.read(PIECE) == old.content[snapshot][0]
    pod.stop()
    client.delete(made.volume_id)


def _check_verbs(old, client, told):
    """What was taken over is listed once, kept while it is in use, and gone when it is deleted."""
    ids = {name: told["volumes"][old.volume(name)] for name in ("plain", "used", "broken", "parent")}
    listed = [volume.volume_id for volume in client.volumes()]
    assert {ids["plain"], ids["used"]} <= set(listed)
    assert ids["broken"] not in listed
    assert ids["parent"] not in listed
    assert len(set(listed)) == len(listed)
    with pytest.raises(grpc.RpcError, match="published to"):
        client.delete(ids["used"])
    client.unpublish(ids["used"])
    client.delete(ids["used"])
    assert not old.file("used").exists()
    # Made by nobody completely: whoever knows the id may clear it away.
    assert old.file("broken").exists()
    client.delete(ids["broken"])
    assert not old.file("broken").exists()
    # Buried until the last of its snapshots has gone.
    for name in ("child", "stuck", "half-made"):
        assert old.file("parent").exists()
        client.delete_snapshot(told["snapshots"][old.snapshot(name)])
    eventually(lambda: not old.file("parent").exists())


def test_the_driver_refuses_what_cinderlib_wrote_until_it_was_taken_over_in_its_place(old):
    config = old.folder / "same.conf"
    config.write_text(f"{old.config.read_text()}[persistence]\nconnection = {old.url}\n")
    process = DriverProcess(old.folder, config=config)
    with pytest.raises(DriverFailed, match="cinderblock store import-cinderlib"):
        process.start()
    assert old.take_over(config=config)[1]["outcome"] == "30 records were stored, and read again to compare"
    assert len(old.rows("SELECT id FROM volumes")) == 18
    with DriverProcess(old.folder, config=config) as client, closing(client):
        # The one that was being deleted is there until the driver has come to it.
        eventually(lambda: len(client.volumes()) == 13)
