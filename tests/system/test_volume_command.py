"""`cinderblock volume` beside a driver that serves: on its store, its back end and its mounts."""

import subprocess
from functools import partial

import pytest

from cinderblock.units import GIB
from csi import ids
from csi.serving import claimed
from tests.system.commands import Ended, begun, run


@pytest.fixture
def volume(process):
    """Runs the command; returns what it printed."""
    return partial(run, "volume", state_dir=process.state_dir)


@pytest.fixture
def image(process, client, tmp_path):
    """A disk with a file system and a file on it, which nobody made through the driver."""
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "letter").write_text("from before")
    file = process.state_dir / "volumes" / "disk.img"
    with file.open("wb") as stream:
        stream.truncate(GIB)
    subprocess.run(["mkfs.ext4", "-q", "-d", tmp_path / "content", file], check=True, capture_output=True)
    return file


def test_a_disk_that_is_there_becomes_a_volume_and_a_disk_again(volume, image, client, pods):
    listed = volume("manage", "--list", "--json")
    assert listed == [{"reference": {"source-name": "disk.img"}, "size_gib": 1, "in_the_way": ""}]
    made = volume("manage", "letters", "--reference", "source-name=disk.img", "--json")
    claim = made["persistent_volume"]["spec"]
    assert claim["csi"] == {"driver": "cinderblock.io", "volumeHandle": made["id"], "volumeAttributes": {}}
    assert claim["capacity"] == {"storage": "1Gi"}
    assert made["id"] == ids.volume_id("letters")
    pod = pods(claim["csi"]["volumeHandle"]).start()
    assert (pod.target / "letter").read_text() == "from before"

    with pytest.raises(Ended, match=r"1: .*is published to .*unpublish it first"):
        volume("unmanage", made["id"])
    pod.stop()
    taken = client.snapshot("before", made["id"])
    pod = pods(made["id"]).start()
    (pod.target / "letter").write_text("overwritten")
    pod.stop()
    assert "is what it was" in volume("revert", made["id"], "--snapshot", taken.snapshot_id, "--yes")
    pod = pods(made["id"]).start()
    assert (pod.target / "letter").read_text() == "from before"
    pod.stop()

    client.delete_snapshot(taken.snapshot_id)
    now = volume("unmanage", made["id"], "--json")["found_as"]["source-name"]
    assert client.volumes() == []
    assert subprocess.run(["fsck.ext4", "-fn", image.with_name(now)], capture_output=True, check=False).returncode == 0


def test_what_is_listed_and_shown_is_what_the_driver_made(volume, process, client):
    made = client.create("pvc-1", GIB)
    client.publish(made.volume_id)
    found = {"id": made.volume_id, "name": "pvc-1", "size_gib": 1, "status": "available", "backend": "local"}
    node = client.node_id()
    (listed,) = volume("list", "--json")
    assert found.items() <= listed.items()
    assert listed["published_to"] == [node]
    head, row = volume("list").splitlines()
    assert head.split() == ["ID", "NAME", "GIB", "STATUS", "BACK", "END", "PUBLISHED", "TO"]
    assert row.split() == [made.volume_id, "pvc-1", "1", "available", "local", node]
    shown = volume("show", "pvc-1")
    assert f"published to           {node}" in shown
    assert "auth" not in shown
    process.stop()
    with pytest.raises(Ended, match=r"1: .*no volume 'pvc-2'.*volume list"):
        volume("show", "pvc-2")


def test_a_volume_is_deleted_by_its_whole_id_only_and_after_it_was_typed_once_more(volume, process, client):
    made = client.create("pvc-1", GIB)
    with pytest.raises(Ended, match=f"no volume with the id 'pvc-1'; 'pvc-1' is the name of {made.volume_id}"):
        volume("delete", "pvc-1", "--yes")
    with pytest.raises(Ended, match="nothing was done"):
        volume("delete", made.volume_id, typed="yes\n")
    with claimed(process.state_dir / "command"), pytest.raises(Ended, match="is in use by process"):
        volume("delete", made.volume_id, "--yes")
    assert [one.volume_id for one in client.volumes()] == [made.volume_id]
    assert "pvc-1 is deleted" in volume("delete", made.volume_id, typed=f"{made.volume_id}\n")
    assert client.volumes() == []
    assert list((process.state_dir / "volumes").iterdir()) == []


def test_what_was_made_anew_while_the_command_asked_is_left_alone(process, client):
    volume_id = client.create("pvc-1", GIB).volume_id
    with begun("volume", "delete", volume_id, state_dir=process.state_dir) as asking:
        assert "deleted for good" in asking.stderr.readline()
        client.delete(volume_id)
        assert client.create("pvc-1", GIB).volume_id == volume_id
        _, said = asking.communicate(f"{volume_id}\n", timeout=60)
    assert asking.returncode == 1
    assert "made anew meanwhile; nothing was done" in said
    assert [one.volume_id for one in client.volumes()] == [volume_id]


def test_a_place_where_no_driver_was_is_left_alone(volume, tmp_path):
    with pytest.raises(Ended, match="there is no store"):
        volume("list", state_dir=tmp_path / "elsewhere")
    config = tmp_path / "cinder.conf"
    config.write_text("[persistence]\nconnection = memory:\n")
    with pytest.raises(Ended, match="in its own memory"):
        volume("list", "--config", config)
    assert not (tmp_path / "elsewhere").exists()


def test_specs_change_beside_a_driver_that_has_the_volume_published(volume, client):
    made = client.create("pvc-1", GIB, parameters={"qos/a": "1", "extra-specs/b": "1"})
    client.publish(made.volume_id)
    now = volume("retype", made.volume_id, "--qos", "c=2", "--extra-spec", "b=", "--json")
    assert now == {"id": made.volume_id, "name": "pvc-1", "extra_specs": {}, "qos_specs": {"a": "1", "c": "2"}}
    said = volume("retype", made.volume_id, "--qos", "a=", "--qos", "c=")
    assert " ".join(said.split()) == "volume pvc-1 asks its back end for: extra specs nothing qos specs nothing"
    assert volume("show", made.volume_id, "--json")["qos_specs"] == {}
    with pytest.raises(Ended, match="no volume with the id 'pvc-1'"):
        volume("retype", "pvc-1", "--qos", "a=1")
