"""`cinderblock snapshot` beside a driver that serves: on its store and its back end."""

from functools import partial

import pytest

from cinderblock.units import GIB
from csi import ids
from csi.proto import csi_pb2
from tests.system.commands import Ended, run


@pytest.fixture
def snapshot(process):
    """Runs the command; returns what it printed."""
    return partial(run, "snapshot", state_dir=process.state_dir)


@pytest.fixture
def made(client):
    return client.create("pvc-1", GIB).volume_id


def files(process):
    return sorted(file.name for file in (process.state_dir / "volumes").iterdir())


def test_what_is_listed_and_shown_is_what_the_driver_took(snapshot, client, made):
    taken = client.snapshot("before", made).snapshot_id
    client.snapshot("other", client.create("pvc-2", GIB).volume_id)
    client.create("copy", GIB, snapshot_id=taken)
    assert {one["name"] for one in snapshot("list", "--json", "--backend", "local")} == {"before", "other"}
    assert snapshot("list", "--json", "--backend", "elsewhere") == []
    found = {"id": taken, "name": "before", "size_gib": 1, "status": "available", "backend": "local", "volume_id": made}
    (listed,) = snapshot("list", "--volume", "pvc-1", "--json")
    assert found.items() <= listed.items()
    head, row = snapshot("list", "--volume", made).splitlines()
    assert head.split() == ["ID", "NAME", "GIB", "STATUS", "BACK", "END", "VOLUME"]
    assert row.split() == [taken, "before", "1", "available", "local", made]
    assert len(snapshot("list").splitlines()) == 3
    (copy,) = snapshot("show", "before", "--json")["volumes_made_from_it"]
    assert (copy["id"], copy["name"]) == (ids.volume_id("copy"), "copy")
    with pytest.raises(Ended, match=r"1: .*no snapshot 'after'.*snapshot list"):
        snapshot("show", "after")


def test_a_snapshot_is_given_back_and_taken_over_and_restored_from(snapshot, process, client, pods, made):
    pod = pods(made).start()
    checksum = pod.write()
    pod.stop()
    taken = client.snapshot("before", made).snapshot_id
    now = snapshot("unmanage", taken, "--json")["found_as"]["source-name"]
    assert now in files(process)
    assert snapshot("list", "--json") == []
    assert not client.controller.ListSnapshots(csi_pb2.ListSnapshotsRequest(), timeout=30).entries

    again = snapshot("manage", "again", "--volume", made, "--reference", f"source-name={now}", "--json")
    spec = again["volume_snapshot_content"]["spec"]
    assert (spec["driver"], spec["deletionPolicy"], spec["sourceVolumeMode"]) == (
        "cinderblock.io",
        "Retain",
        "Filesystem",
    )
    assert spec["source"] == {"snapshotHandle": ids.snapshot_id("again")}
    restored = pods(client.create("restored", GIB, snapshot_id=spec["source"]["snapshotHandle"]).volume_id).start()
    assert restored.checksum() == checksum
    with pytest.raises(Ended, match=r"1: .*no volume with the id 'pvc-1'"):
        snapshot("manage", "more", "--volume", "pvc-1", "--reference", "source-name=x")


def test_a_snapshot_is_deleted_by_its_whole_id_only_and_after_it_was_typed_once_more(snapshot, process, client, made):
    taken = client.snapshot("before", made).snapshot_id
    with pytest.raises(Ended, match=f"no snapshot with the id 'before'; 'before' is the name of {taken}"):
        snapshot("delete", "before", "--yes")
    with pytest.raises(Ended, match="nothing was done"):
        snapshot("delete", taken, typed="yes\n")
    assert len(files(process)) == 2
    assert "before is deleted" in snapshot("delete", taken, typed=f"{taken}\n")
    assert len(files(process)) == 1
